"""Surfaces for looking at: where the voxels are, closed, and within one budget of faces."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_spatialmed.viewer.surfaces import cell_sizes, structure_surface

MM = np.array([1.5, 0.8, 0.8])


def ball(shape: tuple[int, int, int], radius_mm: float) -> NDArray[np.uint8]:
    """Label 1 around the middle."""
    middle = (np.array(shape) - 1) / 2
    away = np.stack(np.indices(shape), axis=-1) - middle
    return (np.linalg.norm(away * MM, axis=-1) <= radius_mm).astype(np.uint8)


def whole(labels: NDArray[np.uint8]) -> tuple[slice, ...]:
    return tuple(slice(0, n) for n in labels.shape)


@pytest.mark.parametrize("cell_mm", [0.0, 1.7, 4.0])
def test_a_ball_stays_a_closed_ball_at_its_place_however_coarse_the_cells(cell_mm: float) -> None:
    labels = ball((60, 90, 90), 30.0)
    found = structure_surface(labels, 1, whole(labels), MM, cell_mm=cell_mm)
    assert found is not None
    vertices, faces = found
    middle = (np.array(labels.shape) - 1) / 2 * MM
    np.testing.assert_allclose(vertices.mean(axis=0), middle, atol=0.3)
    away = np.linalg.norm(vertices - middle, axis=1)
    assert np.all(np.abs(away - 30.0) < max(1.0, cell_mm / 2))
    edges = Counter(tuple(sorted(pair)) for a, b, c in faces.tolist() for pair in ((a, b), (b, c), (c, a)))
    assert set(edges.values()) == {2}


def test_a_structure_that_ends_at_the_border_of_the_scan_is_closed_there() -> None:
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[:8] = 1
    found = structure_surface(labels, 1, (slice(0, 8), slice(0, 20), slice(0, 20)), MM)
    assert found is not None
    assert found[0][:, 0].min() == pytest.approx(-MM[0] / 2, abs=0.6)


def test_a_vessel_thinner_than_a_cell_is_drawn_all_the_same() -> None:
    labels = np.zeros((60, 40, 40), np.uint8)
    labels[:, 20, 20] = 1
    found = structure_surface(labels, 1, (slice(0, 60), slice(20, 21), slice(20, 21)), MM, cell_mm=4.0)
    assert found is not None
    assert np.ptp(found[0][:, 0]) > 80


def test_nothing_of_a_label_has_no_surface() -> None:
    labels = np.zeros((8, 8, 8), np.uint8)
    assert structure_surface(labels, 3, whole(labels), MM) is None


def test_many_structures_share_the_faces_and_a_larger_one_gets_more() -> None:
    boxes = np.array([[30.0, 30.0, 30.0]] * 60 + [[200.0, 220.0, 180.0]] * 3)
    few, many = cell_sizes(boxes[-3:], MM), cell_sizes(boxes, MM, faces=100_000)
    assert np.all(many[-3:] >= few)
    assert many[-1] > many[0]
    assert (200 / many[-1]) > (30 / many[0]), "in cells, the larger one is the finer one still"
    labels = ball((60, 90, 90), 29.0)
    faces = [len(structure_surface(labels, 1, whole(labels), MM, cell_mm=c)[1]) for c in (2.0, 4.0)]  # type: ignore[index]
    assert faces[1] < faces[0] / 3
    assert len(cell_sizes(np.zeros((0, 3)), MM)) == 0


@pytest.mark.parametrize("cell_mm", [0.0, 2.0, 3.0])
def test_thin_parts_of_a_thick_structure_are_there(cell_mm: float) -> None:
    """A block with a rod, a plate, and a voxel apart: smoothing took all but the block away."""
    labels = np.zeros((60, 60, 60), np.uint8)
    labels[10:30, 10:30, 10:30] = 1
    block = structure_surface(labels, 1, (slice(10, 30),) * 3, (1, 1, 1), cell_mm=cell_mm)
    labels[20, 20, 30:50] = labels[40, 10:30, 10:30] = labels[55, 55, 55] = 1
    found = structure_surface(labels, 1, (slice(10, 56),) * 3, (1, 1, 1), cell_mm=cell_mm)
    assert block is not None
    assert found is not None
    places = found[0]
    for part in ((20, 20, 45), (40, 20, 20), (55, 55, 55)):
        assert np.linalg.norm(places - part, axis=1).min() < 1.5 + cell_mm
    # The rest of the block is as it was.
    apart = places[(places[:, 0] < 31) & (places[:, 2] < 20)]
    assert np.array_equal(np.unique(apart, axis=0), np.unique(block[0][block[0][:, 2] < 20], axis=0))
