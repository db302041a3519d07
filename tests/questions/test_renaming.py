"""What other names do to a question: carried over where only the spelling differs, stale where the meaning does."""

from __future__ import annotations

from napari_spatialmed.case import renamed
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import after_renaming, build_question, recompute
from napari_spatialmed.questions.model import Question


def meant(geometry: CaseGeometry) -> dict[str, tuple[int, str]]:
    return {s.name: (s.label, s.title) for s in geometry.case}


def names(geometry: CaseGeometry, **others: str) -> dict[int, str]:
    """The body's names, some of them called otherwise."""
    return {s.label: others.get(s.name, s.name) for s in geometry.case}


def test_another_spelling_is_carried_over_and_the_answer_still_computes(editable_body: CaseGeometry) -> None:
    question = build_question(editable_body, "dist.surface_value", ("kidney_right", "kidney_left"), seed=3)
    before = meant(editable_body)
    after = renamed(editable_body.case, names(editable_body, kidney_left="left kidney"))
    found = after_renaming(question, before, after)
    assert found is not None
    assert found.stale == ""
    assert found.fields["key"]["structures"] == ["kidney_right", "left kidney"]
    editable_body.rename(after)
    spelled = Question.model_validate(question.model_dump(mode="json") | found.fields)
    assert spelled.stem == question.stem
    assert recompute(spelled, editable_body).matches
    assert not recompute(question, editable_body).matches


def test_another_meaning_makes_it_stale(body: CaseGeometry) -> None:
    question = build_question(body, "vol.value", ("spleen",), seed=3)
    after = renamed(body.case, names(body, spleen="stomach", stomach="spleen"))
    found = after_renaming(question, meant(body), after)
    assert found is not None
    assert found.fields == {}
    assert found.stale == "names corrected: what was called spleen (label 2) is stomach"


def test_a_question_about_something_else_is_left_alone(body: CaseGeometry) -> None:
    question = build_question(body, "vol.value", ("spleen",), seed=3)
    assert after_renaming(question, meant(body), renamed(body.case, names(body, liver="pelvis"))) is None


def test_what_a_name_meant_when_the_question_was_made_counts(body: CaseGeometry) -> None:
    """Opened under a wrong table and put right, a benchmark's questions are as right as they were."""
    question = build_question(body, "vol.value", ("spleen",), seed=3)
    wrong = renamed(body.case, names(body, spleen="stomach", stomach="spleen"))
    right = renamed(wrong, names(body))
    assert after_renaming(question, meant(body), right) is None
