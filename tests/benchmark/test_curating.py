"""What curators do, and where it leaves a question."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from napari_spatialmed import benchmark
from napari_spatialmed.benchmark import Benchmark, BenchmarkError, decide, visible_to
from napari_spatialmed.benchmark.funnel import stage_of
from napari_spatialmed.questions.model import Question, Verdict

Q1 = "q-000000000001"
Make = Callable[..., Question]


def as_person(held: Benchmark, name: str) -> Benchmark:
    return benchmark.open(held.path, actor=name)


@pytest.mark.parametrize("scores", list(product((0, 1, 2), repeat=3)), ids=str)
def test_every_triple_of_scores_against_the_keep_rule(anna: Benchmark, scores: tuple[int, int, int]) -> None:
    for name, score in zip(("Anna", "Bob", "Chen"), scores, strict=True):
        assert anna.state.questions[Q1].status in ("pending", "provisional")
        as_person(anna, name).review(Q1, score)  # type: ignore[arg-type]
        anna.refresh()
    mean_is_above_one = sum(scores) / 3 > 1
    assert anna.state.questions[Q1].status == ("kept" if mean_is_above_one else "dropped")


def test_a_mean_of_exactly_one_is_dropped_for_any_number_of_reviewers() -> None:
    assert decide((1, 1, 1, 1)) == "dropped"
    assert decide((2, 1, 1, 1)) == "kept"
    assert decide((2, 2)) == "provisional"
    assert decide(()) == "pending"


def test_cannot_judge_is_no_zero_and_no_score(anna: Benchmark) -> None:
    for name, score in (("Anna", 2), ("Bob", 2), ("Chen", None)):
        as_person(anna, name).review(Q1, score)  # type: ignore[arg-type]
    anna.refresh()
    state = anna.state.questions[Q1]
    assert state.scores == (2, 2)
    assert state.status == "provisional"
    assert state.reviews["Chen"].score is None
    as_person(anna, "Dora").review(Q1, 0)
    anna.refresh()
    assert state.status == "kept"


def test_an_edit_makes_earlier_scores_stale_and_brings_the_question_back(anna: Benchmark) -> None:
    as_person(anna, "Bob").review(Q1, 2)
    anna.refresh()
    event = anna.edit(Q1, "stem", "How far apart are liver and spleen?", "shorter")
    assert event is not None
    assert (event.payload.old, event.payload.new, event.payload.reason) == (
        "What is the smallest distance between the liver and the spleen (1)?",
        "How far apart are liver and spleen?",
        "shorter",
    )
    state = anna.state.questions[Q1]
    assert (state.revision, state.status, state.reviews) == (2, "stale", {})
    assert state.stale_reviews["Bob"].stale == "stale: was 2 for revision 1"
    (item,) = anna.state.queue("Bob")
    assert (item.state, item.note) == ("stale", "stale: was 2 for revision 1")
    as_person(anna, "Bob").review(Q1, 1)
    anna.refresh()
    assert (state.status, state.scores, state.stale_reviews) == ("provisional", (1,), {})


def test_an_edit_that_changes_nothing_is_no_event(anna: Benchmark) -> None:
    before = anna.path.read_bytes()
    assert anna.edit(Q1, "stem", anna.state.questions[Q1].question.stem) is None
    assert anna.path.read_bytes() == before


def test_several_fields_change_together(anna: Benchmark) -> None:
    anna.edit(Q1, "question", {"options": ["5 mm", "20 mm", "60 mm"], "answer": "B"}, "fewer options")
    question = anna.state.questions[Q1].question
    assert (question.options, question.answer) == (("5 mm", "20 mm", "60 mm"), "B")


@pytest.mark.parametrize(
    ("field", "value"), [("id", "q-2"), ("colour", "red"), ("options", 7), ("stem", None)]
)
def test_edits_that_do_not_fit_are_refused(anna: Benchmark, field: str, value: object) -> None:
    before = anna.path.read_bytes()
    with pytest.raises(BenchmarkError):
        anna.edit(Q1, field, value)
    assert anna.path.read_bytes() == before


def test_undo_and_redo_survive_a_restart_and_are_new_events(anna: Benchmark) -> None:
    old = anna.state.questions[Q1].question
    as_person(anna, "Bob").review(Q1, 2)
    anna.refresh()
    anna.edit(Q1, "stem", "Changed?")
    length = len(anna.state.events)

    restarted = as_person(anna, "Anna")
    restarted.undo()
    state = restarted.state.questions[Q1]
    assert state.question == old
    assert state.revision == 3
    assert state.reviews["Bob"].score == 2, "the text Bob scored is back, and so is his score"
    assert len(restarted.state.events) == length + 1

    again = as_person(anna, "Anna")
    again.redo()
    assert again.state.questions[Q1].question.stem == "Changed?"
    assert again.state.questions[Q1].stale_reviews["Bob"].score == 2


def test_undo_takes_back_ones_own_last_act_only(anna: Benchmark) -> None:
    bob = as_person(anna, "Bob")
    bob.review(Q1, 1)
    bob.review(Q1, 2)
    anna.refresh()
    anna.flag(Q1, "cropped?")
    bob.undo()
    state = bob.state.questions[Q1]
    assert state.reviews["Bob"].score == 1
    assert state.flags[0].text == "cropped?"
    bob.undo()
    assert state.reviews == {}
    with pytest.raises(BenchmarkError, match="nothing to undo"):
        bob.undo()
    bob.redo()
    bob.comment(Q1, "a new act forgets what was undone")
    with pytest.raises(BenchmarkError, match="nothing to redo"):
        bob.redo()


def test_an_edit_that_someone_built_on_is_not_undone_under_them(anna: Benchmark) -> None:
    anna.edit(Q1, "stem", "First?")
    as_person(anna, "Bob").edit(Q1, "stem", "Second?")
    with pytest.raises(BenchmarkError, match="edited again"):
        as_person(anna, "Anna").undo()


def test_a_revision_can_be_restored_from_history(anna: Benchmark) -> None:
    first = anna.state.questions[Q1].current
    anna.edit(Q1, "stem", "One?")
    anna.edit(Q1, "answer", "C")
    anna.restore(Q1, first.id)
    state = anna.state.questions[Q1]
    assert state.question == first.question
    assert [v.revision for v in state.versions] == [1, 2, 3, 4]


def test_two_edits_of_one_text_are_a_conflict_that_a_person_settles(anna: Benchmark) -> None:
    bob = as_person(anna, "Bob")
    anna.edit(Q1, "stem", "Anna's?")
    bob.edit(Q1, "stem", "Bob's?")  # Bob had not yet seen Anna's
    anna.refresh()
    state = anna.state.questions[Q1]
    assert state.status == "conflict"
    assert {v.question.stem for v in state.conflict} == {"Anna's?", "Bob's?"}
    assert anna.state.queue("Chen")[0].state == "conflict"
    with pytest.raises(BenchmarkError, match="conflict"):
        anna.review(Q1, 2)
    chosen = next(v for v in state.conflict if v.question.stem == "Bob's?")
    anna.resolve(Q1, chosen.id, "clearer")
    assert (state.status, state.question.stem, state.revision) == ("pending", "Bob's?", 3)


def test_the_same_edit_by_two_people_is_no_conflict(anna: Benchmark) -> None:
    bob = as_person(anna, "Bob")
    anna.edit(Q1, "stem", "Same?")
    bob.edit(Q1, "stem", "Same?")
    assert bob.state.questions[Q1].status == "pending"
    bob.edit(Q1, "stem", "Next?")
    assert bob.state.questions[Q1].question.stem == "Next?"


def test_changed_labels_make_a_question_stale_until_reviewed_again(anna: Benchmark) -> None:
    for name in ("Anna", "Bob", "Chen"):
        as_person(anna, name).review(Q1, 2)
    anna.refresh()
    state = anna.state.questions[Q1]
    assert state.status == "kept"
    anna.mark_stale(Q1, "the liver was repainted")
    assert state.status == "stale"
    assert state.stale_reviews["Bob"].stale == "stale: was 2 for revision 1 (the liver was repainted)"
    as_person(anna, "Bob").review(Q1, 2)
    anna.refresh()
    assert state.status == "provisional"
    anna.undo()
    assert state.status == "kept", "the brush stroke was undone, so the earlier scores stand again"


def test_reviewers_see_nothing_of_others_before_they_have_scored(anna: Benchmark, question: Make) -> None:
    vote = Verdict(member="blind 1", rule="P2", passed=True, reason="answered C")
    anna.propose(question(2, provenance={"model": "team"}), [vote])
    bob = as_person(anna, "Bob")
    bob.review(question(2).id, 2, comment="fine")
    bob.comment(question(2).id, "Bob's remark")
    anna.refresh()
    hidden = visible_to("Anna", anna.state.questions[question(2).id])
    assert hidden.blind
    assert (hidden.reviews, hidden.verdicts, hidden.comments, hidden.question.provenance) == ((), (), (), {})
    anna.save_draft(question(2).id, 1)
    assert visible_to("Anna", anna.state.questions[question(2).id]).blind
    anna.review(question(2).id, 1)
    shown = visible_to("Anna", anna.state.questions[question(2).id])
    assert {r.reviewer for r in shown.reviews} == {"Anna", "Bob"}
    assert shown.verdicts == (vote,)
    anna.edit(question(2).id, "stem", "Changed?")
    assert visible_to("Anna", anna.state.questions[question(2).id]).blind


def test_the_queue_groups_by_case_and_resumes(anna: Benchmark, question: Make) -> None:
    for number, case in (
        (2, "case-000000000002"),
        (3, "case-000000000001"),
        (4, "case-000000000002"),
        (5, "case-000000000001"),
    ):
        anna.propose(question(number, case=case))
    anna.propose(question(6), [Verdict(member="rules", rule="U1", passed=False, reason="too close")])
    assert [i.question[-1] for i in anna.state.queue("Anna")] == ["1", "3", "5", "2", "4"]
    anna.review(Q1, 2)
    anna.skip(question(3).id)
    anna.save_draft(question(2).id, 1, ["wording"], "hm")
    states = {i.question[-1]: i.state for i in as_person(anna, "Anna").state.queue("Anna")}
    assert states == {"1": "scored", "3": "skipped", "5": "pending", "2": "draft", "4": "pending"}
    assert all(i.state == "pending" for i in anna.state.queue("Bob"))
    draft = anna.state.questions[question(2).id].draft("Anna")
    assert draft is not None
    assert (draft.payload.score, draft.payload.comment) == (1, "hm")
    anna.review(question(2).id, 1)
    assert anna.state.questions[question(2).id].draft("Anna") is None


def test_flag_comment_and_score_are_three_things(anna: Benchmark) -> None:
    anna.flag(Q1, "is this the portal vein?")
    anna.comment(Q1, "nice case")
    state = anna.state.questions[Q1]
    assert (state.status, state.flags[0].text, state.comments[0].text) == (
        "pending",
        "is this the portal vein?",
        "nice case",
    )
    anna.flag(Q1, raised=False)
    assert state.flags == ()


def test_adjudication_against_the_scores_needs_a_note(anna: Benchmark) -> None:
    with pytest.raises(BenchmarkError, match="pending"):
        anna.adjudicate(Q1, keep=True)
    for name, score in (("Anna", 2), ("Bob", 1), ("Chen", 0)):
        as_person(anna, name).review(Q1, score)  # type: ignore[arg-type]
    anna.refresh()
    anna.adjudicate(Q1, keep=False)
    with pytest.raises(BenchmarkError, match="dropped"):
        anna.adjudicate(Q1, keep=True)
    anna.adjudicate(Q1, keep=True, note="Chen read another structure")
    state = anna.state.questions[Q1]
    assert state.status == "kept"
    anna.edit(Q1, "stem", "Changed?")
    assert state.adjudication is None
    assert state.status == "stale"


def test_what_fails_or_cannot_be_judged_is_rejected_and_recorded(anna: Benchmark, question: Make) -> None:
    anna.propose(question(2), [Verdict(member="rules", rule="O1", passed=False, reason="options 1 mm apart")])
    anna.propose(question(3), [Verdict(member="panel", rule="P4", passed=None, reason="no answer")])
    anna.propose(question(4), [Verdict(member="blind 1", passed=False, reason="guessed it")], accepted=True)
    statuses = [anna.state.questions[question(n).id].status for n in (2, 3, 4)]
    assert statuses == ["rejected", "rejected", "pending"]
    assert anna.state.questions[question(2).id].rejection.rule == "O1"  # type: ignore[union-attr]
    anna.edit(question(2).id, "options", ["10 mm", "20 mm", "30 mm", "40 mm"])
    anna.give_verdicts(
        question(2).id, [Verdict(member="rules", rule="O1", passed=True, reason="")], accepted=True
    )
    assert anna.state.questions[question(2).id].status == "pending"


def test_the_funnel_adds_up(anna: Benchmark, question: Make) -> None:
    anna.propose(question(2), [Verdict(member="rules", rule="O1", passed=False, reason="")])
    anna.propose(question(3, task="VOLEST"), [Verdict(member="panel", rule="P2", passed=False, reason="")])
    anna.propose(question(4), [Verdict(member="validator", passed=False, reason="nobody asks this")])
    anna.propose(question(5))
    anna.record_rejection("case-000000000001", "EXT", rule="U2", reason="the lung is cut off")
    anna.record_rejection("case-000000000001", "VOL", rule="P1", reason="other patients tell it")
    for name in ("Anna", "Bob", "Chen"):
        as_person(anna, name).review(question(5).id, 2)
    anna.refresh()
    anna.propose(question(6))
    anna.undo()
    funnel = anna.state.funnel()
    total = funnel.total
    assert (total.proposed, total.rules, total.panel, total.validator, total.kept, total.waiting, total.withdrawn) == (
        8, 3, 1, 1, 1, 1, 1,
    )  # fmt: skip
    assert total.adds_up
    assert all(row.adds_up for row in funnel.tasks.values())
    assert funnel.by_rule == {"O1": 1, "P1": 1, "P2": 1, "U2": 1}


@pytest.mark.parametrize(
    ("rule", "member", "stage"),
    [
        ("U2", "rules", "rules"),
        ("P1", "", "rules"),
        ("P1", "corpus", "rules"),
        ("P3", "corpus", "rules"),
        ("", "corpus", "rules"),
        ("P2", "blind panel", "panel"),
        ("P4", "blind panel", "panel"),
        ("P4", "validator: judge", "validator"),
        ("", "validator: plausible range", "validator"),
    ],
)
def test_a_refusal_counts_where_it_was_given(rule: str, member: str, stage: str) -> None:
    assert stage_of(rule, member) == stage


def test_what_a_person_took_out_was_not_refused_by_the_team(anna: Benchmark, question: Make) -> None:
    anna.propose(question(2))
    anna.give_verdicts(question(2).id, (), accepted=False, reason="rejected by Anna")
    assert anna.state.funnel().total.withdrawn == 1


def test_unknown_questions_reasons_and_scores_are_refused(anna: Benchmark) -> None:
    for act in (
        lambda: anna.review("q-nowhere", 2),
        lambda: anna.review(Q1, 3),  # type: ignore[arg-type]
        lambda: anna.review(Q1, True),
        lambda: anna.review(Q1, 1, ["ugly"]),
        lambda: anna.append("hologram", {}),
    ):
        with pytest.raises(BenchmarkError):
            act()
    assert len(anna.state.events) == 2


def test_proposing_again_is_harmless_but_another_text_under_the_id_is_not(
    anna: Benchmark, question: Make
) -> None:
    anna.propose(question(1))
    assert len(anna.state.events) == 2
    with pytest.raises(BenchmarkError, match="another question"):
        anna.propose(question(1, stem="Different?"))
