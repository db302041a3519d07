"""Every form on the body of boxes; truths worked out by hand."""

from __future__ import annotations

from itertools import islice

import pytest

from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import (
    FORMS,
    PAPER_TASKS,
    RULES,
    AnswerKey,
    Question,
    UndecidableError,
    build_question,
    check_question,
    evaluate,
    failed,
    recompute,
)
from napari_spatialmed.questions.form import fill

from .conftest import make_body


def key(form: str, *structures: str, **params) -> AnswerKey:
    return AnswerKey(task=FORMS[form].task, form=form, structures=structures, params=params)


@pytest.mark.parametrize("task", PAPER_TASKS)
def test_each_task_of_the_paper_has_at_least_two_forms(task: str) -> None:
    assert sum(form.task == task for form in FORMS.values()) >= 2


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_form_has_three_phrasings_that_fill_completely(form) -> None:
    assert len(set(form.phrasings)) >= 3
    assert form.id.startswith(form.task.casefold() + ".")
    assert form.description.endswith(".")
    for phrasing in form.phrasings:
        assert not any(char.isdigit() for char in fill(phrasing, {}))


@pytest.mark.parametrize("form_id", FORMS)
def test_a_form_builds_questions_that_pass_every_rule(form_id: str, body: CaseGeometry) -> None:
    form = FORMS[form_id]
    built, refused = [], []
    for candidate in islice(form.candidates(body), 60):
        try:
            built.append(build_question(body, form_id, candidate.structures, params=candidate.params, seed=3))
        except UndecidableError as error:
            refused.append(error)
    assert all(error.rule in RULES and error.reason.endswith(".") for error in refused)
    if form_id in NOT_ON_THE_BODY:
        assert not built
        return
    assert built
    for question in built:
        assert failed(check_question(question, body)) == [], question
        assert recompute(question, body).matches
        assert "{" not in question.stem
        assert Question.model_validate_json(question.model_dump_json()) == question


NOT_ON_THE_BODY = {"volest.difference"}
"""Those that need what one small body doesn't have: a second scan."""


