"""What each calculator says of cases small enough to see the answer."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from napari_spatialmed.case import UnknownStructureError
from napari_spatialmed.case.model import Case, Structure
from napari_spatialmed.geometry import CALCULATORS, CaseGeometry, UnknownCalculatorError, measure
from napari_spatialmed.geometry.hosts import organ_of
from napari_spatialmed.geometry.reference_page import UNCERTAINTY, page
from napari_spatialmed.geometry.registry import CalculatorArgumentsError

from .conftest import blobs, build, plain_affine

NAMED = [
    "voxels",
    "volume_ml",
    "centroid_ras_mm",
    "box_mm",
    "extent_mm",
    "touches_border",
    "components",
    "principal_axes",
    "surface_area_mm2",
    "crofton_area_mm2",
    "mesh_volume_ml",
    "sphericity",
    "elongation",
    "flatness",
    "major_axis_mm",
    "minor_axis_mm",
    "least_axis_mm",
    "longest_diameter_mm",
    "axial_diameters_mm",
    "intensity",
    "laterality",
    "centre_distance_mm",
    "surface_distance_mm",
    "hausdorff_mm",
    "hausdorff95_mm",
    "contact_area_mm2",
    "overlap_after_dilation",
    "direction",
    "margin_mm",
    "host",
    "lesion_burden_percent",
    "ranking",
    "nearest",
    "farthest",
    "asymmetry_percent",
    "lesion_count",
    "all_pairs",
]


def organ_with_lesions() -> CaseGeometry:
    """An organ (1) with two lesions (2) deep inside, one lesion (3) beside it in the open, a vessel (4)."""
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[5:30, 5:30, 5:30] = 1
    labels[10:14, 10:14, 10:14] = 2
    labels[20:23, 20:23, 20:23] = 2
    labels[5:9, 34:38, 5:9] = 3
    labels[5:30, 5:30, 33:35] = 4
    return CaseGeometry(build(labels, kinds={2: "lesion", 3: "lesion", 4: "vessel"}))


def test_all_named_calculators_are_registered_and_described() -> None:
    assert set(CALCULATORS) == set(NAMED)
    for one in CALCULATORS.values():
        assert one.description.endswith(".")
        assert one.reference
        assert one.title


@pytest.mark.parametrize(
    "name", [n for n in NAMED if n not in ("asymmetry_percent", "lesion_burden_percent")]
)
def test_every_measurement_is_json_with_unit_and_method(name: str) -> None:
    geometry = organ_with_lesions()
    scope = CALCULATORS[name].scope
    structures = {"structure": ["s1"], "pair": ["s2", "s1"], "case": ["s2"]}[scope]
    found = measure(geometry, name, *structures)
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert json.loads(text)["calculator"] == name
    assert found.method
    assert found.unit == CALCULATORS[name].unit or name == "intensity"
    assert found.uncertainty is None or found.uncertainty >= 0


def test_direction_says_where_the_first_lies_seen_from_the_second() -> None:
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[2:4, 2:4, 2:4] = 1
    labels[30:32, 30:32, 3:5] = 2
    found = measure(CaseGeometry(build(labels)), "direction", "s1", "s2")
    assert found.value == {"RL": None, "AP": "anterior", "SI": "superior"}
    assert found.detail["RL"]["margin_mm"] == pytest.approx(1.0)
    assert found.detail["AP"]["box_gap_mm"] == pytest.approx(26.0)
    near = measure(CaseGeometry(build(labels)), "direction", "s1", "s2", minimum_mm=0.5)
    assert near.value["RL"] == "right"
    boxes = measure(CaseGeometry(build(labels)), "direction", "s1", "s2", by="box", minimum_mm=27)
    assert boxes.value == {"RL": None, "AP": None, "SI": None}
    assert "undecidable" in boxes.flags


def test_a_lesion_deep_in_an_organ_is_hosted_by_it_and_one_in_the_open_by_nothing() -> None:
    geometry = organ_with_lesions()
    inside = measure(geometry, "host", "s2")
    assert (inside.value, inside.detail["shares"]) == ("s1", {"s1": 1.0})
    outside = measure(geometry, "host", "s3")
    assert outside.value is None
    assert "undecidable" in outside.flags


def test_a_core_inside_a_rim_lies_in_the_rims_host() -> None:
    labels = np.ones((20, 20, 20), np.uint8)
    labels[6:14, 6:14, 6:14] = 2
    labels[8:12, 8:12, 8:12] = 3
    found = measure(CaseGeometry(build(labels, kinds={2: "lesion", 3: "lesion"})), "host", "s3")
    assert (found.value, found.detail["merged_with"]) == ("s1", ["s2"])


def test_lesions_are_counted_by_piece_and_host() -> None:
    found = measure(organ_with_lesions(), "lesion_count")
    assert found.value == 3
    assert found.detail["by_host"] == {"s1": 2, "undecided": 1}
    assert [one["voxels"] for one in found.detail["lesions"]] == [64, 27, 64]


def test_a_lesion_across_two_segments_lies_in_the_organ_and_in_neither_segment() -> None:
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[5:35, 5:20, 5:35], labels[5:35, 20:35, 5:35] = 1, 2
    labels[18:22, 18:22, 18:22] = 3
    labels[18:22, 9:13, 18:22] = 3
    structures = (
        Structure(1, "liver_segment_2", "segment 2", "liver_segment_2", kind="organ"),
        Structure(2, "liver_segment_3", "segment 3", "liver_segment_3", kind="organ"),
        Structure(3, "liver_tumor", "liver tumour", "liver_tumor", kind="lesion"),
    )
    found = measure(CaseGeometry(Case(labels, plain_affine(), structures)), "lesion_count")
    assert found.detail["by_organ"] == {"liver": 2}
    assert found.detail["by_segment"] == {"liver_segment_2": 1, "undecided": 1}
    assert found.detail["by_host"] == found.detail["by_segment"]


def test_lobes_belong_to_the_lung_of_their_side() -> None:
    lobe = Structure(1, "lung_upper_lobe_left", "left upper lobe", "lung_upper_lobe", side="left")
    assert organ_of(lobe) == "lung_left"
    assert organ_of(Structure(2, "liver", "liver", "liver")) is None


def test_burden_counts_the_lesion_as_part_of_its_organ() -> None:
    found = measure(organ_with_lesions(), "lesion_burden_percent", "s2")
    assert found.value == pytest.approx(100 * 91 / 25**3)
    assert found.detail["host"] == "s1"
    assert measure(organ_with_lesions(), "lesion_burden_percent", "s3").value is None


def test_margin_runs_to_the_capsule_inside_and_to_the_surface_outside() -> None:
    geometry = organ_with_lesions()
    to_capsule = measure(geometry, "margin_mm", "s2", "s1")
    assert (to_capsule.value, to_capsule.method) == (6.0, "to the capsule")
    to_vessel = measure(geometry, "margin_mm", "s2", "s4")
    assert (to_vessel.value, to_vessel.method) == (11.0, "to the surface")


def test_contact_is_faces_times_their_area() -> None:
    labels = np.zeros((10, 10, 10), np.uint8)
    labels[2:5, 2:6, 2:6], labels[5:8, 3:6, 2:6] = 1, 2
    found = measure(
        CaseGeometry(build(labels, plain_affine((3.0, 2.0, 1.0)))), "contact_area_mm2", "s1", "s2"
    )
    assert found.value == pytest.approx(3 * 4 * 2.0)
    assert found.detail["faces"] == [12, 0, 0]


def test_nearest_and_farthest_name_the_runners_up() -> None:
    geometry = organ_with_lesions()
    near = measure(geometry, "nearest", "s4", "s1", "s2", "s3")
    assert near.value == "s1"
    assert list(near.detail["distances_mm"]) == ["s1", "s2", "s3"]
    far = measure(geometry, "farthest", "s4", "s1", "s2", "s3")
    assert far.value == "s3"
    assert far.detail["margin_mm"] == pytest.approx(
        far.detail["distances_mm"]["s3"] - far.detail["distances_mm"]["s2"]
    )


def test_ranking_and_asymmetry() -> None:
    labels = np.zeros((10, 10, 20), np.uint8)
    labels[2:6, 2:6, 2:7], labels[2:6, 2:6, 12:15] = 1, 2
    geometry = CaseGeometry(build(labels, sides={1: "right", 2: "left"}))
    assert measure(geometry, "ranking").value == ["s1", "s2"]
    assert measure(geometry, "asymmetry_percent", "s2").value == pytest.approx(200 * (80 - 48) / 128)
    with pytest.raises(CalculatorArgumentsError):
        measure(organ_with_lesions(), "asymmetry_percent", "s1")
    with pytest.raises(CalculatorArgumentsError):
        measure(geometry, "ranking", by="extent_mm")


def test_flags_tell_of_truncation_and_smallness() -> None:
    labels = np.zeros((10, 10, 10), np.uint8)
    labels[0:4, 2:8, 2:8], labels[6:8, 6:8, 6:8] = 1, 2
    geometry = CaseGeometry(build(labels))
    assert measure(geometry, "volume_ml", "s1").flags == ("truncated",)
    assert measure(geometry, "volume_ml", "s2").flags == ("small",)


def test_one_more_voxel_changes_a_value_by_no_more_than_its_uncertainty() -> None:
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[5:12, 5:12, 5:12] = 1
    grown = labels.copy()
    grown[12, 8, 8] = 1
    before, after = CaseGeometry(build(labels)), CaseGeometry(build(grown))
    for name in (
        "volume_ml",
        "crofton_area_mm2",
        "mesh_volume_ml",
        "longest_diameter_mm",
        "major_axis_mm",
        "voxels",
    ):
        a, b = measure(before, name, "s1"), measure(after, name, "s1")
        assert abs(a.value - b.value) <= a.uncertainty + 1e-9, name
    moved = np.subtract(
        measure(after, "centroid_ras_mm", "s1").value, measure(before, "centroid_ras_mm", "s1").value
    )
    assert np.linalg.norm(moved) <= measure(before, "centroid_ras_mm", "s1").uncertainty


def test_wrong_calls_are_told_in_words() -> None:
    geometry = organ_with_lesions()
    with pytest.raises(UnknownCalculatorError, match="volume_ml"):
        measure(geometry, "volume", "s1")
    with pytest.raises(UnknownStructureError):
        measure(geometry, "volume_ml", "spleen")
    with pytest.raises(CalculatorArgumentsError, match="two structures"):
        measure(geometry, "surface_distance_mm", "s1")
    with pytest.raises(CalculatorArgumentsError, match="radius_mm"):
        measure(geometry, "host", "s2", radius=2)
    for radius in (float("nan"), -3.0, "3"):
        with pytest.raises(CalculatorArgumentsError, match="radius_mm="):
            measure(geometry, "overlap_after_dilation", "s1", "s2", radius_mm=radius)
    with pytest.raises(CalculatorArgumentsError, match="by='middle'"):
        measure(geometry, "direction", "s1", "s2", by="middle")
    assert measure(geometry, "host", "s2", radius_mm=np.float32(2.0)).calculator == "host"
    assert measure(geometry, "lesion_burden_percent", "s2", organ="s1").detail["host"] == "s1"


def test_all_pairs_prepared_at_once_equal_pairs_one_by_one() -> None:
    labels = blobs(4)
    prepared = CaseGeometry(build(labels))
    prepared.prepare()
    single = CaseGeometry(build(labels))
    for name in prepared.case.names.values():
        for calculator in ("surface_area_mm2", "mesh_volume_ml", "components", "longest_diameter_mm"):
            assert (
                measure(prepared, calculator, name).to_dict() == measure(single, calculator, name).to_dict()
            )
    assert measure(prepared, "all_pairs").value == measure(single, "all_pairs").value
    for a, b in itertools.combinations(prepared.case.names.values(), 2):
        assert (
            measure(prepared, "contact_area_mm2", a, b).to_dict()
            == measure(single, "contact_area_mm2", a, b).to_dict()
        )


def test_the_documented_page_is_the_registrys() -> None:
    assert set(UNCERTAINTY) == set(CALCULATORS)
    assert (Path(__file__).parents[2] / "docs/reference/calculators.md").read_text(encoding="utf-8") == page()
