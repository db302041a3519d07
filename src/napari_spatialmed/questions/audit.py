"""The corpus rules O3, O4, P1 and P3 over many questions, as verdicts, text and JSON.

Run it on what is kept, again after every re-balancing step, and print it with the benchmark.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from pydantic import JsonValue

from napari_spatialmed.questions.answering import BadKeyError, UnknownFormError, check_key, form_of
from napari_spatialmed.questions.corpus import (
    COMMONEST_WORD,
    Z_95,
    Baseline,
    RelationCount,
    Spread,
    baselines,
    constant_questions,
    entropy_bits,
    letter_spread,
    place_of,
    rank_spread,
    relation_counts,
)
from napari_spatialmed.questions.model import LETTERS, TASKS, Question, Verdict
from napari_spatialmed.questions.rules import RULES
from napari_spatialmed.wording import counted

LEAST_P = 0.01
_ROUGHLY_EQUAL = re.compile(r"approximately equal|about the same|roughly equal", re.I)


@dataclass(frozen=True, slots=True)
class RelationEntropy:
    """How much the answers of one kind of relation vary over all questions that ask it."""

    relation: str
    questions: int
    answers: int
    bits: float
    constant: int


@dataclass(frozen=True)
class Audit:
    """What the corpus rules say of a set of questions."""

    questions: int
    cases: int
    tasks: Mapping[str, int]
    forms: Mapping[str, int]
    letters: Spread
    ranks: Spread
    baselines: tuple[Baseline, ...]
    relations: tuple[RelationCount, ...]
    entropies: tuple[RelationEntropy, ...]
    constant_questions: tuple[str, ...]
    unknown_forms: tuple[str, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def passed(self) -> bool:
        """Whether no corpus rule is broken; what is too small to judge doesn't break one."""
        return all(verdict.passed is not False for verdict in self.verdicts)

    def to_dict(self) -> dict[str, JsonValue]:
        """As JSON data."""
        found: dict[str, JsonValue] = asdict(self)
        found["passed"] = self.passed
        found["verdicts"] = [verdict.model_dump(mode="json") for verdict in self.verdicts]
        return found

    def text(self) -> str:
        """For a terminal."""
        lines = [
            f"{counted(self.questions, 'question')} about {counted(self.cases, 'case')}",
            "  " + "  ".join(f"{task} {count}" for task, count in self.tasks.items()),
        ]
        if self.unknown_forms:
            unknown = counted(len(self.unknown_forms), "question")
            lines.append(f"  not judged below: {unknown} of no form known here, such as imported ones")
        lines.append("")
        lines += [
            _spread_line("letters", self.letters, LETTERS),
            _spread_line("ranks", self.ranks, "12345678"),
            "",
        ]
        lines.append("blind rules (must stay within chance + its 95 % interval)")
        lines += [
            f"  {b.name:<22} {100 * b.accuracy:5.1f} %  chance {100 * b.chance:.1f} %, limit {100 * b.limit:.1f} %, "
            f"n {b.items}{'' if b.at_chance else '  ABOVE CHANCE'}"
            for b in self.baselines
            if b.items
        ]
        lines += ["", "answers per relation (0 bits: always the same)"]
        lines += [
            f"  {e.relation:<34} {e.questions:5d} questions  {e.answers:3d} answers  {e.bits:5.2f} bits"
            + (f"  {e.constant} constant" if e.constant else "")
            for e in self.entropies
        ]
        constant = [r for r in self.relations if r.constant]
        if constant:
            lines += [
                "",
                "relations that are the same in every patient (rule P1 lets no question ask only these)",
            ]
            lines += [
                f"  {r.relation}: {', '.join(r.structures)} → {r.answers[0][0]} in {counted(r.cases, 'case')}"
                for r in constant
            ]
        lines += ["", "rules"]
        marks = {True: "passed", False: "BROKEN", None: "not judged"}
        lines += [f"  {v.rule}  {marks[v.passed]:<10}  {v.reason}" for v in self.verdicts]
        return "\n".join(lines)


def audit(questions: Sequence[Question], *, blind: Mapping[str, bool] | None = None) -> Audit:
    """Check the corpus rules.

    Parameters
    ----------
    questions
        Usually those that are kept.
    blind
        Question id → whether a held-out reader that never saw the scans answered it right; reported, never a filter.
    """
    known = [q for q in questions if _is_known(q)]
    unknown = tuple(q.id for q in questions if not _is_known(q))
    letters, ranks = letter_spread(known), rank_spread(known)
    found = baselines(known)
    if blind:
        found = (*found, blind_baseline(known, blind))
    counts = relation_counts(known)
    constant = constant_questions(known, counts)
    return Audit(
        questions=len(questions),
        cases=len({q.case for q in questions}),
        tasks={task: n for task in TASKS if (n := sum(q.task == task for q in questions))},
        forms=dict(sorted(Counter(q.key.form for q in questions).items())),
        letters=letters,
        ranks=ranks,
        baselines=found,
        relations=counts,
        entropies=_entropies(known, counts),
        constant_questions=constant,
        unknown_forms=unknown,
        verdicts=(
            _spread_verdict("the right letter", letters),
            _spread_verdict("the truth's rank", ranks),
            _equal_verdict(known),
            _constant_verdict(counts, constant),
            *(_baseline_verdict(baseline) for baseline in found if baseline.name != COMMONEST_WORD),
        ),
    )


