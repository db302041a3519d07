"""Open a case: read, check, bring together, name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from napari_spatialmed.case.anatomy import describe
from napari_spatialmed.case.model import Case, CaseError, Modality, Provenance, Structure
from napari_spatialmed.case.names import NameTable, guess_names, load_names
from napari_spatialmed.case.orientation import to_display_order
from napari_spatialmed.case.values import label_values


def _read(path: Path) -> tuple[NDArray[Any], NDArray[np.float64]]:
    if not path.exists():
        raise CaseError("no such file", where=path, hint="Check the path.")
    if path.name.endswith((".nrrd", ".nhdr", ".mha", ".mhd")):
        picture = sitk.ReadImage(str(path))
        array = sitk.GetArrayFromImage(picture).T
        affine = np.eye(4)
        affine[:3, :3] = np.array(picture.GetDirection()).reshape(3, 3) * picture.GetSpacing()
        affine[:3, 3] = picture.GetOrigin()
        return array, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
    try:
        volume: Any = nib.load(path)
        array = np.asanyarray(volume.dataobj)
    except (nib.filebasedimages.ImageFileError, OSError, EOFError, ValueError) as error:
        raise CaseError(f"can't be read ({error})", where=path) from error
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    return array, np.asarray(volume.affine, np.float64)


def _structures(labels: NDArray[Any], table: NameTable | None) -> tuple[Structure, ...]:
    present = np.flatnonzero(np.bincount(labels.ravel())) if labels.max() < 2**24 else np.unique(labels)
    found = []
    for label in (int(v) for v in present if v):
        known = table.structure(label) if table else None
        found.append(known or describe(label, f"label_{label}"))
    return tuple(found)


def make_case(
    labels: NDArray[Any],
    affine: NDArray[np.float64],
    *,
    names: NameTable | str | Mapping[int, str] | None = None,
    image: NDArray[Any] | None = None,
    modality: Modality = "unknown",
) -> Case:
    """A case from arrays in any axis order."""
    values, notes = label_values(labels)
    ordered, placed = to_display_order(values, np.asarray(affine, np.float64))
    table = load_names(names) if names is not None else None
    scan = None if image is None else to_display_order(np.asarray(image), np.asarray(affine, np.float64))[0]
    provenance = Provenance(names=table.id if table else "none", notes=notes)
    return Case(ordered, placed, _structures(ordered, table), scan, modality, provenance)


def open_case(
    labels: Path | str,
    image: Path | str | None = None,
    *,
    names: NameTable | str | Path | Mapping[int, str] | None = None,
    segmentation: str = "unknown",
    modality: Modality | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Case:
    """Open a label map and the scan it belongs to."""
    labels = Path(labels)
    raw, affine = _read(labels)
    values, notes = label_values(raw, where=labels)
    ordered, placed = to_display_order(values, affine)
    if not ordered.any():
        raise CaseError("the label map is empty: every voxel is 0", where=labels)
    scan = None
    if image is not None:
        image = Path(image)
        scan, scan_affine = to_display_order(*_read(image))
        if scan.shape != ordered.shape or not np.allclose(scan_affine, placed, atol=1e-2):
            raise CaseError("image and labels are on different grids", where=f"{image} and {labels}")
    table, reason = (load_names(names), "given") if names is not None else guess_names({0}, labels)
    provenance = Provenance(
        labels, image, table.id if table else "none", reason, segmentation, "unknown", notes
    )
    return Case(ordered, placed, _structures(ordered, table), scan, modality or "unknown", provenance)
