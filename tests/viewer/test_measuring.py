"""What is measured for a selection, and how it is written down."""

from __future__ import annotations

import csv
import io
import json

import pytest
from qtpy.QtCore import Qt

from napari_spatialmed.geometry import CALCULATORS, CaseGeometry, Measurement, measure
from napari_spatialmed.viewer.drawings import drawing_of
from napari_spatialmed.viewer.measurements_model import (
    STRUCTURES,
    VALUE,
    MeasurementsModel,
    MeasurementsOrder,
)
from napari_spatialmed.viewer.measuring import TooManyError, Wanted, as_csv, as_json, as_lines, plan
from napari_spatialmed.viewer.values import uncertainty_text, value_text


def made(value: object, unit: str = "mm", **rest: object) -> Measurement:
    return Measurement(
        "centre_distance_mm", value, unit, rest.pop("worth", None), "by hand", ("a", "b"), **rest
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("measurement", "text"),
    [
        (made(1234.56, "mL"), "1,235 mL"),
        (made(12.345), "12.3 mm"),
        (made(1.2345), "1.23 mm"),
        (made(7, "count"), "7"),
        (made(True, ""), "yes"),
        (made({"RL": 10.0, "AP": 20.0, "SI": 30.5}), "10.0 × 20.0 × 30.5 mm"),
        (made({"RL": "right", "AP": None, "SI": "superior"}, ""), "right, superior"),
        (made({"RL": None, "AP": None, "SI": None}, ""), "undecidable"),
        (made(None, flags=("undecidable",)), "undecidable"),
    ],
)
def test_values_in_words(measurement: Measurement, text: str) -> None:
    assert value_text(measurement) == text


def test_the_uncertainty_stands_beside_numbers_only() -> None:
    assert uncertainty_text(made(12.0, worth=0.87)) == "± 0.87"
    assert uncertainty_text(made("left", "")) == ""


def test_structures_one_by_one_pairs_in_the_order_of_choice() -> None:
    wanted = plan(["volume_ml", "direction"], ["spleen", "liver", "aorta"], has_image=True)
    assert wanted[:3] == [Wanted("volume_ml", (n,)) for n in ("spleen", "liver", "aorta")]
    assert [w.structures for w in wanted[3:]] == [
        ("spleen", "liver"),
        ("spleen", "aorta"),
        ("liver", "aorta"),
    ]


def test_calculators_of_a_whole_selection_get_as_many_as_they_take() -> None:
    names = ["kidney_left", "kidney_right", "liver"]
    assert plan(["ranking"], names, has_image=True) == [Wanted("ranking", tuple(names))]
    assert plan(["asymmetry_percent"], names, has_image=True) == [
        Wanted("asymmetry_percent", (n,)) for n in names
    ]


def test_every_calculator_that_says_where_can_be_drawn(geometry: CaseGeometry) -> None:
    drawn = {
        name
        for name, found in CALCULATORS.items()
        if found.scope in ("structure", "pair")
        and drawing_of(measure(geometry, name, *["liver", "spleen"][: 1 + (found.scope == "pair")]), geometry)
        is not None
    }
    assert drawn >= {
        "surface_distance_mm", "centre_distance_mm", "direction", "hausdorff_mm", "longest_diameter_mm",
        "axial_diameters_mm", "principal_axes", "box_mm", "extent_mm", "centroid_ras_mm", "components",
    }  # fmt: skip


def test_too_many_pairs_are_refused_with_a_way_out() -> None:
    with pytest.raises(TooManyError, match=r"spatialmed measure"):
        plan(["direction"], [f"s{n}" for n in range(150)], has_image=True)


def test_csv_and_json_hold_everything_and_no_path(geometry: CaseGeometry) -> None:
    found = [measure(geometry, "volume_ml", "liver"), measure(geometry, "extent_mm", "liver")]
    rows = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert float(rows[0]["value"]) == found[0].value
    assert json.loads(rows[1]["value"]) == found[1].value
    content = json.loads(as_json(found, geometry.case.id))
    assert content["measurements"][0]["structures"] == ["liver"]
    assert "Not a medical device" in content["note"]
    assert as_lines(found).splitlines()[1].split("\t")[1] == "liver"


def test_a_name_that_looks_like_a_formula_is_harmless_in_a_spreadsheet() -> None:
    text = as_csv([Measurement("volume_ml", 1.0, "mL", None, "", ("=cmd()",))])
    assert "'=cmd()" in text


def test_the_table_sorts_numbers_as_numbers(qapp: object, geometry: CaseGeometry) -> None:
    model, order = MeasurementsModel(), MeasurementsOrder()
    order.setSourceModel(model)
    model.set_measurements(
        [measure(geometry, "volume_ml", n) for n in ("aorta", "liver", "kidney_left", "spleen")],
        geometry.case,
    )
    order.sort(VALUE, Qt.SortOrder.DescendingOrder)
    names = [order.index(n, STRUCTURES).data() for n in range(4)]
    volumes = {m.structures[0]: m.value for m in model.measurements}
    wanted = sorted(volumes, key=lambda n: -volumes[n])
    assert names == [geometry.case[n].title for n in wanted]


def test_a_box_is_twelve_edges_an_arrow_leaves_the_second_structure(geometry: CaseGeometry) -> None:
    box = drawing_of(measure(geometry, "extent_mm", "liver"), geometry)
    assert box is not None
    assert len(box.lines) == 12
    direction = measure(geometry, "direction", "liver", "spleen")
    arrow = drawing_of(direction, geometry)
    assert arrow is not None
    assert direction.value["RL"] == "right"
    ((start, end),) = arrow.arrows
    assert end[0] > start[0]
