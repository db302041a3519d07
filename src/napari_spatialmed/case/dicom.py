"""A CT, MR or PET series of DICOM slices as one volume; everything else in DICOM is refused by its own name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case.header import MOST_BYTES, by, check_affine
from napari_spatialmed.case.model import CaseError, Modality

_READ: dict[str, Modality] = {
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.128": "PET",
}
_KNOWN = {
    "1.2.840.10008.5.1.4.1.1.2.1": "an enhanced (multi-frame) CT",
    "1.2.840.10008.5.1.4.1.1.4.1": "an enhanced (multi-frame) MR",
    "1.2.840.10008.5.1.4.1.1.66.4": "a DICOM segmentation (SEG)",
    "1.2.840.10008.5.1.4.1.1.66.7": "a DICOM label map segmentation",
    "1.2.840.10008.5.1.4.1.1.481.2": "a radiotherapy dose",
    "1.2.840.10008.5.1.4.1.1.481.3": "a radiotherapy structure set (contours)",
    "1.2.840.10008.5.1.4.1.1.481.5": "a radiotherapy plan",
    "1.2.840.10008.5.1.4.1.1.77.1.6": "a whole-slide microscopy image",
    "1.2.840.10008.5.1.4.1.1.7": "a secondary capture (screenshot)",
    "1.2.840.10008.5.1.4.1.1.6.1": "an ultrasound image",
    "1.2.840.10008.5.1.4.1.1.1.1": "a digital X-ray",
}
_CONVERT = "Convert it to NIfTI or NRRD, e.g. with 3D Slicer or dcmqi, and open that."
GAP_TOLERANCE = 0.01
_ARTICLE = {"MR": "an"}
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Series:
    """A stack of slices: array (column, row, slice), affine to RAS mm."""

    array: NDArray[Any]
    affine: NDArray[np.float64]
    modality: Modality
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Slice:
    path: Path
    series: str
    modality: Modality
    size: tuple[int, int]
    position: NDArray[np.float64]
    axes: NDArray[np.float64]
    """Columns: direction × spacing along a row, along a column; LPS."""


def looks_like_dicom(path: Path) -> bool:
    """Whether a file carries DICOM's mark, or its ending."""
    if path.suffix.casefold() in (".dcm", ".dicom", ".ima"):
        return True
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def read_series(path: Path, *, wanted: str) -> Series:
    """Read the series in a folder, or one slice.

    Parameters
    ----------
    path
        A folder with one series (other files in it are left alone), or one DICOM file.
    wanted
        ``image`` or ``labels``: a series of slices is never labels.

    Raises
    ------
    CaseError
        If there is no series or more than one, if slices are missing, doubled or unevenly spaced, or if the files are of
        another kind (segmentations, dose, reports, slides, …): each by its own name.
    """
    _itk().ProcessObject.SetGlobalWarningDisplay(False)  # what goes wrong is raised below, in our own words
    files = (
        sorted(p for p in path.iterdir() if p.is_file() and looks_like_dicom(p)) if path.is_dir() else [path]
    )
    if not files:
        raise CaseError(
            "no volume and no DICOM series lies in this folder", where=path, hint="Name the file itself."
        )
    slices = [_slice(file) for file in files]
    if wanted == "labels":
        raise CaseError(
            f"this is {_ARTICLE.get(slices[0].modality, 'a')} {slices[0].modality} image in DICOM, not a label map",
            where=path,
            hint="Give it as the image, and the label map as NIfTI, NRRD or MetaImage.",
        )
    if len({s.series for s in slices}) > 1:
        raise CaseError(
            f"the folder holds {len({s.series for s in slices})} DICOM series",
            where=path,
            hint="Put the one you need into its own folder.",
        )
    if any(s.size != slices[0].size or not np.allclose(s.axes, slices[0].axes, atol=1e-4) for s in slices):
        raise CaseError(
            "the slices differ in size or direction",
            where=path,
            hint="Scouts and other series must not lie in the same folder.",
        )
    ordered, affine = _stacked(slices, path)
    size = int(np.prod(slices[0].size, dtype=object)) * len(slices) * 4
    if size > MOST_BYTES:
        raise CaseError(
            f"the series takes {size / 2**30:.1f} GiB; the limit is {MOST_BYTES >> 30} GiB", where=path
        )
    notes = check_affine(affine, None, path)
    array = np.stack([_pixels(s) for s in ordered], axis=-1)
    return Series(array, affine, slices[0].modality, notes)


def _itk() -> Any:
    """SimpleITK, which takes 90 MB: loaded for the first slice in DICOM, not for every scan."""
    import SimpleITK

    return SimpleITK


