"""A folder with one mask file per structure, as TotalSegmentator writes it, as one label map."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_spatialmed.case.header import by
from napari_spatialmed.case.model import CaseError
from napari_spatialmed.case.names import Color, NameTable, clean_name, name_tables
from napari_spatialmed.case.volume import VOLUME_NAME, Progress, Volume, read_header, read_volume

_NOT_MASKS = {"ct", "mr", "mri", "image", "imaging", "scan"}


def mask_files(folder: Path) -> list[Path]:
    """The mask files in a folder, or in its ``segmentations``, by name."""
    inner = folder / "segmentations"
    files = (inner if inner.is_dir() else folder).iterdir()
    return sorted(
        f
        for f in files
        if f.is_file()
        and VOLUME_NAME.search(f.name)
        and _stem(f).casefold() not in _NOT_MASKS
        and not f.name.endswith(".img")
    )


def is_mask_folder(path: Path) -> bool:
    """Whether a path is a folder with volume files."""
    return path.is_dir() and bool(mask_files(path))


def read_masks(folder: Path, table: NameTable | None, progress: Progress | None = None) -> Volume:
    """Combine masks into one label map; where two overlap, the later file's name in the alphabet wins.

    Parameters
    ----------
    folder
        With files such as ``liver.nii.gz``, all on one grid; values 0 and one other.
    table
        Gives the labels by the files' names; without it TotalSegmentator's labels are taken if it knows all names, and
        1, 2, 3, … otherwise.

    Raises
    ------
    CaseError
        If a mask is broken, holds several labels, or lies on another grid than the first.
    """
    files = mask_files(folder)
    label_of = _labels(files, table)
    first = read_header(files[0])
    combined = np.zeros(first.shape, np.min_scalar_type(max(label_of.values())))
    combined = np.asfortranarray(combined)
    empty, overlapping = [], 0
    notes: list[str] = []
    for n, file in enumerate(files):
        header = read_header(file)
        same = header.shape == first.shape and (
            header.affine is None
            if first.affine is None
            else header.affine is not None and np.allclose(header.affine, first.affine, atol=0.01)
        )
        if not same:
            raise CaseError(
                f"this mask ({by(header.shape)}) is on another grid than {files[0].name} ({by(first.shape)})",
                where=file,
                hint="All masks of a folder must share one grid.",
            )
        mask = read_volume(file, "labels").array
        held = mask[mask != 0]
        if progress is not None:
            progress(f"reading {file.name}", (n + 1) / len(files))
        if not held.size:
            empty.append(_stem(file))
            continue
        if int(held.min()) != int(held.max()):
            raise CaseError(
                "this is no mask: it holds several labels",
                where=file,
                hint="Open it alone as the label map, or move it out of the folder.",
            )
        inside = mask != 0
        overlapping += int(np.count_nonzero(combined[inside]))
        combined[inside] = label_of[file]
    if empty:
        notes.append(f"{len(empty)} of {len(files)} masks are empty")
    if overlapping:
        notes.append(
            f"{overlapping} voxels lie in more than one mask; each went to the last of them in alphabetical order"
        )
    names: dict[int, tuple[str, Color | None]] = {label_of[f]: (clean_name(_stem(f)), None) for f in files}
    return Volume(
        folder,
        combined,
        first.affine,
        names={} if table else names,
        names_from="each mask's file name",
        notes=(*first.notes, *notes),
    )


def _labels(files: list[Path], table: NameTable | None) -> dict[Path, int]:
    """A label for each mask."""
    known = table or name_tables()["totalsegmentator_total"]
    by_name = {_plain(name): label for label, name in known.names.items()}
    stems = {f: _plain(_stem(f)) for f in files}
    if table is None and not all(s in by_name for s in stems.values()):
        return {f: n for n, f in enumerate(files, start=1)}
    free = iter(range(max(by_name.values()) + 1, 2**31))
    return {f: by_name[s] if s in by_name else next(free) for f, s in stems.items()}


def _stem(file: Path) -> str:
    return VOLUME_NAME.sub("", file.name)


def _plain(name: str) -> str:
    return name.casefold().replace(" ", "_").replace("-", "_")
