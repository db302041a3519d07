"""Statistics of many questions: how evenly letters and ranks are spread, and what never differs between patients.

Pure counting; :mod:`audit` turns the counts into verdicts and text.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from scipy.special import chdtrc

from napari_spatialmed.questions.answering import form_of
from napari_spatialmed.questions.model import LETTERS, Question
from napari_spatialmed.questions.numbers import read_interval, read_number

LEAST_EXPECTED = 5.0
"""Smallest expected count for which a χ² test says anything (Cochran's rule)."""
LEAST_OF_A_FORM = 20
"""Questions of one form and choice from which its commonest word says anything."""
COMMONEST_WORD = "commonest word"
"""Reported only: picked per form after looking, so it stands above chance in any small corpus."""
CONSTANT_IN_CASES = 5
Z_95 = 1.96
Z_95_OF_FOUR = 2.50
"""The commonest of four letters is picked after looking: Bonferroni's limit for four tries."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A χ² test against an even spread.

    `p` is None where the counts are too small to say anything.
    """

    observed: tuple[int, ...]
    expected: tuple[float, ...]
    chi2: float
    p: float | None


@dataclass(frozen=True, slots=True)
class Baseline:
    """How well a rule that sees no scan does.

    Attributes
    ----------
    accuracy, chance
        Share of right answers, and what guessing would reach.
    limit
        Chance plus its confidence interval (95 %).
    """

    name: str
    items: int
    accuracy: float
    chance: float
    limit: float

    @property
    def at_chance(self) -> bool:
        """Whether it does no better than guessing."""
        return self.accuracy <= self.limit + 1e-12


@dataclass(frozen=True, slots=True)
class RelationCount:
    """How often a relation of the same structures had which answer, over cases."""

    relation: str
    structures: tuple[str, ...]
    answers: tuple[tuple[str, int], ...]
    cases: int
    questions: tuple[str, ...]

    @property
    def constant(self) -> bool:
        """The same in at least five cases and never different (rule P1)."""
        return len(self.answers) == 1 and self.cases >= CONSTANT_IN_CASES

    @property
    def entropy_bits(self) -> float:
        """Shannon entropy of the answers: 0 when the answer is always the same."""
        return entropy_bits(count for _, count in self.answers)


def entropy_bits(counts: Iterable[int]) -> float:
    """Shannon entropy of a distribution given by its counts, in bits."""
    kept = [count for count in counts if count]
    total = sum(kept)
    return -sum(c / total * math.log2(c / total) for c in kept) + 0.0 if total else 0.0


def place_of(question: Question) -> int | None:
    """Index of the marked option, or None for an open question or a letter that doesn't exist."""
    shown = LETTERS[: len(question.options)]
    return shown.index(question.answer) if question.answer and question.answer in shown else None


def letter_spread(questions: Sequence[Question]) -> Spread:
    """Where the right option stands, against an even spread over each question's options."""
    return _spread([(place, len(q.options)) for q in questions if (place := place_of(q)) is not None])


def rank_spread(questions: Sequence[Question]) -> Spread:
    """The truth's rank among sorted numeric options, against an even spread."""
    return _spread([found for q in questions if (found := rank_of(q)) is not None])


def baselines(questions: Sequence[Question]) -> tuple[Baseline, ...]:
    """Majority letter, middle number, longest option, and the word that is most often right for a form."""
    closed = [(q, place) for q in questions if (place := place_of(q)) is not None]
    ranked = [found for q, _ in closed if (found := rank_of(q)) is not None]
    most = Counter(place for _, place in closed).most_common(1)
    letter = most[0][0] if most else 0
    return (
        _baseline(
            "majority letter", [(float(p == letter), len(q.options)) for q, p in closed], z=Z_95_OF_FOUR
        ),
        _baseline("middle option", [(_middle_share(rank, size), size) for rank, size in ranked], z=Z_95),
        _baseline(COMMONEST_WORD, _word_scores(questions), z=Z_95_OF_FOUR),
        _baseline("longest option", [(_longest_share(q, p), len(q.options)) for q, p in closed], z=Z_95),
    )


def relation_counts(questions: Sequence[Question]) -> tuple[RelationCount, ...]:
    """Every relation that the questions ask, with its answers by case."""
    answers: dict[tuple[str, tuple[str, ...]], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    asked: dict[tuple[str, tuple[str, ...]], dict[str, None]] = defaultdict(dict)
    for question in questions:
        for found in form_of(question.key.form).relations(question.key, question.truth):
            place = (found.relation, found.structures)
            answers[place][found.answer].add(question.case)
            asked[place][question.id] = None
    return tuple(
        RelationCount(
            relation,
            structures,
            tuple(sorted((answer, len(cases)) for answer, cases in by_answer.items())),
            len(set().union(*by_answer.values())),
            tuple(asked[relation, structures]),
        )
        for (relation, structures), by_answer in sorted(answers.items())
    )


def constant_questions(questions: Sequence[Question], counts: Sequence[RelationCount]) -> tuple[str, ...]:
    """Questions all of whose relations, or whose number's option, are the same in every patient (rule P1)."""
    constant = {(c.relation, c.structures) for c in counts if c.constant}
    found = []
    for question in questions:
        relations = form_of(question.key.form).relations(question.key, question.truth)
        if relations and all((r.relation, r.structures) in constant for r in relations):
            found.append(question.id)
    return (*found, *constant_numbers(questions))


def constant_numbers(questions: Sequence[Question]) -> tuple[str, ...]:
    """Questions of numbers whose right option is that of every other patient, too (rule P1).

    A relation has the same words in all patients; a number never is the same, but all patients' numbers may point to one
    and the same option: then it tells the species and not the patient.
    """
    asked: dict[Hashable, list[Question]] = defaultdict(list)
    for question in questions:
        number = form_of(question.key.form).number_asked(question.key)
        if number is not None:
            asked[number].append(question)
    found = []
    for group in asked.values():
        told = [(q.case, value) for q in group if (value := _told(q)) is not None]
        for question in (q for q in group if q.options):
            others = [(case, value) for case, value in told if case != question.case]
            if len({case for case, _ in others}) >= CONSTANT_IN_CASES - 1 and all(
                option_for(question, value) == place_of(question) for _, value in others
            ):
                found.append(question.id)
    return tuple(found)


def option_for(question: Question, value: float) -> int | None:
    """The option that would be right if the number asked for were this one; for an open question none."""
    return form_of(question.key.form).option_for(value, question.options)


def _told(question: Question) -> float | None:
    return form_of(question.key.form).number_told(question.truth)


def _spread(places: Sequence[tuple[int, int]]) -> Spread:
    """χ² of places against an even spread within each number of options, summed over these numbers."""
    size = max((n for _, n in places), default=0)
    observed, expected = [0] * size, [0.0] * size
    chi2, freedom, enough = 0.0, 0, bool(places)
    for n in sorted({n for _, n in places}):
        counts = Counter(place for place, m in places if m == n)
        total = counts.total()
        even = total / n
        enough &= even >= LEAST_EXPECTED
        freedom += n - 1
        for place in range(n):
            observed[place] += counts[place]
            expected[place] += even
            chi2 += (counts[place] - even) ** 2 / even
    p = float(chdtrc(freedom, chi2)) if enough and freedom else None
    return Spread(tuple(observed), tuple(round(e, 2) for e in expected), chi2, p)


def rank_of(question: Question) -> tuple[int, int] | None:
    """The truth's rank among sorted numeric options, and how many there are; None where options are no single numbers."""
    place = place_of(question)
    if place is None or form_of(question.key.form).option_kind not in ("number", "interval", "span"):
        return None
    values: list[float] = []
    for option in question.options:
        interval = read_interval(option)
        reading = read_number(option)
        if interval is not None:
            values.append(interval.low)
        elif reading is not None:
            values.append(reading.value)
        else:
            return None
    return sorted(range(len(values)), key=values.__getitem__).index(place), len(values)


def _word_scores(questions: Sequence[Question]) -> list[tuple[float, int]]:
    """Saying always the word that is most often right for a form and its choices; only where it is asked often enough."""
    asked: dict[tuple[str, ...], list[Question]] = defaultdict(list)
    for question in questions:
        form = form_of(question.key.form)
        if form.option_kind == "word" and place_of(question) is not None:
            asked[form.id, *(str(question.key.params.get(name)) for name in form.choices)].append(question)
    scored = []
    for group in asked.values():
        common, _ = Counter(str(q.truth) for q in group).most_common(1)[0]
        if len(group) >= LEAST_OF_A_FORM:
            scored += [(float(str(q.truth) == common), len(q.options)) for q in group]
    return scored


def _middle_share(rank: int, size: int) -> float:
    middle = {(size - 1) // 2, size // 2}
    return 1.0 / len(middle) if rank in middle else 0.0


def _longest_share(question: Question, place: int) -> float:
    longest = max(map(len, question.options))
    tied = [i for i, option in enumerate(question.options) if len(option) == longest]
    return 1.0 / len(tied) if place in tied else 0.0


def _baseline(name: str, scored: Sequence[tuple[float, int]], *, z: float) -> Baseline:
    items = len(scored)
    if not items:
        return Baseline(name, 0, 0.0, 0.0, 0.0)
    chance = sum(1.0 / size for _, size in scored) / items
    spread = math.sqrt(sum((1.0 / size) * (1.0 - 1.0 / size) for _, size in scored)) / items
    return Baseline(
        name, items, sum(score for score, _ in scored) / items, chance, min(1.0, chance + z * spread)
    )
