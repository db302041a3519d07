"""Bytes changed at random: every file opens or is refused; there is no third way."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from napari_spatialmed.case import CaseError, open_case

ROUNDS = 250


def a_file(folder: Path, name: str, labels: NDArray[np.uint8]) -> Path:
    path = folder / name
    affine = np.diag([1.0, 2.0, 3.0, 1.0])
    if path.suffix in (".nrrd", ".mha"):
        sitk.WriteImage(
            sitk.GetImageFromArray(np.ascontiguousarray(labels.T)), str(path), name.startswith("packed")
        )
    else:
        kind = {".mgh": nib.MGHImage, ".nii": nib.Nifti2Image if name.startswith("two") else nib.Nifti1Image}
        nib.save(kind.get(path.suffix, nib.Nifti1Image)(labels, affine), path)
    return path


@pytest.mark.parametrize(
    "name",
    ["one.nii", "two.nii", "one.nii.gz", "a.mgh", "plain.nrrd", "packed.nrrd", "plain.mha", "packed.mha"],
)
def test_changed_bytes_never_end_in_anything_else(
    tmp_path: Path, blocks: NDArray[np.uint8], name: str
) -> None:
    raw = a_file(tmp_path, name, blocks[:10, :8, :6]).read_bytes()
    chance = random.Random(name)
    broken = tmp_path / f"broken-{name}"
    opened = refused = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(ROUNDS):
            data = bytearray(raw)
            for _ in range(chance.choice([1, 1, 2, 8])):
                data[chance.randrange(min(len(data), 600))] = chance.choice(
                    [chance.randrange(256), 0, 255, ord("9"), ord("-")]
                )
            if chance.random() < 0.1:
                data = data[: chance.randrange(len(data))]
            broken.write_bytes(bytes(data))
            try:
                case = open_case(broken)
            except CaseError as error:
                refused += 1
                assert name in str(error)  # noqa: PT017 - both ways are fine, a third is not
            else:
                opened += 1
                assert np.isfinite(case.affine).all()
                assert case.voxel_ml > 0
    assert opened
    assert refused