def _is_known(question: Question) -> bool:
    try:
        check_key(question.key)
    except (UnknownFormError, BadKeyError):
        return False
    return True


def _entropies(questions: Sequence[Question], counts: Sequence[RelationCount]) -> tuple[RelationEntropy, ...]:
    asked: dict[str, Counter[str]] = {}
    for question in questions:
        for relation in form_of(question.key.form).relations(question.key, question.truth):
            asked.setdefault(relation.relation, Counter())[relation.answer] += 1
    return tuple(
        RelationEntropy(
            name,
            answers.total(),
            len(answers),
            entropy_bits(answers.values()),
            sum(c.constant for c in counts if c.relation == name),
        )
        for name, answers in sorted(asked.items())
    )


def blind_baseline(
    questions: Sequence[Question], blind: Mapping[str, bool], name: str = "held-out blind reader"
) -> Baseline:
    """How well a blind reader did on these questions, against chance with its 95 % interval."""
    scored = [(blind[q.id], len(q.options)) for q in questions if q.id in blind and place_of(q) is not None]
    if not scored:
        return Baseline(name, 0, 0.0, 0.0, 0.0)
    n = len(scored)
    chance = sum(1 / size for _, size in scored) / n
    spread = sum(1 / size * (1 - 1 / size) for _, size in scored) ** 0.5 / n
    return Baseline(name, n, sum(right for right, _ in scored) / n, chance, chance + Z_95 * spread)


def _spread_verdict(what: str, spread: Spread) -> Verdict:
    rule = RULES["O3"]
    counts = ", ".join(str(n) for n in spread.observed) or "none"
    if spread.p is None:
        return rule.verdict(None, f"Too few questions to say whether {what} is evenly spread ({counts}).")
    return rule.verdict(
        spread.p > LEAST_P, f"{what.capitalize()}: {counts}; χ² {spread.chi2:.1f}, p = {spread.p:.3g}."
    )


def _equal_verdict(questions: Sequence[Question]) -> Verdict:
    offered = [q for q in questions if any(_ROUGHLY_EQUAL.search(option) for option in q.options)]
    place = [q for q in offered if place_of(q) is not None and _ROUGHLY_EQUAL.search(q.answer_text)]
    if not offered:
        return RULES["O4"].verdict(None, "No question offers “approximately equal”.")
    seldom = math.prod(1.0 - 1.0 / len(q.options) for q in offered)  # that it is never the truth by chance
    return RULES["O4"].verdict(
        bool(place) or (None if seldom > LEAST_P else False),
        f"“Approximately equal” is offered {counted(len(offered), 'time')} and is the truth {counted(len(place), 'time')}.",
    )


def _constant_verdict(counts: Sequence[RelationCount], constant: Sequence[str]) -> Verdict:
    rule = RULES["P1"]
    if constant:
        return rule.verdict(
            False,
            f"{len(constant)} questions ask only what is the same in every patient.",
            detail={"questions": list[JsonValue](constant)},
        )
    most = max((c.cases for c in counts), default=0)
    return rule.verdict(
        True,
        f"No question asks only what is the same in every patient; the most asked relation occurs in {counted(most, 'case')}.",
    )


def _baseline_verdict(baseline: Baseline) -> Verdict:
    rule = RULES["P3"]
    if not baseline.items:
        return rule.verdict(None, f"{baseline.name.capitalize()}: no question it applies to.")
    return rule.verdict(
        baseline.at_chance,
        f"{baseline.name.capitalize()}: {100 * baseline.accuracy:.1f} % right, chance {100 * baseline.chance:.1f} %, "
        f"limit {100 * baseline.limit:.1f} % (n {baseline.items}).",
    )


def _spread_line(name: str, spread: Spread, marks: str) -> str:
    counts = "  ".join(f"{mark} {n}" for mark, n in zip(marks, spread.observed, strict=False))
    p = "too few to test" if spread.p is None else f"χ² {spread.chi2:.1f}, p {spread.p:.3g}"
    return f"{name:<8} {counts or '–'}   {p}"
