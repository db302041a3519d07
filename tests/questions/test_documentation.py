"""The reference pages name what there is, in the same words."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_spatialmed.questions import FORMS, RULES
from napari_spatialmed.questions.form import Takes
from napari_spatialmed.questions.kinds.amount import IntervalForm, amount_form
from napari_spatialmed.questions.quantities import Quantity, calculated

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_stands_in_the_reference(form) -> None:
    page = (DOCS / "reference/forms.md").read_text(encoding="utf-8")
    row = next((line for line in page.splitlines() if line.startswith(f"| `{form.id}` |")), "")
    assert form.description in row


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_stands_in_the_reference(rule) -> None:
    page = (DOCS / "reference/rules.md").read_text(encoding="utf-8")
    row = next((line for line in page.splitlines() if line.startswith(f"| **{rule.id}** |")), "")
    assert rule.title in row
    assert rule.reason in row


def test_the_how_to_s_form_works(body) -> None:
    flatness = Quantity(
        unit="ratio", takes=Takes(1, 1, ("structure",)), read=calculated("flatness"), whole=1, highest=1.0
    )
    form = amount_form(
        IntervalForm,
        id="shape.flatness_interval",
        task="SHAPE",
        quantity=flatness,
        title="Range of flatness",
        description="Choose the range that holds the ratio of a structure's shortest to its longest axis.",
        phrasings=("Which range holds the flatness of {a}?",) * 3,
    )
    assert {"O2", "O7", "U2", "U3", "U6"} <= set(form.rules)
    assert any(candidate.structures == ("liver",) for candidate in form.candidates(body))
