"""Boundary voxels, shared faces and connected pieces, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_spatialmed.geometry import runs as runs_module
from napari_spatialmed.geometry import survey
from napari_spatialmed.geometry.boundary import boundary_of
from napari_spatialmed.geometry.components import label_runs, pieces_of, run_table
from napari_spatialmed.geometry.surfaces import all_surfaces

from .conftest import blobs, plain_affine


def boundary_by_definition(labels: np.ndarray, label: int) -> np.ndarray:
    inside = np.pad(labels == label, 1)
    return np.argwhere((inside & ~ndimage.binary_erosion(inside))[1:-1, 1:-1, 1:-1])


@pytest.mark.parametrize("slab", [60, 1 << 21])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_boundary_voxels_of_all_labels(slab: int, dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_module, "SLAB_VOXELS", slab)
    labels = blobs(5).astype(dtype)
    known = survey(labels, plain_affine())
    surfaces = all_surfaces(labels)
    for row, label in enumerate(known.labels):
        expected = boundary_by_definition(labels, label)
        whole = np.column_stack(
            np.unravel_index(surfaces.flat[surfaces.starts[row] : surfaces.starts[row + 1]], labels.shape)
        )
        np.testing.assert_array_equal(whole, expected)
        np.testing.assert_array_equal(
            boundary_of(labels, label, known.index_min[row], known.index_max[row]), expected
        )


@pytest.mark.parametrize("slab", [60, 1 << 21])
def test_shared_faces_of_all_pairs(slab: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_module, "SLAB_VOXELS", slab)
    labels = blobs(6)
    surfaces = all_surfaces(labels)
    expected: dict[tuple[int, int], list[int]] = {}
    for axis in range(3):
        near, far = np.moveaxis(labels, axis, 0)[:-1], np.moveaxis(labels, axis, 0)[1:]
        for a, b in zip(near.ravel().tolist(), far.ravel().tolist(), strict=True):
            if a and b and a != b:
                expected.setdefault((min(a, b), max(a, b)), [0, 0, 0])[axis] += 1
    assert {
        tuple(p): f for p, f in zip(surfaces.pairs.tolist(), surfaces.faces.tolist(), strict=True)
    } == expected


@pytest.mark.parametrize(("connectivity", "rank"), [(6, 1), (18, 2), (26, 3)])
@pytest.mark.parametrize("seed", range(6))
def test_pieces_are_those_of_scipy(connectivity: int, rank: int, seed: int) -> None:
    labels = (np.random.default_rng(seed).random((9, 10, 11)) < 0.2).astype(np.uint8)
    labels[labels > 0] += np.random.default_rng(seed + 1).integers(0, 2, int(labels.sum())).astype(np.uint8)
    runs = run_table(labels)
    piece = label_runs(runs, connectivity)
    mine = np.zeros(labels.shape, int)
    for row, first, last, number in zip(runs.row, runs.first, runs.last, piece, strict=True):
        mine[row // 10, row % 10, first : last + 1] = number + 1
    for label in (1, 2):
        theirs, count = ndimage.label(labels == label, ndimage.generate_binary_structure(3, rank))
        pairs = np.unique(np.column_stack([mine[labels == label], theirs[labels == label]]), axis=0)
        assert len(pairs) == count == len(np.unique(mine[labels == label]))


def test_pieces_are_listed_largest_first_with_their_places() -> None:
    labels = np.zeros((6, 6, 6), np.uint8)
    labels[0, 0, 0] = 1
    labels[3:5, 3:5, 3:5] = 1
    found = pieces_of(labels, 1, np.array([0, 0, 0]), np.array([4, 4, 4]))
    assert found.sizes.tolist() == [8, 1]
    assert found.centroids.tolist() == [[3.5, 3.5, 3.5], [0, 0, 0]]
    assert found.index_min.tolist() == [[3, 3, 3], [0, 0, 0]]
