"""Reference values of the Image Biomarker Standardisation Initiative, within their tolerances."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_spatialmed.case import open_case
from napari_spatialmed.geometry import CaseGeometry, measure

from .conftest import build, plain_affine

# The digital phantom as published (IBSI manual, chapter 5.1); 0 is outside its region of interest.
PHANTOM = """
1 4 4 1 1 / 1 4 6 1 1 / 4 1 6 4 1 / 4 4 6 4 1
1 4 4 1 1 / 1 1 6 1 1 / 0 1 3 1 1 / 4 4 6 1 1
1 4 4 0 0 / 1 1 1 1 1 / 1 1 0 1 1 / 1 1 6 1 1
1 4 4 0 0 / 1 1 1 1 1 / 1 1 1 1 1 / 1 1 6 1 1
"""
TAGS = {
    "mesh_volume_ml": ("morph_volume", 1000.0),
    "volume_ml": ("morph_vol_approx", 1000.0),
    "surface_area_mm2": ("morph_area_mesh", 1.0),
    "sphericity": ("morph_sphericity", 1.0),
    "major_axis_mm": ("morph_pca_maj_axis", 1.0),
    "minor_axis_mm": ("morph_pca_min_axis", 1.0),
    "least_axis_mm": ("morph_pca_least_axis", 1.0),
    "elongation": ("morph_pca_elongation", 1.0),
    "flatness": ("morph_pca_flatness", 1.0),
}


def references(path: Path) -> dict[str, tuple[float, float]]:
    with path.open(encoding="utf-8") as file:
        return {
            row["tag"]: (float(row["reference value"]), float(row["tolerance"]))
            for row in csv.DictReader(file, delimiter=";")
            if row["reference value"]
        }


def digital_phantom() -> CaseGeometry:
    image = np.array(
        [[[int(v) for v in row.split()] for row in line.split("/")] for line in PHANTOM.strip().splitlines()]
    )
    return CaseGeometry(
        build((image > 0).astype(np.uint8), plain_affine((2.0, 2.0, 2.0)), image=image, modality="MR")
    )


def assert_within(geometry: CaseGeometry, expected: dict[str, tuple[float, float]]) -> None:
    count = int(geometry.survey.counts[0])
    for calculator, (tag, factor) in TAGS.items():
        reference, tolerance = expected[tag]
        found = measure(geometry, calculator, geometry.case.structures[0].name).value * factor
        if calculator.endswith("axis_mm"):
            # The references divide by N − 1; we divide by N, as pyradiomics does.  With 74 voxels it shows.
            found *= np.sqrt(count / (count - 1))
        # References are rounded to three digits, which is more than some tolerances.
        rounding = 0.5 * 10.0 ** (np.floor(np.log10(abs(reference))) - 2)
        assert found == pytest.approx(reference, abs=tolerance + rounding), calculator


def test_the_digital_phantom(shared: Callable[[str], Path]) -> None:
    assert_within(digital_phantom(), references(shared("oracles/ibsi_1_dig_phantom.csv")))


def test_intensities_of_the_digital_phantom(shared: Callable[[str], Path]) -> None:
    expected = references(shared("oracles/ibsi_1_dig_phantom.csv"))
    found = measure(digital_phantom(), "intensity", "s1").value
    assert found["mean"] == pytest.approx(expected["stat_mean"][0], abs=0.005)
    assert found["sd"] ** 2 == pytest.approx(expected["stat_var"][0], abs=0.005)
    assert (found["min"], found["max"], found["p50"]) == (1, 6, 1)
    assert found["p75"] - found["p25"] == expected["stat_iqr"][0]


def test_the_lung_tumour_without_resampling(shared: Callable[[str], Path]) -> None:
    case = open_case(shared("cases/ibsi_lung_tumor_ct/gtv.nii.gz"), names=None)
    geometry = CaseGeometry(case)
    expected = references(shared("oracles/ibsi_1_chest_config_a.csv"))
    name = case.structures[0].name
    assert measure(geometry, "voxels", name).value == expected["morph_mask_vox_count_init_roi"][0]
    size = geometry.survey.index_max[0] - geometry.survey.index_min[0] + 1
    assert sorted(size.tolist()) == sorted(
        int(expected[f"morph_mask_bb_dim_{axis}_init_roi"][0]) for axis in "xyz"
    )
    # The reference region is resegmented to [-500, 400] HU for intensities alone; form is taken from the whole mask.
    assert_within(geometry, expected)
    # IBSI's diameter is the mesh's; between voxel centres it reads less by at most a voxel's diagonal.
    diameter, tolerance = expected["morph_diam"]
    found = measure(geometry, "longest_diameter_mm", name).value
    assert diameter - tolerance - float(np.linalg.norm(case.spacing)) <= found <= diameter + tolerance
