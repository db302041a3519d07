"""Find cases in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CaseFiles:
    labels: Path
    image: Path | None = None
    names: str | None = None
    key: str = ""


def discover(where: Path | str) -> list[CaseFiles]:
    """Every label map in a folder."""
    return [CaseFiles(p, None, None, p.stem) for p in sorted(Path(where).rglob("*seg*.nii.gz"))]
