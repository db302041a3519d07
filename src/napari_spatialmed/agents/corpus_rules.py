"""What holds over a whole benchmark: nothing constant (P1), nothing asked twice, no word that is right too often (P3).

Applied at the end of a build, and again after every further one.  What it turns down keeps its place in the file, with
the reason; the audit is run over what is left.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from napari_spatialmed.agents.proposal import signature_of
from napari_spatialmed.benchmark import Benchmark
from napari_spatialmed.questions import FORMS, Question, Verdict, audit
from napari_spatialmed.questions.corpus import LEAST_OF_A_FORM

MEMBER = "corpus"
SPREAD = 0.5
"""How many standard deviations above an even share a form's commonest word may be right; ours, so that the limit of the
audit holds over many forms together."""


@dataclass(frozen=True, slots=True)
class CorpusRules:
    """Ids of the questions turned down: constant relations, the same asked twice of one scan, a word too common."""

    constant: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()


def apply_corpus_rules(benchmark: Benchmark) -> CorpusRules:
    """Turn down what the whole corpus speaks against, rule by rule; each sees what the one before left."""
    constant = tuple(audit(_accepted(benchmark)).constant_questions)
    for question_id in constant:
        reason = "Its relation is the same in every patient of this benchmark: anatomy, not this scan."
        _turn_down(benchmark, question_id, "P1", reason)
    reviewed = {q.id for q in benchmark.state.questions.values() if q.status != "pending"}
    twice = asked_twice(_accepted(benchmark), reviewed)
    for question_id, other in twice.items():
        _turn_down(benchmark, question_id, "", f"The same is asked of the same scan in {other}.")
    surplus = too_common(_accepted(benchmark), reviewed)
    for question_id, reason in surplus.items():
        _turn_down(benchmark, question_id, "P3", reason)
    return CorpusRules(constant, tuple(twice), tuple(surplus))


def asked_twice(questions: Sequence[Question], stay: Collection[str] = ()) -> dict[str, str]:
    """Near-duplicates within one scan, which come of several label maps of it: question → the one that stays.

    The one with the smaller id stays, whichever was built first; those in `stay` (reviewed by people) always do.
    """
    first: dict[tuple[object, ...], str] = {}
    found = {}
    for question in sorted(questions, key=lambda q: (q.id not in stay, q.id)):
        key = question.key
        named = tuple(sorted(_title(question, name) for name in key.structures))
        place = (question.case, signature_of(key.form, named, key.params))
        if place in first and question.id not in stay:
            found[question.id] = first[place]
        else:
            first.setdefault(place, question.id)
    return found


def too_common(questions: Sequence[Question], stay: Collection[str] = ()) -> dict[str, str]:
    """Questions of fixed words to leave out, so that saying always a form's commonest word pays little: id → reason.

    Each form with its choices (an axis, a plane) is a group, judged from as many questions on as the audit judges it; words
    that are right more often than an even share, with its random spread, lose their surplus.  Which questions go is decided
    by their ids, so that it is the same in any order.
    """
    groups: dict[tuple[str, ...], list[Question]] = defaultdict(list)
    for question in questions:
        form = FORMS.get(question.key.form)
        if form is not None and form.option_kind == "word" and question.options:
            groups[form.id, *(str(question.key.params.get(name)) for name in form.choices)].append(question)
    found = {}
    for (form_id, *chosen), group in groups.items():
        words = Counter(str(q.truth) for q in group)
        cap = _cap(words, len(group[0].options))
        asked = " ".join([form_id, *chosen])
        for word, count in words.items():
            ordered = sorted(
                (q for q in group if str(q.truth) == word), key=lambda q: (q.id not in stay, q.id)
            )
            for question in (q for q in ordered[cap:] if q.id not in stay):
                found[question.id] = (
                    f"{word!r} is the answer of {count} of {len(group)} questions of {asked}: "
                    "whoever always said it would do better than chance."
                )
    return found


def _cap(words: Counter[str], options: int) -> int:
    """The most that any word may be right, so that the commonest stays within an even share's spread.

    Where some words never come up, no share is even: then as many are left as are too few to say anything.
    """
    for cap in range(max(words.values()), 0, -1):
        total = sum(min(count, cap) for count in words.values())
        even = total / options + SPREAD * math.sqrt(total * (options - 1)) / options
        if cap <= even or total < LEAST_OF_A_FORM:
            return cap
    return 1


def _accepted(benchmark: Benchmark) -> list[Question]:
    return [q.question for q in benchmark.state.questions.values() if q.accepted]


def _title(question: Question, name: str) -> str:
    titles = question.key.params.get("titles")
    return str(titles.get(name, name)) if isinstance(titles, dict) else name


def _turn_down(benchmark: Benchmark, question_id: str, rule: str, reason: str) -> None:
    verdict = Verdict(member=MEMBER, rule=rule, passed=False, reason=reason)
    benchmark.give_verdicts(question_id, [verdict], accepted=False, reason=reason)
