"""The held-out reader: what other patients tell about this one, and where that is nothing."""

from __future__ import annotations

import pytest

from napari_spatialmed.agents.baseline import above_chance, held_out_blind
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import Question, build_question
from napari_spatialmed.questions.numbers import numbers_in


def in_patients(questions: list[Question]) -> list[Question]:
    return [q.model_copy(update={"id": f"q-{n}", "case": f"case-{n}"}) for n, q in enumerate(questions)]


def livers(geometry: CaseGeometry, form: str, count: int = 24) -> list[Question]:
    return in_patients([build_question(geometry, form, ["liver"], seed=seed) for seed in range(count)])


@pytest.mark.parametrize("form", ["vol.value", "vol.interval"])
def test_patients_who_are_all_alike_are_told_by_each_other(form: str, geometry: CaseGeometry) -> None:
    questions = livers(geometry, form)
    right = held_out_blind(questions)
    assert all(right.values())
    assert [b.name for b in above_chance(questions, right)] == [form]


def test_other_scans_of_the_same_patient_tell_nothing(geometry: CaseGeometry) -> None:
    questions = livers(geometry, "vol.value")
    right = held_out_blind(questions, {q.case: "the same patient" for q in questions})
    assert sum(right.values()) < 0.6 * len(questions)
    assert sum(right.values()) > 0, "it still guesses"


def test_a_number_beyond_all_options_is_answered_with_the_nearest(geometry: CaseGeometry) -> None:
    question = build_question(geometry, "vol.interval", ["liver"], seed=1)
    low = min(numbers_in(option)[0].value for option in question.options)
    small = question.model_copy(update={"case": "another", "id": "q-2", "truth": 0.5 * low})
    right = held_out_blind([question, small])
    assert right[question.id] == (question.answer == "A")


def test_too_few_questions_of_a_form_say_nothing(geometry: CaseGeometry) -> None:
    questions = livers(geometry, "vol.value", 19)
    assert above_chance(questions, held_out_blind(questions)) == []


def test_a_box_is_told_by_all_its_numbers(geometry: CaseGeometry) -> None:
    questions = in_patients([build_question(geometry, "ext.box", ["liver"], seed=seed) for seed in range(24)])
    assert all(held_out_blind(questions).values())
