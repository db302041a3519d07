"""The corpus rules, each firing on a corpus that was built from scans."""

from __future__ import annotations

import json
from itertools import islice

import pytest

from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import FORMS, Question, UndecidableError, audit, build_question
from napari_spatialmed.questions.corpus import entropy_bits


def corpus(body: CaseGeometry, form: str, count: int, structures: list[str]) -> list[Question]:
    return [build_question(body, form, structures, seed=seed) for seed in range(count)]


def verdicts(questions: list[Question], **options) -> dict[tuple[str, str], bool | None]:
    return {(v.rule, v.reason.split(":")[0]): v.passed for v in audit(questions, **options).verdicts}


@pytest.fixture(scope="module")
def mixed(body: CaseGeometry) -> list[Question]:
    """Some hundred questions of all kinds."""
    found = []
    for form in FORMS.values():
        for seed in range(3):
            for candidate in islice(form.candidates(body), 8):
                try:
                    found.append(
                        build_question(
                            body, form.id, candidate.structures, params=candidate.params, seed=seed
                        )
                    )
                except UndecidableError:
                    continue
    return found


def test_what_the_forms_build_passes(mixed: list[Question]) -> None:
    found = audit(mixed)
    assert found.questions > 300
    assert found.passed, found.text()


def test_letters_that_favour_one_are_found(body: CaseGeometry) -> None:
    questions = [q for q in corpus(body, "vol.value", 200, ["liver"]) if q.answer in "AB"]
    broken = verdicts(questions)
    assert broken["O3", "The right letter"] is False
    assert broken["P3", "Majority letter"] is False


def test_ranks_that_favour_the_middle_are_found(body: CaseGeometry) -> None:
    def rank(question: Question) -> int:
        values = sorted(question.options, key=lambda text: float(text.split()[0]))
        return values.index(question.answer_text)

    questions = [q for q in corpus(body, "vol.value", 200, ["liver"]) if rank(q) in (1, 2)]
    broken = verdicts(questions)
    assert broken["O3", "The truth's rank"] is False
    assert broken["P3", "Middle option"] is False


def test_long_right_options_are_found(body: CaseGeometry) -> None:
    questions = []
    for question in corpus(body, "comp.pair", 60, ["spleen", "kidney_left"]):
        place = "ABC".index(question.answer)
        options = list(question.options)
        options[place] += " without any doubt, as the pictures of this scan show"
        questions.append(question.model_copy(update={"options": tuple(options)}))
    assert verdicts(questions)["P3", "Longest option"] is False


def test_a_word_that_is_nearly_always_right_is_found(body: CaseGeometry) -> None:
    questions = [
        build_question(body, "dir.axis", ["stomach", "spleen"], params={"axis": "AP"}, seed=seed)
        for seed in range(40)
    ]
    found = {baseline.name: baseline.at_chance for baseline in audit(questions).baselines}
    assert found["commonest word"] is False


def test_a_relation_that_never_differs_is_anatomy(body: CaseGeometry) -> None:
    one = build_question(body, "dir.axis", ["liver", "spleen"], params={"axis": "RL"})
    patients = [one.model_copy(update={"case": f"case-{n}", "id": f"q-{n}"}) for n in range(5)]
    assert audit(patients[:4]).constant_questions == ()
    found = audit(patients)
    assert set(found.constant_questions) == {q.id for q in patients}
    assert not found.passed
    assert "direction(RL): liver, spleen → right in 5 cases" in found.text()


def test_the_same_relation_seen_from_the_other_side_counts_once(body: CaseGeometry) -> None:
    there = build_question(body, "dir.axis", ["liver", "spleen"], params={"axis": "RL"})
    back = build_question(body, "dir.axis", ["spleen", "liver"], params={"axis": "RL"})
    found = audit([there.model_copy(update={"case": f"case-{n}"}) for n in range(3)] + [back])
    assert [(r.structures, r.answers, r.cases) for r in found.relations] == [
        (("liver", "spleen"), (("right", 4),), 4)
    ]


