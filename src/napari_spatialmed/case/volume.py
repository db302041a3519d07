"""One volume from disk, in patient space, whatever format it came in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case.dicom import looks_like_dicom, read_series
from napari_spatialmed.case.header import Header, check_header
from napari_spatialmed.case.metaimage import metaimage_header
from napari_spatialmed.case.model import CaseError, Modality
from napari_spatialmed.case.nifti import mgh_header, nifti_header
from napari_spatialmed.case.nrrd import nrrd_header
from napari_spatialmed.case.orientation import to_display_order
from napari_spatialmed.case.values import AS_STORED, collect_image, collect_labels, image_values
from napari_spatialmed.case.voxelstream import voxel_pieces

Progress = Callable[[str, float], None]
Role = Literal["labels", "image"]

_READERS: tuple[tuple[str, Callable[[Path], Header]], ...] = (
    (r"\.(nii|hdr|img)(\.gz)?$", nifti_header),
    (r"\.(mgz|mgh)$", mgh_header),
    (r"\.(nrrd|nhdr)$", nrrd_header),
    (r"\.(mha|mhd)$", metaimage_header),
)
ENDINGS = ".nii .nii.gz .hdr/.img .mgz .mgh .nrrd .nhdr .mha .mhd, or a DICOM series"
VOLUME_NAME = re.compile("|".join(pattern for pattern, _ in _READERS), re.IGNORECASE)


@dataclass(frozen=True)
class Volume:
    """Voxels and where they lie.

    Attributes
    ----------
    array
        3D; in file order as read, in (I, P, L) order after :meth:`in_display_order`.
    affine
        4×4, index → RAS mm; None where the file doesn't say how the patient lies.
    names, names_from
        Names that come with the voxels, and how.
    corner
        RAS mm of the file's first voxel, which a volume that lost its place often still shares with its source.
    """

    path: Path
    array: NDArray[Any]
    affine: NDArray[np.float64] | None
    modality: Modality = "unknown"
    names: dict[int, tuple[str, tuple[int, int, int] | None]] = field(default_factory=dict)
    names_from: str = "the label file names them itself"
    notes: tuple[str, ...] = ()
    corner: tuple[float, float, float] | None = None

    def in_display_order(self) -> Volume:
        """The same volume in (I, P, L) order."""
        affine = self.placed()
        array, moved = to_display_order(self.array, affine)
        r, a, s = (float(v) for v in affine[:3, 3])
        return replace(self, array=array, affine=moved, corner=(r, a, s))

    def placed(self) -> NDArray[np.float64]:
        """The affine; refused where there is none."""
        if self.affine is None:
            raise CaseError(
                "the file doesn't say how the patient lies, so left and right are unknown",
                where=self.path,
                hint="Set its orientation in the program that made it (for NIfTI: qform or sform with a code above 0), or give a scan of the same size that has one.",
            )
        return self.affine


def read_header(path: Path) -> Header:
    """Read and check a file's header; no voxel is touched.

    Raises
    ------
    CaseError
        If the format isn't known or the header fails :func:`check_header`.
    """
    reader = next((read for pattern, read in _READERS if re.search(pattern, path.name, re.IGNORECASE)), None)
    if reader is None:
        raise CaseError("this kind of file can't be read", where=path, hint=f"Known are {ENDINGS}.")
    try:
        header = reader(path)
    except OSError as error:
        raise CaseError(f"the file can't be read ({error.strerror or error})", where=path) from error
    return replace(header, notes=(*header.notes, *check_header(header)))


def read_volume(path: Path, role: Role, progress: Progress | None = None) -> Volume:
    """Read labels or a scan.

    Raises
    ------
    CaseError
        If the file is missing, broken, of another kind, or holds values that can't be labels or a scan.
    """
    if not path.exists():
        raise CaseError("no such file", where=path, hint="Check the path and its spelling.")
    if path.is_dir() or (not VOLUME_NAME.search(path.name) and looks_like_dicom(path)):
        series = read_series(path, wanted=role)
        array, notes = image_values(series.array, where=path)
        return Volume(path, array, series.affine, series.modality, notes=(*series.notes, *notes))
    header = read_header(path)
    pieces = voxel_pieces(
        header.data_path,
        offset=header.offset,
        compression=header.compression,
        dtype=header.dtype,
        count=header.voxels,
    )
    if progress is not None:
        pieces = _told(pieces, header.voxels, role, progress)
    scale = (header.slope, header.intercept)
    scale = AS_STORED if scale == AS_STORED else scale
    try:
        if role == "labels":
            flat, notes = collect_labels(pieces, header.voxels, scale=scale, where=path)
        else:
            flat, notes = collect_image(pieces, header.voxels, header.dtype, scale=scale, where=path)
    except MemoryError as error:
        raise CaseError(
            "there isn't enough memory for this volume", where=path, hint="Crop it or close other programs."
        ) from error
    array = flat.reshape(header.shape, order="F")
    return Volume(path, array, header.affine, header.modality, header.names, notes=(*header.notes, *notes))


def _told(
    pieces: Iterator[NDArray[Any]], count: int, role: Role, progress: Progress
) -> Iterator[NDArray[Any]]:
    """The same pieces, with word of how far they are."""
    what = "reading the labels" if role == "labels" else "reading the scan"
    done = 0
    for piece in pieces:
        yield piece
        done += piece.size
        progress(what, done / count)
