"""Building a question and going back from it to its answer."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from napari_spatialmed.case import UnknownStructureError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import (
    Question,
    UndecidableError,
    UnknownFormError,
    asked_axes,
    build_question,
    check_text,
    draft,
    failed,
    recompute,
    what_depends_on,
)

from .conftest import make_body


def test_the_same_seed_gives_the_same_question_and_another_seed_another_order(body: CaseGeometry) -> None:
    first, again = (build_question(body, "vol.value", ["liver"], seed=5) for _ in range(2))
    assert first == again
    assert len({build_question(body, "vol.value", ["liver"], seed=s).options for s in range(8)}) > 4


def test_a_question_is_json_and_comes_back_the_same(body: CaseGeometry) -> None:
    question = build_question(body, "dist.centre_threshold", ["liver", "spleen"], seed=1)
    assert Question.model_validate(json.loads(question.model_dump_json())) == question
    assert question.id.startswith("q-")
    assert len(question.label_sha256) == 64
    assert question.provenance["modality"] == "CT"


def test_titles_are_understood_as_names(body: CaseGeometry) -> None:
    assert draft(body, "vol.value", ["left kidney"]).key.structures == ("kidney_left",)


def test_the_right_letter_is_evenly_spread(body: CaseGeometry) -> None:
    letters = Counter(build_question(body, "vol.value", ["liver"], seed=s).answer for s in range(400))
    assert all(60 <= letters[letter] <= 140 for letter in "ABCD")


def test_an_own_stem_is_kept_and_its_placeholders_filled(body: CaseGeometry) -> None:
    question = build_question(
        body,
        "dist.within",
        ["spleen", "kidney_left", "liver", "gallbladder"],
        stem="What lies within {margin} mm of {a}?",
    )
    assert question.stem == f"What lies within {question.key.params['margin']} mm of the spleen?"
    assert failed(check_text(question)) == []


def test_a_number_in_an_own_stem_is_found_out(body: CaseGeometry) -> None:
    question = build_question(
        body, "vol.value", ["liver"], stem="Is {a} larger than 1500 mL, and what is its volume?"
    )
    assert [verdict.rule for verdict in failed(check_text(question))] == ["G1"]


@pytest.mark.parametrize(
    ("form", "structures", "params", "rule"),
    [
        ("vol.value", ["aorta"], {}, "U2"),
        ("vol.value", ["adrenal_gland_left"], {}, "U3"),
        ("dir.axis", ["vertebrae_L1", "vertebrae_L3"], {"axis": "RL"}, "U1"),
        ("dist.centre_value", ["kidney_tumor", "liver"], {}, "U5"),
        ("dist.centre_value", ["liver"], {}, "U5"),
        ("dist.centre_value", ["liver", "liver"], {}, "U5"),
        ("dir.axis", ["liver", "kidney_left"], {"axis": "RL"}, "O5"),
        ("dir.axis", ["vertebrae_L1", "vertebrae_L3"], {"axis": "SI"}, "O5"),
        ("dir.axis", ["liver", "spleen"], {"axis": "z"}, "G4"),
        ("vol.threshold", ["liver"], {"thresholds": [1, 2]}, "G1"),
        ("dist.surface_value", ["spleen", "kidney_left"], {}, "O3"),
        ("dist.surface_interval", ["spleen", "kidney_left"], {}, "O2"),
        ("comp.rank", ["vertebrae_L1", "vertebrae_L3", "liver"], {}, "U6"),
        ("volest.burden", ["kidney_tumor", "kidney_left"], {}, "U4"),
        ("volest.burden", ["liver", "spleen"], {}, "U5"),
        ("cont.host", ["liver_tumor", "spleen", "stomach", "pancreas"], {}, "U4"),
        ("dir.side", ["aorta"], {}, "U2"),
        ("dir.side", ["vertebrae_L1"], {}, "U1"),
        ("dist.within", ["spleen", "liver", "gallbladder", "urinary_bladder"], {}, "O6"),
    ],
)
def test_what_is_undecidable_is_no_question(
    form: str, structures: list[str], params: dict[str, object], rule: str, body: CaseGeometry
) -> None:
    with pytest.raises(UndecidableError) as caught:
        build_question(body, form, structures, params=params)
    assert caught.value.rule == rule, caught.value.reason
    assert caught.value.reason.endswith(".")


def test_several_lesions_are_named_as_such(body: CaseGeometry) -> None:
    question = build_question(body, "volest.absolute", ["kidney_tumor"])
    assert "all parts together" in question.stem


def test_unknown_forms_and_structures_say_what_there_is(body: CaseGeometry) -> None:
    with pytest.raises(UnknownFormError, match=r"vol\.value"):
        build_question(body, "vol.valeu", ["liver"])
    with pytest.raises(UnknownStructureError, match="liver"):
        build_question(body, "vol.value", ["livre"])


def test_an_edit_of_the_labels_makes_exactly_the_dependent_questions_stale(
    editable_body: CaseGeometry,
) -> None:
    body = editable_body
    spleen = build_question(body, "vol.value", ["spleen"], seed=2)
    liver = build_question(body, "vol.value", ["liver"], seed=2)
    where = np.nonzero(body.case.labels == body.case["spleen"].label)
    region = tuple(slice(int(at.min()), int(at.max()) + 1) for at in where)
    body.case.labels[region][::2] = 0
    touched = body.update(region)
    assert touched == {"spleen"}
    assert what_depends_on(spleen) & touched
    assert not what_depends_on(liver) & touched
    assert not recompute(spleen, body).matches
    assert recompute(liver, body).matches


def test_recomputing_says_what_the_labels_now_give(body: CaseGeometry) -> None:
    question = build_question(body, "dir.axis", ["spleen", "stomach"], params={"axis": "AP"})
    assert question.truth == "posterior"
    moved = CaseGeometry(make_body(shift={"spleen": (0, 54, 0), "stomach": (0, -50, 0)}))
    again = recompute(question, moved)
    assert not again.matches
    assert again.truth == "anterior"
    assert "anterior" in again.reason


def test_digits_that_move_within_the_uncertainty_keep_the_answer(body: CaseGeometry) -> None:
    question = build_question(body, "dist.surface_value", ["liver", "kidney_left"], seed=1)
    shifted = question.model_copy(update={"truth": question.truth + 0.5})
    again = recompute(shifted, body)
    assert again.matches
    assert "stays" in again.reason


def test_the_axes_that_a_picture_must_show(body: CaseGeometry) -> None:
    plane = build_question(body, "dir.quadrant", ["liver", "pancreas"], params={"plane": "coronal"})
    assert asked_axes(plane) == ("SI", "RL")
    assert asked_axes(
        build_question(body, "dir.most", ["liver", "pancreas", "gallbladder"], params={"towards": "right"})
    ) == ("RL",)
    assert asked_axes(build_question(body, "vol.value", ["liver"])) == ()
