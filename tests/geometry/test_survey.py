"""The whole-map pass against the definition of what it counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_spatialmed.geometry import runs as runs_module
from napari_spatialmed.geometry import survey

from .conftest import blobs, plain_affine, rotation

SPACINGS = ((1.0, 1.0, 1.0), (5.0, 0.7, 0.9))


def assert_as_defined(labels: np.ndarray, affine: np.ndarray) -> None:
    found = survey(labels, affine)
    assert found.labels.tolist() == [v for v in np.unique(labels) if v]
    for row, label in enumerate(found.labels):
        index = np.argwhere(labels == label)
        points = index @ affine[:3, :3].T + affine[:3, 3]
        assert found.counts[row] == len(index)
        assert found.index_min[row].tolist() == index.min(axis=0).tolist()
        assert found.index_max[row].tolist() == index.max(axis=0).tolist()
        np.testing.assert_allclose(found.centroids_ras_mm[row], points.mean(axis=0), atol=1e-9)
        np.testing.assert_allclose(
            found.covariances_mm2[row], np.cov(points.T, bias=True).reshape(3, 3), atol=1e-8
        )
        np.testing.assert_allclose(found.reach[row, 0], points.min(axis=0), atol=1e-9)
        np.testing.assert_allclose(found.reach[row, 1], points.max(axis=0), atol=1e-9)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_counts_centroids_moments_and_boxes_are_those_of_the_voxels(
    spacing: tuple[float, float, float],
) -> None:
    assert_as_defined(blobs(1), plain_affine(spacing))


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000))
def test_oblique_boxes_come_from_voxels_not_from_corners_of_the_index_box(seed: int) -> None:
    affine = plain_affine((3.0, 0.8, 0.9))
    affine[:3, :3] = rotation(seed) @ affine[:3, :3]
    assert_as_defined(blobs(seed), affine)


def test_a_map_larger_than_a_slab_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = blobs(3, (20, 9, 11))
    whole = survey(labels, plain_affine())
    monkeypatch.setattr(runs_module, "SLAB_VOXELS", 250)
    portions = survey(labels, plain_affine())
    np.testing.assert_array_equal(whole.second_moments, portions.second_moments)
    np.testing.assert_array_equal(whole.reach, portions.reach)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.int32])
def test_the_integer_type_does_not_matter(dtype: type) -> None:
    np.testing.assert_array_equal(
        survey(blobs(2).astype(dtype), plain_affine()).counts, survey(blobs(2), plain_affine()).counts
    )


def test_an_empty_map_has_no_labels() -> None:
    assert survey(np.zeros((3, 4, 5), np.uint8), plain_affine()).labels.size == 0


def test_extent_is_spacing_times_voxels_on_straight_grids() -> None:
    labels = np.zeros((6, 7, 8), np.uint8)
    labels[1:4, 2:6, 3] = 1
    assert survey(labels, plain_affine((5.0, 0.5, 2.0))).extents_mm[0].tolist() == [2.0, 2.0, 15.0]


def test_border_contact_is_any_voxel_in_the_outermost_layer() -> None:
    labels = np.zeros((5, 5, 5), np.uint8)
    labels[2, 2, 1] = 1
    labels[2, 2, 4] = 2
    labels[0, 1, 1] = 3
    assert survey(labels, plain_affine()).touches_border.tolist() == [False, True, True]


def test_the_same_ball_at_two_spacings_has_the_same_volume() -> None:
    volumes = []
    for spacing in ((1.0, 1.0, 1.0), (0.5, 0.5, 0.5)):
        size = round(24 / spacing[0])
        grid = (np.stack(np.meshgrid(*[np.arange(size)] * 3, indexing="ij"), -1) - (size - 1) / 2) * spacing[
            0
        ]
        volumes.append(
            survey((np.linalg.norm(grid, axis=-1) < 10).astype(np.uint8), plain_affine(spacing)).volumes_ml[0]
        )
    truth = 4 / 3 * np.pi * 10**3 / 1000
    assert abs(volumes[1] - truth) < 0.005 * truth
    assert abs(volumes[0] - truth) < 0.02 * truth
