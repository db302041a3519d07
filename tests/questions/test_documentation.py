"""The reference pages name what there is, in the same words."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_spatialmed.questions import FORMS, RULES, build_question
from napari_spatialmed.questions.form import Takes
from napari_spatialmed.questions.kinds.amount import IntervalForm, amount_form
from napari_spatialmed.questions.quantities import Quantity, calculated
from napari_spatialmed.questions.rules import registry

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


def test_the_how_to_s_rule_works(body, monkeypatch) -> None:
    code = (DOCS / "how-to/new-rule.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    monkeypatch.setattr(registry, "_rules", {})
    exec(code, {})
    rule = registry._rules["G7"]
    question = build_question(body, "vol.value", ["liver"])
    assert [v.passed for v in rule.check(question)] == [True]
    long = question.model_copy(update={"stem": question.stem * 10})
    assert [v.passed for v in rule.check(long)] == [False]
    assert str(len(long.stem)) in rule.check(long)[0].reason


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
