"""What the calculators measure on the labels is what the forms say, within the tolerance stated beside the truth."""

from __future__ import annotations

import numpy as np
import pytest

from napari_spatialmed.geometry import measure


def test_volumes(phantom):
    for name, truth in phantom.truth["structures"].items():
        measured = measure(phantom.geometry, "volume_ml", name).value
        assert measured == pytest.approx(truth["volume_ml"], abs=truth["tolerance"]["volume_ml"]), name


def test_centroids_in_patient_space(phantom):
    for name, truth in phantom.truth["structures"].items():
        measured = measure(phantom.geometry, "centroid_ras_mm", name).value
        off = np.linalg.norm(np.subtract(measured, truth["centroid_ras_mm"]))
        assert off <= truth["tolerance"]["centroid_mm"], name


def test_extents_along_the_patients_axes(phantom):
    for name, truth in phantom.truth["structures"].items():
        measured = measure(phantom.geometry, "extent_mm", name).value
        for axis, length in truth["extent_mm"].items():
            assert measured[axis] == pytest.approx(length, abs=truth["tolerance"]["extent_mm"][axis]), (
                name,
                axis,
            )


def test_distances(phantom):
    for pair in phantom.truth["pairs"]:
        a, b = pair["a"], pair["b"]
        surface = measure(phantom.geometry, "surface_distance_mm", a, b).value
        assert surface == pytest.approx(pair["surface_distance_mm"], abs=pair["surface_tolerance_mm"]), (a, b)
        if "centre_distance_mm" in pair:
            centre = measure(phantom.geometry, "centre_distance_mm", a, b).value
            assert centre == pytest.approx(pair["centre_distance_mm"], abs=pair["centre_tolerance_mm"]), (
                a,
                b,
            )


def test_only_what_is_cut_off_touches_the_border(phantom):
    at_border = {s.name for s in phantom.case if measure(phantom.geometry, "touches_border", s.name).value}
    assert at_border == set(phantom.truth["truncated"])


def test_tolerances_are_worth_something(phantom):
    """A truth that allows anything proves nothing: large organs to 4 %, places to less than a voxel."""
    voxel = max(phantom.truth["spacing_mm"])
    for name, truth in phantom.truth["structures"].items():
        if truth["volume_ml"] > 20:
            assert truth["tolerance"]["volume_ml"] < 0.04 * truth["volume_ml"], name
        assert truth["tolerance"]["centroid_mm"] < voxel, name


def test_closed_forms_are_the_formulas(abdomen, brain):
    def ball(radius: float) -> float:
        return 4 / 3 * np.pi * radius**3 / 1000

    tumours = abdomen.truth["structures"]
    assert tumours["liver_tumor_2"]["volume_ml"] == pytest.approx(ball(11), abs=1e-3)
    assert tumours["liver_tumor_3"]["volume_ml"] == pytest.approx(ball(7), abs=1e-3)
    ring = brain.truth["structures"]["enhancing_tumor"]
    assert ring["volume_ml"] == pytest.approx(4 / 3 * np.pi * (16 * 18 * 15 - 11 * 13 * 10) / 1000, abs=1e-3)
    apart = next(p for p in abdomen.truth["pairs"] if (p["a"], p["b"]) == ("liver_tumor_2", "liver_tumor_3"))
    between = np.linalg.norm(
        np.subtract(tumours["liver_tumor_2"]["centroid_ras_mm"], tumours["liver_tumor_3"]["centroid_ras_mm"])
    )
    assert apart["surface_distance_mm"] == pytest.approx(between - 11 - 7, abs=1e-3)
