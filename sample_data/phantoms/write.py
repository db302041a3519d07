"""The files of a phantom: the same bytes whenever they are written."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from phantoms.shapes import Floats


def nifti_bytes(array: NDArray[Any], affine: Floats) -> bytes:
    """A NIfTI-1 file, uncompressed, in mm, with both of its affines set."""
    picture = nib.Nifti1Image(array, affine)
    picture.header.set_xyzt_units("mm")
    picture.set_qform(affine, code=1)
    picture.set_sform(affine, code=1)
    return bytes(picture.to_bytes())


def json_bytes(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1) + "\n").encode()


def write_folder(
    folder: Path,
    scan: str,
    image: NDArray[np.int16],
    labels: NDArray[np.uint8],
    affine: Floats,
    documents: Mapping[str, Mapping[str, Any]],
) -> None:
    """Write `scan`.nii.gz, labels.nii.gz and one JSON file per document."""  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in ((scan, image), ("labels", labels)):
        # No time stamp in the gzip header, or the file would differ each time.
        (folder / f"{name}.nii.gz").write_bytes(
            gzip.compress(nifti_bytes(array, affine), compresslevel=9, mtime=0)
        )
    for name, content in documents.items():
        (folder / f"{name}.json").write_bytes(json_bytes(content))