def test_one_patient_who_differs_makes_it_vision_again(body: CaseGeometry) -> None:
    one = build_question(body, "dir.axis", ["liver", "spleen"], params={"axis": "RL"})
    patients = [one.model_copy(update={"case": f"case-{n}", "id": f"q-{n}"}) for n in range(6)]
    patients.append(one.model_copy(update={"case": "case-9", "id": "q-9", "truth": "left"}))
    assert audit(patients).constant_questions == ()


@pytest.mark.parametrize("form", ["vol.value", "vol.interval", "vol.threshold"])
def test_a_number_that_points_to_the_same_option_in_every_patient_is_anatomy(
    form: str, body: CaseGeometry
) -> None:
    asked = build_question(body, form, ["liver"])
    value = float(build_question(body, "volest.absolute", ["liver"]).truth)

    def measured(*others: float) -> tuple[str, ...]:
        """The same question of this patient, beside others with livers of these sizes."""
        elsewhere = [
            asked.model_copy(
                update={
                    "case": f"case-{n}",
                    "id": f"q-{n}",
                    "truth": other,
                    "options": (),
                    "key": asked.key.model_copy(update={"form": "volest.absolute"}),
                }
            )
            for n, other in enumerate(others)
        ]
        return audit([asked, *elsewhere]).constant_questions

    alike = [value * factor for factor in (0.999, 0.9995, 1.0, 1.0005)]
    assert measured(*alike) == (asked.id,)
    assert measured(*alike[:3]) == (), "four patients are too few"
    assert measured(*alike, 0.1 * value, 9.0 * value) == (), "two differ"


def test_approximately_equal_must_be_the_truth_somewhere(body: CaseGeometry) -> None:
    never = corpus(body, "comp.pair", 15, ["spleen", "kidney_right"])
    assert [v.passed for v in audit(never).verdicts if v.rule == "O4"] == [False]
    assert [v.passed for v in audit(never[:5]).verdicts if v.rule == "O4"] == [None], "that happens by chance"
    equal = build_question(body, "comp.pair", ["left_atrium", "pancreas"])
    assert equal.truth == "equal"
    assert [v.passed for v in audit([*never, equal]).verdicts if v.rule == "O4"] == [True]


def test_a_held_out_blind_reader_is_reported(body: CaseGeometry) -> None:
    questions = [
        q.model_copy(update={"id": f"q-{n}"}) for n, q in enumerate(corpus(body, "vol.value", 80, ["liver"]))
    ]
    knows = verdicts(questions, blind={q.id: True for q in questions})
    guesses = verdicts(questions, blind={q.id: n % 4 == 0 for n, q in enumerate(questions)})
    assert knows["P3", "Held-out blind reader"] is False
    assert guesses["P3", "Held-out blind reader"] is True


def test_too_few_questions_are_not_judged(body: CaseGeometry) -> None:
    assert audit(corpus(body, "vol.value", 6, ["liver"])).letters.p is None
    assert audit([]).passed


def test_the_audit_is_json_and_reads_like_a_table(mixed: list[Question]) -> None:
    found = audit(mixed)
    assert json.loads(json.dumps(found.to_dict()))["questions"] == len(mixed)
    assert "blind rules" in found.text()
    assert "nan" not in found.text().lower()
    assert "not judged below" not in found.text()


def test_questions_of_no_form_are_said_to_be_left_out(body: CaseGeometry) -> None:
    (question,) = corpus(body, "vol.value", 1, ["liver"])
    foreign = question.model_copy(update={"key": question.key.model_copy(update={"form": "imported"})})
    assert "  not judged below: 1 question of no form known here" in audit([question, foreign]).text()


def test_entropy_of_a_coin_is_one_bit() -> None:
    assert entropy_bits([5, 5]) == pytest.approx(1.0)
    assert entropy_bits([7]) == 0.0
    assert entropy_bits([]) == 0.0