def _slice(path: Path) -> _Slice:
    """One slice's place, or the reason why it is none."""
    reader = _itk().ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO("GDCMImageIO")
    kind = _sop_class(path)
    if kind in _KNOWN:
        raise CaseError(f"this is {_KNOWN[kind]}, which isn't read", where=path, hint=_CONVERT)
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise CaseError("this DICOM file is damaged, or is no image", where=path, hint=_CONVERT) from error
    kind = kind or _tag(reader, "0008|0016")
    if kind not in _READ:
        raise CaseError(
            f"this is DICOM of kind {kind or 'unknown'}; CT, MR and PET slices are read",
            where=path,
            hint=_CONVERT,
        )
    if reader.GetNumberOfComponents() != 1 or int(_tag(reader, "0028|0008") or 1) != 1:
        raise CaseError("this DICOM file holds colours or several frames", where=path, hint=_CONVERT)
    try:
        position = np.array([float(v) for v in _tag(reader, "0020|0032").split("\\")])
        turned = np.array([float(v) for v in _tag(reader, "0020|0037").split("\\")]).reshape(2, 3)
        row_mm, column_mm = (float(v) for v in _tag(reader, "0028|0030").split("\\"))
    except ValueError as error:
        raise CaseError(
            "this DICOM slice doesn't say where it lies in the patient", where=path, hint=_CONVERT
        ) from error
    if position.shape != (3,):
        raise CaseError(
            "this DICOM slice doesn't say where it lies in the patient", where=path, hint=_CONVERT
        )
    columns, rows = reader.GetSize()[:2]
    axes = np.stack([turned[0] * column_mm, turned[1] * row_mm], axis=1)
    return _Slice(path, _tag(reader, "0020|000e"), _READ[kind], (columns, rows), position, axes)


def _sop_class(path: Path) -> str:
    """The kind of object from the file's own preamble, which is there even where the pixels can't be read."""
    with path.open("rb") as file:
        start = file.read(2048)
    mark = b"\x02\x00\x02\x00UI"  # (0002,0002) Media Storage SOP Class UID, explicit little endian by the standard
    at = start.find(mark)
    if at < 0:
        return ""
    length = int.from_bytes(start[at + 6 : at + 8], "little")
    return start[at + 8 : at + 8 + length].rstrip(b"\0 ").decode("ascii", "replace")


def _tag(reader: Any, key: str) -> str:
    return str(reader.GetMetaData(key)).strip() if reader.HasMetaDataKey(key) else ""


def _stacked(slices: list[_Slice], path: Path) -> tuple[list[_Slice], NDArray[np.float64]]:
    """The slices in order, and their affine; gaps must be even."""
    across = np.cross(slices[0].axes[:, 0], slices[0].axes[:, 1])
    across /= np.linalg.norm(across) or 1.0
    ordered = sorted(slices, key=lambda s: float(across @ s.position))
    affine = np.eye(4)
    affine[:3, :2] = slices[0].axes
    affine[:3, 3] = ordered[0].position
    if len(ordered) == 1:
        raise CaseError(
            "this is a single DICOM slice, and a case is a volume",
            where=path,
            hint="Name the folder that holds the whole series.",
        )
    steps = np.diff([s.position for s in ordered], axis=0)
    gaps = steps @ across
    usual = float(np.median(gaps))
    if gaps.min() < 0.01 * max(usual, 1e-3):
        at = int(np.argmin(gaps))
        raise CaseError(
            f"two slices lie at the same place: {ordered[at].path.name} and {ordered[at + 1].path.name}",
            where=path,
            hint="Several series or phases must not lie in the same folder.",
        )
    uneven = np.flatnonzero(np.linalg.norm(steps - np.median(steps, axis=0), axis=1) > GAP_TOLERANCE * usual)
    if uneven.size:
        at = int(uneven[0])
        times = float(gaps[at]) / usual
        guess = (
            f"{round(times) - 1} slice(s) seem to be missing" if times > 1.5 else "the distances are uneven"
        )
        raise CaseError(
            f"{guess}: {gaps[at]:.4g} mm between {ordered[at].path.name} and {ordered[at + 1].path.name}, elsewhere {usual:.4g} mm",
            where=path,
            hint="Copy the whole series again, or resample it to even slices.",
        )
    affine[:3, 2] = (ordered[-1].position - ordered[0].position) / (len(ordered) - 1)
    return ordered, _LPS_TO_RAS @ affine


def _pixels(one: _Slice) -> NDArray[Any]:
    try:
        picture = _itk().ReadImage(str(one.path), imageIO="GDCMImageIO")
    except RuntimeError as error:
        raise CaseError(
            "the pixels of this DICOM slice are damaged", where=one.path, hint="Copy the series again."
        ) from error
    array = _itk().GetArrayFromImage(picture).T
    if array.shape[:2] != one.size:
        raise CaseError(f"this DICOM slice holds {by(array.shape)} pixels", where=one.path)
    return np.asarray(array.reshape(one.size))
