"""Every file of the same scan becomes the same array, and no voxel moves in the patient."""

from __future__ import annotations

import itertools
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nibabel.orientations import apply_orientation, inv_ornt_aff
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_spatialmed.case import make_case, open_case
from napari_spatialmed.case.orientation import to_display_order

SIGNED_PERMUTATIONS = [
    np.array([[axis, flip] for axis, flip in zip(order, flips, strict=True)])
    for order in itertools.permutations(range(3))
    for flips in itertools.product((1, -1), repeat=3)
]


def turned(
    array: NDArray[np.uint8], affine: NDArray[np.float64], how: NDArray[np.int_]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The same volume with its axes swapped and flipped, and the affine that goes with it."""
    return apply_orientation(array, how), affine @ inv_ornt_aff(how, array.shape)


def positions(labels: NDArray[np.uint8], affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Label and world position of every labelled voxel, sorted."""
    index = np.argwhere(labels)
    world = index @ affine[:3, :3].T + affine[:3, 3]
    rows = np.column_stack([labels[tuple(index.T)], world.round(4)])
    return rows[np.lexsort(rows.T)]


def test_axes_grow_to_inferior_posterior_left(blocks: NDArray[np.uint8]) -> None:
    array, affine = to_display_order(blocks, np.diag([2.0, 1.5, 3.0, 1.0]))
    assert array.shape == (12, 16, 20)
    assert np.array_equal(affine[:3, :3], [[0, 0, -2], [0, -1.5, 0], [-3, 0, 0]])
    assert array.flags.c_contiguous


def test_all_48_orders_of_a_scan_have_one_id(blocks: NDArray[np.uint8]) -> None:
    tilted = np.eye(4)
    tilted[:3, :3] = Rotation.from_euler("xyz", [12, -7, 20], degrees=True).as_matrix() @ np.diag(
        [0.8, 0.9, 5.0]
    )
    for affine in (np.diag([2.0, 1.5, 3.0, 1.0]), tilted):
        image = (blocks.astype(np.int16) * 37) - 900
        ids, hashes = set(), set()
        for how in SIGNED_PERMUTATIONS:
            labels, moved = turned(blocks, affine, how)
            case = make_case(labels, moved, image=apply_orientation(image, how))
            ids.add(case.id)
            hashes.add(case.label_sha256())
        assert len(SIGNED_PERMUTATIONS) == 48
        assert len(ids) == len(hashes) == 1


@settings(max_examples=60, deadline=None)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    spacing=st.tuples(*[st.floats(0.3, 6)] * 3),
    shape=st.tuples(*[st.integers(2, 7)] * 3),
    how=st.sampled_from(SIGNED_PERMUTATIONS),
    seed=st.integers(0, 2**31),
)
def test_labels_keep_their_place_in_the_patient(
    angles: tuple[float, ...],
    spacing: tuple[float, ...],
    shape: tuple[int, ...],
    how: NDArray[np.int_],
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, shape).astype(np.uint8)
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() @ np.diag(spacing)
    affine[:3, 3] = rng.uniform(-300, 300, 3)
    stored, moved = turned(labels, affine, how)
    case = make_case(stored, moved)
    assert np.allclose(positions(case.labels, case.affine), positions(labels, affine), atol=2e-4)
    assert case.voxel_ml == pytest.approx(np.prod(spacing) / 1000)
    # the array's axes are nearer to I, P, L than any other order of them would be
    columns = case.affine[:3, :3] / case.spacing
    agreement = np.array([[0, 0, -1], [0, -1, 0], [-1, 0, 0]]) @ columns
    best = max(sum(abs(agreement[k, p[k]]) for k in range(3)) for p in itertools.permutations(range(3)))
    assert np.trace(agreement) == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize("degrees", [45.0, -45.0, 135.0])
def test_an_exact_tie_falls_the_same_way_for_every_file(blocks: NDArray[np.uint8], degrees: float) -> None:
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("z", degrees, degrees=True).as_matrix()
    hashes = {make_case(*turned(blocks, affine, how)).label_sha256() for how in SIGNED_PERMUTATIONS}
    assert len(hashes) == 1


def test_files_in_all_orders_open_alike(blocks: NDArray[np.uint8], tmp_path: Path) -> None:
    affine = np.diag([2.0, 1.5, 3.0, 1.0])
    hashes = set()
    for n, how in enumerate(SIGNED_PERMUTATIONS):
        labels, moved = turned(blocks, affine, how)
        nib.save(nib.Nifti1Image(labels, moved), tmp_path / f"{n}.nii.gz")
        hashes.add(open_case(tmp_path / f"{n}.nii.gz").label_sha256())
    assert len(hashes) == 1
