"""Write a case's labels, e.g. after editing, as NIfTI: in the axes of the file they came from, where that was a NIfTI file."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError

from napari_spatialmed.case.model import Case, CaseError
from napari_spatialmed.whole import written_whole

_SAME_PLACE_MM = 1e-3
"""Affines that differ by less place the voxels alike."""


def save_labels(case: Case, path: Path | str, *, overwrite: bool = False) -> Path:
    """Write the label map as it is now.

    Parameters
    ----------
    case
        Its labels and affine are written.  Where they came from a NIfTI file on the same grid, the new file has that
        file's axes, affine and header, so that the two differ in edited voxels only; otherwise they are written in
        (I, P, L) order.  In both cases every voxel keeps its place in the patient.
    path
        A file ending in ``.nii.gz`` or ``.nii``.
    overwrite
        Replace an existing file.

    Returns
    -------
    Path
        The file written, complete: it is written aside and moved into place.

    Raises
    ------
    CaseError
        If the ending is another, the file exists, or it can't be written.
    """
    path = Path(path)
    if not path.name.endswith((".nii.gz", ".nii")):
        raise CaseError("labels are saved as NIfTI", where=path, hint="Let the name end in .nii.gz.")
    if path.exists() and not overwrite:
        original = case.provenance.labels_path
        same = original is not None and original.exists() and path.samefile(original)
        what = "these are the original labels" if same else "the file exists already"
        raise CaseError(
            f"{what}; nothing was written", where=path, hint="Choose another name, or ask for overwriting."
        )
    picture = _as_it_came(case) or _in_display_order(case)
    try:
        with written_whole(path) as beside:
            nib.save(picture, beside)
    except OSError as error:
        raise CaseError(
            f"the labels can't be written ({error.strerror or error})",
            where=path,
            hint="Choose a folder you can write to.",
        ) from error
    return path


def _in_display_order(case: Case) -> nib.Nifti1Image:
    picture = nib.Nifti1Image(case.labels.astype(_stored(case), copy=False), case.affine)
    picture.set_sform(case.affine, code=1)
    picture.header.set_xyzt_units("mm")
    try:
        picture.set_qform(case.affine, code=1, strip_shears=False)
    except nib.spatialimages.HeaderDataError:  # sheared: the sform alone says it
        picture.header["qform_code"] = 0
    return picture


def _as_it_came(case: Case) -> nib.Nifti1Image | None:
    """The labels in the axes and with the header of the file they were read from; None where that doesn't fit."""
    source = case.provenance.labels_path
    if source is None or not source.is_file() or not source.name.endswith((".nii", ".nii.gz")):
        return None
    try:
        original = nib.load(source)
    except (OSError, ImageFileError, nib.spatialimages.HeaderDataError):
        return None
    if not isinstance(original, nib.Nifti1Image) or len(original.shape) != 3:
        return None
    axes, wanted = (nib.orientations.io_orientation(a) for a in (case.affine, original.affine))
    if np.isnan(axes).any() or np.isnan(wanted).any():
        return None
    back = nib.orientations.ornt_transform(axes, wanted)
    labels = nib.orientations.apply_orientation(case.labels, back)
    affine = case.affine @ nib.orientations.inv_ornt_aff(back, case.labels.shape)
    if labels.shape != original.shape or not np.allclose(affine, original.affine, atol=_SAME_PLACE_MM):
        return None  # resampled or moved on the way in
    header = original.header.copy()
    kept = header.get_data_dtype()
    holds = kept.kind in "iu" and kept.itemsize <= 4 and np.iinfo(kept).max >= int(labels.max(initial=0))
    header.set_data_dtype(kept if holds else _stored(case))
    header.set_slope_inter(1, 0)
    return nib.Nifti1Image(labels.astype(header.get_data_dtype(), copy=False), original.affine, header)


def _stored(case: Case) -> np.dtype[np.generic]:
    """The smallest type that every reader of NIfTI knows: unsigned 8 or 16 bits, else signed 32."""
    highest = int(case.labels.max(initial=0))
    return np.dtype(np.uint8 if highest < 256 else np.uint16 if highest < 65536 else np.int32)
