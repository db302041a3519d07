"""Numbers written and read back, as forms and curators write them."""

from __future__ import annotations

import math

import pytest

from napari_spatialmed.questions.numbers import (
    decimals_for,
    numbers_in,
    option_gap,
    read_interval,
    read_number,
    write_interval,
    write_number,
)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("12.5 mm", 12.5, "mm"),
        ("1.2 cm", 12.0, "mm"),
        ("1,250 mL", 1250.0, "mL"),
        ("250000 mm3", 250.0, "mL"),
        ("0.25 L", 250.0, "mL"),
        ("196 cm³", 196.0, "mL"),
        (".5", 0.5, ""),
        ("1.2e3 ml", 1200.0, "mL"),
        ("30 %", 30.0, "%"),
        ("about 40 millimetres", 40.0, "mm"),
        ("12 voxels", 12.0, "voxel"),
    ],
)
def test_a_number_is_read_in_the_unit_we_keep(text: str, value: float, unit: str) -> None:
    found = read_number(text)
    assert found is not None
    assert (found.value, found.unit) == (pytest.approx(value), unit)


@pytest.mark.parametrize("text", ["liver", "12 to 20 mm", "12 mm or so", ""])
def test_what_is_no_number_is_not_read(text: str) -> None:
    assert read_number(text) is None


def test_an_interval_holds_its_lower_end_and_not_its_upper() -> None:
    found = read_interval(write_interval(10, 20, "mm", 0))
    assert found is not None
    assert 10.0 in found
    assert 20.0 not in found
    assert found.unit == "mm"


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("10–20 mm", 10, 20),
        ("from 1 to 2 cm", 10, 20),
        ("700-900 mL", 700, 900),
        ("less than 5 mL", -math.inf, 5),
        ("at least 40 mm", 40, math.inf),
        ("[10, 20) mm", 10, 20),
    ],
)
def test_intervals_in_other_spellings(text: str, low: float, high: float) -> None:
    found = read_interval(text)
    assert found is not None
    assert (found.low, found.high) == (low, high)


def test_numbers_in_a_sentence_leave_names_alone() -> None:
    assert [
        n.written for n in numbers_in("In T2 and 3D, is vertebra L1 within 20 mm or five millimetres?")
    ] == [
        "20 mm",
        "five millimetres",
    ]


def test_decimals_follow_the_uncertainty_and_never_pretend() -> None:
    assert decimals_for("mm", 2.6) == 0
    assert decimals_for("mm", 0.7) == 1
    assert decimals_for("mL", 0.0005) == 1
    assert decimals_for("ratio", 0.0005) == 2
    assert write_number(12.345, "mL", 1) == "12.3 mL"


def test_the_gap_between_options_is_the_largest_of_three() -> None:
    assert option_gap(1500, "mL", 3) == 150
    assert option_gap(30, "mm", 1) == 5
    assert option_gap(30, "mm", 4) == 8
