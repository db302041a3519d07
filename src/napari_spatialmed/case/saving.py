"""Write a case's labels, e.g. after editing, as NIfTI on the case's own grid."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np

from napari_spatialmed.case.model import Case, CaseError


def save_labels(case: Case, path: Path | str, *, overwrite: bool = False) -> Path:
    """Write the label map as it is now.

    Parameters
    ----------
    case
        Its labels and affine are written; voxels keep their place in the patient, in (I, P, L) order.
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
    ending = next((e for e in (".nii.gz", ".nii") if path.name.endswith(e)), None)
    if ending is None:
        raise CaseError("labels are saved as NIfTI", where=path, hint="Let the name end in .nii.gz.")
    if path.exists() and not overwrite:
        original = case.provenance.labels_path
        same = original is not None and original.exists() and path.samefile(original)
        what = "these are the original labels" if same else "the file exists already"
        raise CaseError(
            f"{what}; nothing was written", where=path, hint="Choose another name, or ask for overwriting."
        )
    picture = nib.Nifti1Image(case.labels.astype(_stored(case), copy=False), case.affine)
    picture.set_sform(case.affine, code=1)
    picture.header.set_xyzt_units("mm")
    try:
        picture.set_qform(case.affine, code=1, strip_shears=False)
    except nib.spatialimages.HeaderDataError:  # sheared: the sform alone says it
        picture.header["qform_code"] = 0
    aside = None
    try:
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=ending)
        os.close(handle)
        nib.save(picture, aside)
        Path(aside).replace(path)
    except OSError as error:
        if aside is not None:
            Path(aside).unlink(missing_ok=True)
        raise CaseError(
            f"the labels can't be written ({error.strerror or error})",
            where=path,
            hint="Choose a folder you can write to.",
        ) from error
    return path


def _stored(case: Case) -> np.dtype[np.generic]:
    """The smallest type that every reader of NIfTI knows: unsigned 8 or 16 bits, else signed 32."""
    highest = int(case.labels.max(initial=0))
    return np.dtype(np.uint8 if highest < 256 else np.uint16 if highest < 65536 else np.int32)
