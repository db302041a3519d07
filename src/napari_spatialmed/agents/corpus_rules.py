"""What holds over a whole benchmark: nothing constant (P1), nothing asked twice, no word or rank right too often (P3, O3).

Applied at the end of a build, and again after every further one.  What it turns down keeps its place in the file, with
the reason; the audit is run over what is left.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from napari_spatialmed.agents.proposal import signature_of
from napari_spatialmed.benchmark import Benchmark
from napari_spatialmed.benchmark.funnel import CORPUS
from napari_spatialmed.questions import FORMS, Question, Verdict, audit
from napari_spatialmed.questions.corpus import LEAST_OF_A_FORM, rank_of

SPREAD = 0.5
"""How many standard deviations above an even share a form's commonest word, or a rank, may be right; ours, so that the
limit of the audit holds over many forms together."""


@dataclass(frozen=True, slots=True)
class CorpusRules:
    """Ids of the questions turned down: constant relations, the same asked twice of one scan, a word or rank too common."""

    constant: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()


def apply_corpus_rules(benchmark: Benchmark) -> CorpusRules:
    """Turn down what the whole corpus speaks against, rule by rule, until nothing more is found.

    Each rule sees what the others left, and all are run again after every change: without the one patient who differed, a
    relation is constant.
    """
    constant: list[str] = []
    twice: list[str] = []
    surplus: list[str] = []
    while True:
        reviewed = {q.id for q in benchmark.state.questions.values() if q.status != "pending"}
        found = [
            _apply(benchmark, "P1", constant_relations(_accepted(benchmark)), constant),
            _apply(benchmark, "", asked_twice(_accepted(benchmark), reviewed), twice),
            _apply(benchmark, "P3", too_common(_accepted(benchmark), reviewed), surplus),
            _apply(benchmark, "O3", uneven_ranks(_accepted(benchmark), reviewed), surplus),
        ]
        if not any(found):
            return CorpusRules(tuple(constant), tuple(twice), tuple(surplus))


def constant_relations(questions: Sequence[Question]) -> dict[str, str]:
    """Questions whose relations are the same in every patient (rule P1): id → reason."""
    reason = "Its relation is the same in every patient of this benchmark: anatomy, not this scan."
    return dict.fromkeys(audit(questions).constant_questions, reason)


def asked_twice(questions: Sequence[Question], stay: Collection[str] = ()) -> dict[str, str]:
    """Near-duplicates within one scan, which come of several label maps of it: id → reason, naming the one that stays.

    The one with the smaller id stays, whichever was built first; those in `stay` (reviewed by people) always do.
    """
    first: dict[tuple[object, ...], str] = {}
    found: dict[str, str] = {}
    for question in sorted(questions, key=lambda q: (q.id not in stay, q.id)):
        key = question.key
        named = tuple(sorted(_title(question, name) for name in key.structures))
        place = (question.case, signature_of(key.form, named, key.params))
        if place in first and question.id not in stay:
            found[question.id] = f"The same is asked of the same scan in {first[place]}."
        else:
            first.setdefault(place, question.id)
    return found


def too_common(questions: Sequence[Question], stay: Collection[str] = ()) -> dict[str, str]:
    """Questions of fixed words to leave out, so that saying always a form's commonest word pays little: id → reason.

    Each form with its choices (an axis, a plane) is a group, judged from as many questions on as the audit judges it; words
    that are right more often than an even share, with its random spread, lose their surplus.
    """
    groups: dict[tuple[str, ...], list[Question]] = defaultdict(list)
    for question in questions:
        form = FORMS.get(question.key.form)
        if form is not None and form.option_kind == "word" and question.options:
            groups[form.id, *(str(question.key.params.get(name)) for name in form.choices)].append(question)
    found: dict[str, str] = {}
    for asked, group in groups.items():
        words = {q.id: str(q.truth) for q in group}
        for question_id, count in _surplus(words, len(group[0].options), stay).items():
            found[question_id] = (
                f"{words[question_id]!r} is the answer of {count} of {len(group)} questions of {' '.join(asked)}: "
                "whoever always said it would do better than chance."
            )
    return found


def uneven_ranks(questions: Sequence[Question], stay: Collection[str] = ()) -> dict[str, str]:
    """Questions of numbers to leave out, so that no rank of the truth is commoner than the others (rule O3): id → reason.

    The ranks are drawn evenly, but what the blind panel turns down is not: the number next to a usual value has often
    a certain rank.
    """
    groups: dict[int, dict[str, str]] = defaultdict(dict)
    for question in questions:
        found = rank_of(question) if question.key.form in FORMS else None
        if found is not None:
            groups[found[1]][question.id] = str(found[0] + 1)
    gone: dict[str, str] = {}
    for size, ranks in groups.items():
        for question_id, count in _surplus(ranks, size, stay).items():
            gone[question_id] = (
                f"The truth is number {ranks[question_id]} of {size} by size in {count} of {len(ranks)} questions: "
                "more often than the other places."
            )
    return gone


def _surplus(answers: Mapping[str, str], options: int, stay: Collection[str]) -> dict[str, int]:
    """Questions beyond what any one answer may have, with how often it was right.

    Which go is decided by their ids, so that it is the same in any order; those in `stay` never go.
    """
    counts = Counter(answers.values())
    cap = _cap(counts, options)
    found = {}
    for answer, count in counts.items():
        ordered = sorted((i for i in answers if answers[i] == answer), key=lambda i: (i not in stay, i))
        found.update({question_id: count for question_id in ordered[cap:] if question_id not in stay})
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


def _apply(benchmark: Benchmark, rule: str, reasons: Mapping[str, str], gone: list[str]) -> bool:
    """Turn these questions down; whether there were any that were not before."""
    new = {question_id: reason for question_id, reason in reasons.items() if question_id not in gone}
    for question_id, reason in new.items():
        verdict = Verdict(member=CORPUS, rule=rule, passed=False, reason=reason)
        benchmark.give_verdicts(question_id, [verdict], accepted=False, reason=reason)
    gone += new
    return bool(new)