@pytest.mark.parametrize(
    ("asked", "truth"),
    [
        (key("dir.axis", "liver", "spleen", axis="RL"), "right"),
        (key("dir.axis", "spleen", "liver", axis="RL"), "left"),
        (key("dir.axis", "vertebrae_L1", "liver", axis="SI"), "inferior"),
        (key("dir.quadrant", "kidney_left", "liver", plane="coronal"), "inferior and left"),
        (key("dir.most", "liver", "spleen", "pancreas", "gallbladder", towards="anterior"), "gallbladder"),
        (key("dir.most", "liver", "spleen", "pancreas", "gallbladder", towards="left"), "spleen"),
        (key("dir.quarter", "liver", axis="SI"), "third"),
        (key("dir.range", "pancreas", axis="SI"), {"from": 90.0, "to": 114.0}),
        (key("ext.box", "liver"), {"RL": 100.0, "AP": 80.0, "SI": 70.0}),
        (key("ext.axis_value", "kidney_left", axis="SI"), 64.0),
        (key("ext.longest_axis", "kidney_left"), "SI"),
        (key("vol.value", "spleen"), 20 * 25 * 25 * 0.008),
        (key("vol.threshold", "spleen", thresholds=[60, 80, 120, 160]), 80.0),
        (key("volest.ratio", "spleen", "kidney_left"), 12500 / 10880),
        (key("comp.pair", "spleen", "kidney_left", tolerance=10), "larger"),
        (key("comp.pair", "kidney_left", "spleen", tolerance=20), "equal"),
        (key("comp.rank", "spleen", "liver", "gallbladder"), ["liver", "spleen", "gallbladder"]),
        (key("comp.largest", "spleen", "pancreas", "gallbladder", size="smallest"), "gallbladder"),
        (key("dist.surface_value", "spleen", "kidney_left"), 8.0),
        (
            key("dist.nearest", "spleen", "kidney_left", "liver", "pancreas", between="surfaces"),
            "kidney_left",
        ),
        (key("dist.farthest", "spleen", "kidney_left", "liver", "pancreas", between="surfaces"), "liver"),
        (key("cont.contact", "liver", "gallbladder", "spleen", "urinary_bladder"), "gallbladder"),
        (key("dir.side", "liver_tumor"), "right"),
        (key("ext.diameter_value", "spleen"), 2 * (19**2 + 24**2 + 24**2) ** 0.5),
        (key("volest.burden", "liver_tumor", "liver"), 100 * 1728 / (50 * 40 * 35 - 5 * 64)),
        (key("count.lesions", "liver_cyst"), 5.0),
        (key("count.by_host", "liver_cyst", "liver"), 5.0),
        (key("cont.host", "pancreas_tumor", "pancreas", "liver", "stomach", "spleen"), "pancreas"),
        (key("cont.encasement", "portal_vein", "pancreas_tumor"), "part"),
        (key("marg.class", "pancreas_tumor", "portal_vein"), "contact"),
        (key("marg.class", "liver_tumor", "portal_vein"), "clear"),
        (
            key(
                "marg.nearest_vessel",
                "liver_tumor",
                "portal_vein",
                "inferior_vena_cava",
                "aorta",
                between="surfaces",
            ),
            "portal_vein",
        ),
        (key("shape.elongation", "kidney_left", "spleen", "pancreas", which="most"), "pancreas"),
        (key("shape.sphericity", "kidney_left", "spleen", "celiac_trunk", which="most"), "spleen"),
        (key("dist.within", "spleen", "kidney_left", "liver", "gallbladder", margin=20), "kidney_left"),
    ],
    ids=lambda value: value.form if isinstance(value, AnswerKey) else "",
)
def test_truths_worked_out_by_hand(asked: AnswerKey, truth, body: CaseGeometry) -> None:
    found = evaluate(asked, body).truth
    assert found == (pytest.approx(truth) if isinstance(truth, float | dict) else truth)


def test_the_candidates_of_a_comparison_offer_all_three_answers(body: CaseGeometry) -> None:
    form = FORMS["comp.pair"]
    truths = {
        build_question(body, form.id, candidate.structures).truth
        for candidate in islice(form.candidates(body), 3)
    }
    assert truths >= {"larger", "smaller"}


def test_no_two_options_of_a_box_share_a_number(body: CaseGeometry) -> None:
    for seed in range(20):
        question = build_question(body, "ext.box", ["liver"], seed=seed)
        columns = zip(*(option.split(", ") for option in question.options), strict=True)
        assert all(len(set(column)) == 4 for column in columns)


def test_two_scans_are_compared_by_whoever_holds_both(body: CaseGeometry) -> None:
    grown = make_body()
    grown.labels[2:12, 2:12, 2:12] = grown["spleen"].label
    others = {"case-second": CaseGeometry(grown)}
    question = build_question(body, "volest.difference", ["spleen"], others=others)
    assert question.truth == pytest.approx(8.0)
    assert question.key.params["other_case"] == "case-second"
    assert recompute(question, body, others=others).matches
    assert failed(check_question(question, body, others=others)) == []
    alone = recompute(question, body)
    assert not alone.matches
    assert "case-second" in alone.reason


def test_quarters_that_earlier_files_call_otherwise_are_still_read(body: CaseGeometry) -> None:
    question = build_question(body, "dir.quarter", ["spleen"], params={"axis": "RL"})
    earlier = {
        "outer quarter on the left side": "most left quarter",
        "inner quarter on the left side": "second most left quarter",
        "inner quarter on the right side": "second most right quarter",
        "outer quarter on the right side": "most right quarter",
    }
    assert set(question.options) == set(earlier)
    old = question.model_copy(update={"options": tuple(earlier[text] for text in question.options)})
    assert recompute(old, body).matches
