"""What a whole benchmark must not hold: a word that is nearly always right, the same asked twice of one scan."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from napari_spatialmed import benchmark
from napari_spatialmed.agents.corpus_rules import (
    apply_corpus_rules,
    asked_twice,
    too_common,
    uneven_ranks,
)
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import Question, audit, build_question


def patients(question: Question, truths: str) -> list[Question]:
    """The question in one patient for each letter: S, A and R for the axis along which the spleen is longest."""
    words = {"S": "SI", "A": "AP", "R": "RL"}
    letters = {q: "ABC"[[o[0] for o in question.options].index(q.casefold())] for q in "SAR"}
    return [
        question.model_copy(
            update={"id": f"q-{n:012d}", "case": f"case-{n:012d}", "truth": words[t], "answer": letters[t]}
        )
        for n, t in enumerate(truths)
    ]


@pytest.fixture
def longest(geometry: CaseGeometry) -> Question:
    return build_question(geometry, "ext.longest_axis", ["spleen"])


def test_a_common_word_is_thinned_out_until_saying_it_does_not_pay(longest: Question) -> None:
    questions = patients(longest, "S" * 60 + "A" * 20 + "R" * 20)
    before = next(b for b in audit(questions).baselines if b.name == "commonest word")
    assert not before.at_chance
    gone = too_common(questions)
    left = [q for q in questions if q.id not in gone]
    assert Counter(str(q.truth) for q in left)["AP"] == 20
    after = next(b for b in audit(left).baselines if b.name == "commonest word")
    assert after.at_chance
    assert len(left) > 60
    assert too_common(questions[::-1]).keys() == gone.keys()


def test_a_few_questions_say_nothing_and_stay(longest: Question) -> None:
    assert too_common(patients(longest, "S" * 12 + "A" * 3)) == {}


def test_what_people_have_reviewed_stays(longest: Question, tmp_path: Path) -> None:
    book = benchmark.create(tmp_path / "b.spatialmed.jsonl", actor="test")
    questions = patients(longest, "S" * 30 + "A" * 4)
    for question in questions:
        book.propose(question)
    reviewed = questions[29]
    for name in ("a", "b", "c"):
        benchmark.open(book.path, actor=name).review(reviewed.id, 2)
    found = apply_corpus_rules(benchmark.open(book.path, actor="test"))
    assert found.surplus
    state = benchmark.open(book.path, actor="test").state
    assert state.questions[reviewed.id].status == "kept"
    assert state.funnel().by_rule == {"P3": len(found.surplus)}
    assert state.funnel().total.adds_up


def test_ranks_that_the_panel_left_uneven_are_evened_out(geometry: CaseGeometry) -> None:
    made = [build_question(geometry, "vol.value", ["liver"], seed=seed) for seed in range(120)]
    ranked = {rank: [q for q in made if q.answer == "ABCD"[rank]] for rank in range(4)}
    uneven = [*ranked[0][:15], *ranked[1][:20], *ranked[2], *ranked[2], *ranked[3][:12]]
    questions = [
        q.model_copy(update={"id": f"q-{n:012d}", "case": f"case-{n:012d}"}) for n, q in enumerate(uneven)
    ]
    assert [v.passed for v in audit(questions).verdicts if "rank" in v.reason] == [False]
    gone = uneven_ranks(questions)
    left = [q for q in questions if q.id not in gone]
    assert [v.passed for v in audit(left).verdicts if "rank" in v.reason] == [True]
    assert len(left) >= 4 * 12
    assert uneven_ranks(left) == {}


def test_two_label_maps_of_one_scan_ask_once(geometry: CaseGeometry) -> None:
    value = build_question(geometry, "vol.value", ["spleen"])
    other = build_question(geometry, "vol.interval", ["spleen"]).model_copy(update={"label_sha256": "1" * 64})
    elsewhere = value.model_copy(update={"id": "q-elsewhere", "case": "case-elsewhere"})
    found = asked_twice([value, other, elsewhere])
    ((gone, reason),) = found.items()
    kept = ({value.id, other.id} - {gone}).pop()
    assert kept in reason
    assert asked_twice([other, elsewhere, value]) == found
