"""Claims in an explanation, checked against measurements; and what kind of error a wrong answer is."""

from __future__ import annotations

import pytest

from napari_spatialmed.benchmark import create
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation.claims import Facts, facts_of, find_claims
from napari_spatialmed.evaluation.faithfulness import (
    classify_error,
    judge_explanation,
    override_error,
    overrides,
)

FACTS = Facts(
    titles={"liver": "liver", "spleen": "spleen", "kidney_left": "left kidney", "kidney_right": "right kidney"},
    measurements=(
        {"calculator": "volume_ml", "value": 1500.0, "unit": "mL", "uncertainty": 30.0, "structures": ["liver"]},
        {"calculator": "centre_distance_mm", "value": 120.0, "unit": "mm", "uncertainty": 2.0, "structures": ["liver", "spleen"]},
        {"calculator": "direction", "value": {"RL": "right", "AP": None, "SI": "superior"}, "unit": "", "structures": ["liver", "spleen"]},
        {"calculator": "centroid_ras_mm", "value": [60.0, 0.0, 0.0], "unit": "mm", "structures": ["kidney_right"]},
        {"calculator": "centroid_ras_mm", "value": [-60.0, 0.0, 20.0], "unit": "mm", "structures": ["kidney_left"]},
    ),
    volumes_ml={"liver": 1500.0, "spleen": 200.0},
    visible={"liver": 900, "spleen": 3},
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind", "holds"),
    [
        ("The liver lies to the right of the spleen.", "direction", True),
        ("The liver is left of the spleen.", "direction", False),
        ("The liver is not left of the spleen.", "direction", True),
        ("The spleen lies inferior to the liver.", "direction", True),
        ("The spleen sits above the liver.", "direction", False),
        ("The left kidney is superior to the right kidney.", "direction", True),
        ("The left kidney lies anterior to the right kidney.", "direction", None),
        ("The liver is much larger than the spleen.", "comparison", True),
        ("The liver is smaller than the spleen.", "comparison", False),
        ("The liver is not larger than the spleen.", "comparison", False),
        ("The liver is larger than the left kidney.", "comparison", None),
        ("The liver measures about 1.45 L.", "number", True),
        ("The liver measures about 900 mL.", "number", False),
        ("The spleen is around 210 mL.", "number", True),
        ("The distance from liver to spleen is 12.5 cm.", "number", True),
        ("The distance from liver to spleen is 60 mm.", "number", False),
        ("The liver is visible.", "seen", True),
        ("The spleen is not visible on these slices.", "seen", True),
        ("I cannot see the liver.", "seen", False),
        ("The left kidney is visible.", "seen", None),
    ],
)
def test_a_claim_is_found_and_checked(text, kind, holds):
    claims = [c for c in find_claims(text, FACTS) if c.kind == kind]
    assert [c.holds for c in claims] == [holds], find_claims(text, FACTS)


@pytest.mark.parametrize(
    "text",
    [
        "ANSWER: B",
        "ANSWER: the liver is smaller than the spleen",
        "Nothing here names a structure and 300 mL means nothing.",
        "<think>The liver is left of the spleen.</think>",
        "The liver and the spleen belong to the upper abdomen.",
        "",
    ],
)
def test_what_claims_nothing_is_left_alone(text):
    assert find_claims(text, FACTS) == []


def test_an_explanation_is_right_if_all_that_was_checked_holds():
    right = find_claims(
        "The liver is visible. It is the largest. The liver is larger than the spleen.", FACTS
    )
    mixed = find_claims("The liver is visible. The liver is left of the spleen.", FACTS)
    nothing = find_claims("The liver is larger than the left kidney.", FACTS)
    assert [judge_explanation(c) for c in (right, mixed, nothing)] == ["right", "wrong", "nothing to check"]


@pytest.mark.parametrize(
    ("task", "outcome", "text", "expected"),
    [
        ("DIR", "correct", "", None),
        ("DIR", "refused", "", None),
        ("DIR", "unparsed", "", "linguistic"),
        ("DIR", "wrong", "I cannot see the liver.", "visual perception"),
        ("VOL", "wrong", "The liver is left of the spleen.", "relational"),
        ("DIR", "wrong", "The liver measures 3 mL.", "numeric"),
        ("DIR", "wrong", "", "relational"),
        ("VOLEST", "wrong", "", "numeric"),
    ],
)
def test_errors_are_classed(task, outcome, text, expected):
    assert classify_error(task, outcome, find_claims(text, FACTS)) == expected


def test_a_curator_overrules_and_the_last_word_holds(tmp_path):
    benchmark = create(tmp_path / "b.spatialmed.jsonl", actor="a curator")
    override_error(benchmark, "key-1", "linguistic", "it misread the stem")
    override_error(benchmark, "key-1", "numeric")
    assert overrides(benchmark.state) == {"key-1": "numeric"}
    with pytest.raises(SpatialMedError, match="no error class"):
        override_error(benchmark, "key-1", "bad luck")


def test_facts_come_from_the_questions_own_record(choice, number):
    assert facts_of(number).volumes_ml == {"left": 100.0}
    assert facts_of(choice).titles == {"left": "left marker", "right": "right marker"}
