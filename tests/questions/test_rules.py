"""Every rule, firing on a question that was built from a scan and then edited as a curator might."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from pydantic import JsonValue

from napari_spatialmed.case import make_case
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import (
    RULES,
    BadKeyError,
    Question,
    audit,
    build_question,
    check_question,
    check_text,
    check_truth,
    evaluate,
    failed,
    recompute,
)
from napari_spatialmed.questions.numbers import read_number

from .conftest import make_body

Edit = Callable[[Question], Question]


def stem(text: str) -> Edit:
    return lambda question: question.model_copy(update={"stem": text})


def option(change: Callable[[Question, list[str]], None]) -> Edit:
    def edit(question: Question) -> Question:
        options = list(question.options)
        change(question, options)
        return question.model_copy(update={"options": tuple(options)})

    return edit


def params(**values: object) -> Edit:
    def edit(question: Question) -> Question:
        key = question.key.model_copy(update={"params": question.key.params | values})
        return question.model_copy(update={"key": key})

    return edit


def field(**values: object) -> Edit:
    return lambda question: question.model_copy(update=values)


def place(question: Question) -> int:
    return "ABCD".index(question.answer)


def other(question: Question) -> int:
    return (place(question) + 1) % len(question.options)


def put(where: Callable[[Question], int], text: str) -> Edit:
    return option(lambda question, options: options.__setitem__(where(question), text))


def close_to_truth(question: Question, options: list[str]) -> None:
    value = read_number(options[place(question)])
    assert value is not None
    options[other(question)] = f"{value.value + 1:.{value.decimals}f} {value.unit}"


VOLUME = ("vol.value", ["liver"], {})
RANGE = ("vol.interval", ["liver"], {})
DIRECTION = ("dir.axis", ["liver", "spleen"], {"axis": "AP"})
MOST = ("dir.most", ["liver", "spleen", "pancreas", "gallbladder"], {"towards": "anterior"})
PAIR = ("comp.pair", ["spleen", "liver"], {})
RANK = ("comp.rank", ["spleen", "liver", "gallbladder"], {})
OPEN = ("volest.absolute", ["liver"], {})
LESIONS = ("volest.absolute", ["kidney_tumor"], {})
BOX = ("ext.box", ["liver"], {})
NEAREST = ("dist.nearest", ["spleen", "pancreas", "liver", "kidney_right"], {"between": "surfaces"})
LARGEST = ("comp.largest", ["spleen", "liver", "gallbladder"], {"size": "largest"})
TEXT_EDITS = [
    ("G1", VOLUME, stem("Which volume does the liver have, if 900 mL are normal?")),
    ("G1", VOLUME, stem("Which volume does the liver have, given five millilitres of blood?")),
    (
        "G1",
        DIRECTION,
        stem("Along the anterior–posterior axis, how do the liver and the spleen, 2 mm apart, lie?"),
    ),
    ("G2", VOLUME, lambda q: q.model_copy(update={"answer": "ABCD"[other(q)]})),
    ("G2", VOLUME, field(answer="F")),
    ("G2", VOLUME, put(place, "1 mL")),
    ("G2", DIRECTION, put(place, "superior")),
    ("G2", RANK, put(place, "gallbladder > liver > spleen")),
    ("G2", OPEN, field(answer="12.0")),
    ("G2", VOLUME, field(truth=77.0)),
    ("G2", DIRECTION, stem("Along the anterior–posterior axis, where is the spleen relative to the liver?")),
    ("G2", PAIR, stem("Relative to the spleen, how large is the liver by volume?")),
    ("G2", NEAREST, stem("Which of these structures lies farthest from the spleen, between surfaces?")),
    ("G2", RANK, stem("Rank the spleen, the liver and the gallbladder by volume, smallest first.")),
    ("G2", LARGEST, stem("Which of these structures is the smallest by volume?")),
    ("G3", VOLUME, stem("How many voxels does the liver have?")),
    ("G3", VOLUME, put(other, "40 mm")),
    ("G3", VOLUME, put(other, "40")),
    ("G3", OPEN, stem("How large is the liver?")),
    ("G4", DIRECTION, stem("Along the y axis, where is the liver relative to the spleen?")),
    ("G4", DIRECTION, stem("Along the superior–inferior axis, where is the liver relative to the spleen?")),
    ("G4", DIRECTION, stem("Where is the liver relative to the spleen?")),
    ("G4", MOST, stem("Which of these structures has the most posterior centre?")),
    ("G5", VOLUME, stem("On this T2-weighted MRI, what is the volume of the liver?")),
    ("G6", VOLUME, field(label_sha256="")),
    ("G6", VOLUME, field(segmentation="")),
    ("U5", VOLUME, stem("What is the volume of this organ?")),
    ("U5", VOLUME, stem("What is the volume of the spleen?")),
    ("U5", LESIONS, stem("What is the volume of the kidney tumor, in mL?")),
    ("O1", VOLUME, option(close_to_truth)),
    ("O1", VOLUME, put(other, "quite large")),
    ("O1", BOX, option(lambda q, o: o.__setitem__(other(q), o[place(q)]))),
    ("O2", RANGE, option(lambda q, o: o.__setitem__(other(q), "1 to under 5000 mL"))),
    ("O2", RANGE, option(lambda q, o: o.__setitem__(other(q), "large"))),
    ("O2", RANGE, option(lambda q, o: o.__setitem__(other(q), "900 to under 20 mL"))),
    ("O2", RANGE, field(truth=0.5)),
    ("O4", PAIR, put(other, "cannot be compared")),
    ("O4", PAIR, option(lambda q, o: o.__setitem__(2, "approximately equal"))),
    ("O4", PAIR, option(lambda q, o: o.__setitem__(other(q), o[place(q)]))),
    (
        "O5",
        DIRECTION,
        lambda q: stem(f"Along that axis, how {q.answer_text} does the liver lie to the spleen?")(q),
    ),
    ("O5", VOLUME, lambda q: stem(f"Does the liver have a volume of {q.answer_text}, or which?")(q)),
    ("O5", DIRECTION, params(titles={"liver": "anterior liver", "spleen": "spleen"})),
    ("O7", VOLUME, option(lambda q, o: o.__setitem__(other(q), o[other(q)].replace(" mL", ".123 mL")))),
    ("O7", OPEN, lambda q: q.model_copy(update={"answer": f"{q.truth:.3f}"})),
]


@pytest.mark.parametrize(("rule", "made", "edit"), TEXT_EDITS)
def test_a_text_rule_fires_as_the_curator_types(rule: str, made, edit: Edit, body: CaseGeometry) -> None:
    form, structures, chosen = made
    question = build_question(body, form, structures, params=chosen, seed=4)
    assert failed(check_text(question)) == []
    broken = {verdict.rule: verdict for verdict in failed(check_text(edit(question)))}
    assert rule in broken
    assert broken[rule].member == "rules"
    assert broken[rule].reason.endswith(".")


def change_labels(name: str, box: tuple[slice, ...], value: int) -> Callable[[CaseGeometry], None]:
    def change(geometry: CaseGeometry) -> None:
        geometry.case.labels[box] = value
        geometry.update(box)

    return change


def erase(name: str, keep: int) -> Callable[[CaseGeometry], None]:
    def change(geometry: CaseGeometry) -> None:
        labels = geometry.case.labels
        found = np.flatnonzero(labels == geometry.case[name].label)
        labels.flat[found[keep:]] = 0
        geometry.update(slice(0, labels.shape[0]))

    return change


def grow_to_border(geometry: CaseGeometry) -> None:
    geometry.case.labels[:, -1, 60] = geometry.case["liver"].label
    geometry.update(slice(0, geometry.case.labels.shape[0]))


def level_with_the_spleen(geometry: CaseGeometry) -> None:
    moved = make_body(shift={"spleen": (0, 28, 0), "stomach": (0, -60, 0)})
    geometry.case.labels[:] = moved.labels
    geometry.update(slice(0, geometry.case.labels.shape[0]))


def split_the_liver(geometry: CaseGeometry) -> None:
    labels = geometry.case.labels
    where = np.nonzero(labels == geometry.case["liver"].label)
    labels[(where[0].min() + where[0].max()) // 2 + np.array([-1, 0, 1])] = 0
    geometry.update(slice(0, labels.shape[0]))


def double_the_tumor(geometry: CaseGeometry) -> None:
    geometry.case.labels[2:14, 2:14, 2:14] = geometry.case["liver_tumor"].label
    geometry.update(slice(2, 14))


def hang_the_tumor_out_of_the_liver(geometry: CaseGeometry) -> None:
    labels = geometry.case.labels
    labels[labels == geometry.case["liver"].label] = geometry.case["stomach"].label
    labels[:, :, : labels.shape[2] // 4] = 0
    geometry.update(slice(0, labels.shape[0]))


TRUTH_EDITS = [
    ("U4", ("volest.burden", ["liver_tumor", "liver"], {}), hang_the_tumor_out_of_the_liver),
    ("G2", VOLUME, erase("liver", 60_000)),
    ("G2", VOLUME, erase("liver", 0)),
    ("G6", VOLUME, erase("spleen", 3000)),
    ("U1", DIRECTION, level_with_the_spleen),
    ("U2", VOLUME, grow_to_border),
    ("U3", VOLUME, erase("liver", 40)),
    ("U3", BOX, split_the_liver),
    ("U5", ("dist.centre_value", ["liver_tumor", "spleen"], {}), double_the_tumor),
]


@pytest.mark.parametrize(("rule", "made", "change"), TRUTH_EDITS)
def test_a_truth_rule_fires_after_an_edit_of_the_labels(
    rule: str, made, change, editable_body: CaseGeometry
) -> None:
    form, structures, chosen = made
    question = build_question(editable_body, form, structures, params=chosen, seed=4)
    assert failed(check_truth(question, editable_body)) == []
    change(editable_body)
    assert rule in {verdict.rule for verdict in failed(check_truth(question, editable_body))}


@pytest.mark.parametrize(
    ("rule", "made", "edit"),
    [
        ("U5", VOLUME, stem("What is the volume of the liver, next to the spleen?")),
        ("U6", PAIR, params(tolerance=81)),
        ("U6", ("vol.threshold", ["spleen"], {}), params(thresholds=[40, 60, 80, 99.999])),
        ("O6", ("dist.within", ["spleen", "kidney_left", "liver", "gallbladder"], {}), params(margin=9)),
        ("G2", DIRECTION, params(axis="RL")),
        ("G5", VOLUME, field(provenance={"modality": "MR"})),
        ("G6", VOLUME, field(case="case-000000000000")),
        (
            "G6",
            VOLUME,
            lambda q: q.model_copy(update={"key": q.key.model_copy(update={"calculators_version": "0"})}),
        ),
    ],
)
def test_a_truth_rule_fires_on_an_edited_question(rule: str, made, edit: Edit, body: CaseGeometry) -> None:
    form, structures, chosen = made
    question = edit(build_question(body, form, structures, params=chosen, seed=4))
    assert rule in {verdict.rule for verdict in failed(check_truth(question, body))}


def test_a_contest_that_is_none_breaks_o6(body: CaseGeometry) -> None:
    question = build_question(
        body, "dist.nearest", ["spleen", "pancreas", "liver", "kidney_right"], params={"between": "surfaces"}
    )
    # The left kidney is 8 mm from the spleen, the liver ten times as far.
    swapped = question.key.model_copy(
        update={"structures": ("spleen", "kidney_left", "liver", "kidney_right")}
    )
    verdicts = {v.rule: v for v in check_question(question.model_copy(update={"key": swapped}), body)}
    assert verdicts["O6"].passed is False
    assert "factor" in verdicts["O6"].reason


def test_a_key_that_names_no_form_is_a_verdict_and_no_crash(body: CaseGeometry) -> None:
    question = build_question(body, "vol.value", ["liver"])
    unknown = question.model_copy(update={"key": question.key.model_copy(update={"form": "vol.guess"})})
    assert [verdict.rule for verdict in failed(check_question(unknown, body))] == ["G2"]


@pytest.mark.parametrize(
    ("form", "structures", "params"),
    [
        ("comp.pair", ("liver",), {}),
        ("comp.pair", ("liver", "liver"), {}),
        ("dir.axis", ("liver", "spleen"), {"axis": "up"}),
        ("dir.axis", ("liver", "spleen"), {}),
        ("dir.quadrant", ("liver", "spleen"), {"plane": None}),
        ("comp.largest", ("liver", "spleen", "aorta"), {"size": ["largest"]}),
    ],
)
def test_a_key_that_its_form_cannot_take_is_a_verdict_and_no_crash(
    body: CaseGeometry, form: str, structures: tuple[str, ...], params: dict[str, JsonValue]
) -> None:
    question = build_question(body, "vol.value", ["liver"])
    key = question.key.model_copy(update={"form": form, "structures": structures, "params": params})
    foreign = question.model_copy(update={"key": key})
    assert [verdict.rule for verdict in check_question(foreign, body)] == ["G2"]
    again = recompute(foreign, body)
    assert not again.matches
    assert "the answer key" in again.reason
    assert audit([foreign]).unknown_forms == (foreign.id,)
    with pytest.raises(BadKeyError):
        evaluate(key, body)


def test_a_structure_that_this_scan_lacks_is_a_verdict_and_no_crash(body: CaseGeometry) -> None:
    question = build_question(body, "vol.value", ["liver"])
    empty = make_case(np.pad(np.ones((8, 8, 8), np.uint8), 4), np.eye(4), names={1: "spleen"})
    broken = {verdict.rule for verdict in failed(check_truth(question, CaseGeometry(empty)))}
    assert {"G2", "G6"} <= broken


def test_checking_text_keeps_up_with_typing(body: CaseGeometry) -> None:
    question = build_question(body, "comp.rank", ["spleen", "liver", "gallbladder"])
    check_text(question)
    start = time.process_time()
    for _ in range(50):
        check_text(question)
    assert (time.process_time() - start) / 50 < 0.020


def test_one_verdict_for_each_rule_of_the_form(body: CaseGeometry) -> None:
    question = build_question(body, "vol.value", ["liver"])
    verdicts = check_question(question, body)
    assert [v.rule for v in verdicts] == [
        r for r in RULES if r in question.rules and "corpus" not in RULES[r].scope
    ]
    assert all(v.reason for v in verdicts)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_says_in_words_why_it_exists(rule) -> None:
    assert len(rule.title) > 8
    assert rule.reason.endswith(".")
    assert rule.scope


def test_a_single_rule_can_be_asked(body: CaseGeometry) -> None:
    question = build_question(body, "vol.value", ["liver"])
    assert [v.passed for v in RULES["G2"].check(question, body)] == [True]
    assert RULES["U2"].check(question) == []
    assert RULES["P2"].check(question, body) == []
    assert RULES["V1"].verdict(False, "The pancreas is on no picture.", member="views").rule == "V1"
