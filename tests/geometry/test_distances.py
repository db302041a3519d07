"""Smallest and worst distances, diameters: equal to trying every pair of voxels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.geometry import bricks as bricks_module
from napari_spatialmed.geometry.bricks import make_bricks, metric_frame, smallest_distance

from .conftest import blobs, build, plain_affine, rotation


def points_of(labels: np.ndarray, label: int, affine: np.ndarray) -> np.ndarray:
    return np.argwhere(labels == label) @ affine[:3, :3].T + affine[:3, 3]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.booleans())
def test_every_distance_equals_brute_force_on_oblique_and_sheared_grids(seed: int, sheared: bool) -> None:
    affine = plain_affine((2.5, 0.8, 1.1))
    affine[:3, :3] = rotation(seed) @ affine[:3, :3]
    if sheared:
        affine[:3, 1] += 0.2 * affine[:3, 2]
    labels = blobs(seed)
    geometry = CaseGeometry(build(labels, affine))
    present = [int(v) for v in np.unique(labels) if v]
    for a, b in itertools.combinations(present, 2):
        brute = cdist(points_of(labels, a, affine), points_of(labels, b, affine))
        found = measure(geometry, "surface_distance_mm", f"s{a}", f"s{b}")
        assert found.value == pytest.approx(brute.min(), abs=1e-9)
        ends = np.array(found.detail["points_ras_mm"])
        assert np.linalg.norm(ends[0] - ends[1]) == pytest.approx(brute.min(), abs=1e-9)
        surfaces = [geometry.to_ras(geometry.boundary(f"s{v}")) for v in (a, b)]
        each = cdist(*surfaces)
        assert measure(geometry, "hausdorff_mm", f"s{a}", f"s{b}").value == pytest.approx(
            max(each.min(axis=0).max(), each.min(axis=1).max()), abs=1e-9
        )
        assert measure(geometry, "hausdorff95_mm", f"s{a}", f"s{b}").value == pytest.approx(
            max(np.percentile(each.min(axis=0), 95), np.percentile(each.min(axis=1), 95)), abs=1e-9
        )
    for a in present:
        points = points_of(labels, a, affine)
        found = measure(geometry, "longest_diameter_mm", f"s{a}")
        assert found.value == pytest.approx(cdist(points, points).max(), abs=1e-9)


def test_many_bricks_are_searched_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bricks_module, "FEW_BRICKS", 2)
    rng = np.random.default_rng(0)
    frame = metric_frame(plain_affine((1.0, 1.0, 1.0)))
    for _ in range(20):
        a = rng.integers(0, 90, (400, 3)).astype(np.int32)
        b = rng.integers(0, 90, (400, 3)).astype(np.int32)
        assert smallest_distance(make_bricks(a, frame), make_bricks(b, frame))[0] == pytest.approx(
            cdist(a, b).min()
        )


def test_touching_structures_are_one_step_apart_and_say_so() -> None:
    labels = np.zeros((6, 6, 6), np.uint8)
    labels[2, 2, 2], labels[3, 2, 2], labels[4, 3, 3] = 1, 2, 3
    geometry = CaseGeometry(build(labels, plain_affine((5.0, 1.0, 1.0))))
    face = measure(geometry, "surface_distance_mm", "s1", "s2")
    assert (face.value, face.detail["touching"]) == (5.0, True)
    assert "touching" in face.flags
    assert measure(geometry, "surface_distance_mm", "s2", "s3").detail["touching"] is True
    assert measure(geometry, "surface_distance_mm", "s1", "s3").detail["touching"] is False


def test_axial_diameters_are_the_longest_on_a_slice_and_its_perpendicular() -> None:
    labels = np.zeros((5, 40, 40), np.uint8)
    labels[2, 10:15, 5:30] = 1
    labels[:, 12, 12] = 1
    labels[4, 35, 35] = 1
    geometry = CaseGeometry(build(labels))
    found = measure(geometry, "axial_diameters_mm", "s1")
    assert found.value["long"] == pytest.approx(np.hypot(24, 4))
    assert found.detail["slice_index"] == 2
    assert 4.0 <= found.value["short"] <= 4.2
    assert "in pieces" in found.flags
    assert measure(geometry, "axial_diameters_mm", "s1", piece=1).value == {"long": 0.0, "short": 0.0}
    assert measure(geometry, "axial_diameters_mm", "s1", piece=2).value is None


def test_the_diameter_of_a_ball_of_many_voxels() -> None:
    grid = np.stack(np.meshgrid(*[np.arange(40)] * 3, indexing="ij"), -1) - 19.5
    labels = (np.linalg.norm(grid, axis=-1) <= 18).astype(np.uint8)
    points = np.argwhere(labels).astype(float)
    rim = points[np.linalg.norm(points - 19.5, axis=1) > 16.9]
    found = measure(CaseGeometry(build(labels)), "longest_diameter_mm", "s1").value
    assert found == pytest.approx(cdist(rim, rim).max(), abs=1e-9)
