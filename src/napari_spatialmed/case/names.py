"""Names tables: which label is which structure."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from napari_spatialmed.case.anatomy import describe
from napari_spatialmed.case.model import CaseError, Modality, Structure


@dataclass(frozen=True)
class NameTable:
    id: str
    title: str
    labels: Mapping[int, Structure]
    modality: Modality = "unknown"
    aliases: tuple[str, ...] = ()
    source: str = ""

    def structure(self, label: int) -> Structure | None:
        return self.labels.get(label)


@cache
def name_tables() -> Mapping[str, NameTable]:
    """All shipped tables by id."""
    found = {}
    for file in sorted(
        resources.files("napari_spatialmed.case").joinpath("tables").iterdir(), key=lambda f: f.name
    ):
        if file.name.endswith(".json"):
            raw = json.loads(file.read_text(encoding="utf-8"))
            labels = {
                int(k): describe(
                    int(k),
                    v["name"],
                    rgb=tuple(v["rgb"]) if "rgb" in v else None,
                    code=v.get("code"),
                    concept=v.get("concept"),
                )
                for k, v in raw["labels"].items()
            }
            found[raw["id"]] = NameTable(
                raw["id"], raw["title"], labels, raw["modality"], tuple(raw["aliases"]), raw["source"]
            )
    return MappingProxyType(found)


def load_names(spec: str | Path | Mapping[int, str] | NameTable) -> NameTable:
    if isinstance(spec, NameTable):
        return spec
    if isinstance(spec, Mapping):
        return NameTable("given", "given", {int(k): describe(int(k), v) for k, v in spec.items()})
    key = str(spec).strip().casefold().replace("_", "-")
    for table in name_tables().values():
        if key in (table.id.replace("_", "-"), *(a.replace("_", "-") for a in table.aliases)):
            return table
    path = Path(spec)
    if path.is_file():
        raw = json.loads(path.read_text(encoding="utf-8"))
        raw = raw.get("labels", raw)
        return NameTable(path.name, path.name, {int(k): describe(int(k), v) for k, v in raw.items()})
    near = difflib.get_close_matches(
        key, [a for t in name_tables().values() for a in (t.id, *t.aliases)], n=4, cutoff=0.4
    )
    raise CaseError(
        f"no names table {str(spec)!r}", hint=f"Did you mean {', '.join(near)}?" if near else None
    )


def guess_names(labels: set[int], path: Path | None = None) -> tuple[NameTable | None, str]:
    return None, "no table was given"
