"""Published volumes: only what their sources support, and never the word "abnormal"."""

from __future__ import annotations

import pytest

from napari_spatialmed.agents import reference_for, references
from napari_spatialmed.agents.ranges import (
    OURS,
    central_volume,
    check_measurement,
    references_for,
    volume_limits,
)
from napari_spatialmed.case import Structure


def organ(concept: str, side: str | None = None) -> Structure:
    return Structure(1, concept, concept.replace("_", " "), concept, side)  # type: ignore[arg-type]


def volume(value: float, concept: str) -> dict[str, object]:
    return {"calculator": "volume_ml", "value": value, "unit": "mL", "structures": [concept]}


def test_the_interval_of_the_liver_is_the_largest_studys() -> None:
    found = reference_for(organ("liver"))
    assert found is not None
    assert (found.low, found.high) == (824.5, 1700.0)
    assert "Kim" in found.source
    assert "DOI not seen" in found.identifier


def test_a_standard_deviation_is_widened_and_says_so() -> None:
    found = reference_for(organ("pancreas"))
    assert found is not None
    assert found.basis == "mean ± 2 SD, from the source's mean and SD"
    assert (found.low, found.high) == pytest.approx((72.4 - 51.6, 72.4 + 51.6))


def test_a_quartile_range_is_no_reference_interval() -> None:
    assert all(row.low is None for row in references_for(organ("kidney", "right")) if "IQR" in row.basis)
    assert reference_for(organ("kidney", "right")) is None
    assert central_volume(organ("kidney", "right")) == pytest.approx((193.1 + 156.5 + 174 + 138) / 4, abs=10)


def test_a_range_in_the_row_is_preferred_to_a_computed_one() -> None:
    found = reference_for(organ("adrenal_gland", "left"))
    assert found is not None
    assert (found.low, found.high) == (2.85, 5.83)


def test_rows_about_children_and_masses_are_left_out() -> None:
    assert all(row.unit == "mL" for row in references())
    assert not any("children" in row.source for row in references())


@pytest.mark.parametrize(("value", "place"), [(1500.0, "within"), (2600.0, "outside"), (500.0, "outside")])
def test_outside_the_reference_is_no_failure_and_no_diagnosis(value: float, place: str) -> None:
    (finding,) = check_measurement(volume(value, "liver"), [organ("liver")])
    assert finding.passed
    assert f"{place} the reference" in finding.reason
    assert "abnormal" not in finding.reason
    assert "Kim" in finding.reason


@pytest.mark.parametrize("value", [20.0, 9000.0])
def test_beyond_our_own_limits_fails_and_says_whose_they_are(value: float) -> None:
    (finding,) = check_measurement(volume(value, "liver"), [organ("liver")])
    assert not finding.passed
    assert OURS in finding.reason


def test_three_metres_between_kidneys_are_implausible() -> None:
    measurement = {"calculator": "centre_distance_mm", "value": 3000.0, "unit": "mm", "structures": []}
    (finding,) = check_measurement(measurement, [organ("kidney", "left"), organ("kidney", "right")])
    assert not finding.passed
    assert not check_measurement({**measurement, "value": 150.0}, [])


def test_every_reference_lies_within_our_limits() -> None:
    for row in references():
        limits = volume_limits(organ(row.concept))
        for value in (row.low, row.central, row.high):
            assert value is None or limits.low < value < limits.high


def test_a_lumbar_vertebra_that_is_called_cervical_is_implausible() -> None:
    (wrong,) = check_measurement(volume(53.2, "C6"), [organ("vertebrae_C6")])
    assert not wrong.passed
    assert "look at the label" in wrong.reason
    assert not check_measurement(volume(53.2, "L3"), [organ("vertebrae_L3")])
