"""Which of some dropped or chosen files is the label map, which the scan, which the names table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_spatialmed.case import CaseError, discover, named_like_labels

VOLUME_SUFFIXES = (".nii", ".nii.gz", ".mgz", ".mgh", ".nrrd", ".nhdr", ".mha", ".mhd", ".hdr", ".img")
NAME_SUFFIXES = (".json", ".csv", ".tsv", ".txt", ".label", ".ctbl")


@dataclass(frozen=True)
class ChosenFiles:
    """What to open."""

    labels: Path
    image: Path | None = None
    names: Path | None = None


def is_volume(path: Path) -> bool:
    """Whether the ending is of a file that can hold a scan."""
    return path.name.lower().endswith(VOLUME_SUFFIXES)


def chosen_files(paths: Sequence[Path]) -> ChosenFiles:
    """Sort files into their roles, by name, and between two of like names by size (a label map packs far smaller).

    Raises
    ------
    CaseError
        If there is no volume among them, or more than a case's two.
    """
    if len(paths) == 1 and paths[0].is_dir():
        found = discover(paths[0])
        if not found:
            raise CaseError(
                "no label map found in this folder", where=paths[0], hint="Choose the files themselves."
            )
        return ChosenFiles(found[0].labels, found[0].image)
    volumes = [p for p in paths if is_volume(p)]
    tables = [p for p in paths if not is_volume(p) and p.suffix.lower() in NAME_SUFFIXES]
    if not volumes:
        where = paths[0] if paths else None
        raise CaseError(
            "no scan or label map", where=where, hint=f"These can be opened: {', '.join(VOLUME_SUFFIXES)}."
        )
    if len(volumes) > 2:
        raise CaseError(
            f"{len(volumes)} volumes at once", hint="Choose one label map and the scan it belongs to."
        )
    names = tables[0] if tables else None
    if len(volumes) == 1:
        return ChosenFiles(volumes[0], None, names)
    labelled = [p for p in volumes if named_like_labels(p)]
    labels = labelled[0] if len(labelled) == 1 else min(volumes, key=_size)
    return ChosenFiles(labels, next(p for p in volumes if p != labels), names)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
