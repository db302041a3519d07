"""Small volumes on disk, made anew for each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

Saver = Callable[..., Path]

RAS = np.array([[2.0, 0, 0, -30], [0, 1.5, 0, -20], [0, 0, 3.0, -50], [0, 0, 0, 1]])


@pytest.fixture
def blocks() -> NDArray[np.uint8]:
    """Three boxes in a volume of 20 × 16 × 12: labels 1, 2 and 5."""
    labels = np.zeros((20, 16, 12), np.uint8)
    labels[3:9, 4:12, 2:9] = 1
    labels[10:15, 4:9, 3:7] = 2
    labels[12:18, 10:14, 5:11] = 5
    return labels


@pytest.fixture
def save(tmp_path: Path) -> Saver:
    """Write an array as NIfTI: ``save("seg.nii.gz", array, affine)``."""

    def write(name: str, array: NDArray[Any], affine: NDArray[np.float64] = RAS, **header: Any) -> Path:
        picture = nib.Nifti1Image(array, affine)
        for key, value in header.items():
            picture.header[key] = value
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(picture, path)
        return path

    return write
