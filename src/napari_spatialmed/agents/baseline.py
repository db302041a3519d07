"""The held-out blind baseline of rule P3: a reader that is no member of the panel and filters nothing.

It knows the other patients of the benchmark but not this one: it repeats the answer that the same question had in them
(the commonest word, the median number, of a box or a range all its medians) and otherwise takes the number nearest to the options' geometric mean, or the first
option.  If it does better than chance, the benchmark can be answered without looking.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from napari_spatialmed.agents.answerers import middle
from napari_spatialmed.agents.panel import BLIND_TOLERANCE
from napari_spatialmed.agents.proposal import Signature, signature_of
from napari_spatialmed.questions import LETTERS, Question
from napari_spatialmed.questions.answering import form_of
from napari_spatialmed.questions.audit import blind_baseline
from napari_spatialmed.questions.corpus import LEAST_OF_A_FORM, Baseline, option_for

NAME = "held-out blind reader (other patients)"


def held_out_blind(
    questions: Sequence[Question], patients: Mapping[str, str] | None = None
) -> dict[str, bool]:
    """Question id → whether the held-out reader answered it right; for `questions.audit(…, blind=…)`.

    Parameters
    ----------
    patients
        Case → patient, so that other scans of the same patient don't help; each case its own patient if not given.
    """
    patient_of = dict(patients or {})
    by_question: dict[Signature, list[Question]] = defaultdict(list)
    for question in questions:
        by_question[_signature(question)].append(question)
    found = {}
    for question in questions:
        own = patient_of.get(question.case, question.case)
        others = [q for q in by_question[_signature(question)] if patient_of.get(q.case, q.case) != own]
        found[question.id] = _is_right(question, others)
    return found


def above_chance(questions: Sequence[Question], right: Mapping[str, bool]) -> list[Baseline]:
    """The forms of which the reader answers more than chance and its 95 % interval allow, the worst first.

    Forms with fewer questions than say anything are left out; one form in forty stands here by chance.
    """
    groups: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        if question.options:
            groups[question.key.form].append(question)
    found = [
        blind_baseline(group, right, form) for form, group in groups.items() if len(group) >= LEAST_OF_A_FORM
    ]
    return sorted((b for b in found if not b.at_chance), key=lambda b: b.chance - b.accuracy)


def _is_right(question: Question, others: Sequence[Question]) -> bool:
    numbers = [
        float(q.truth) for q in others if isinstance(q.truth, int | float) and not isinstance(q.truth, bool)
    ]
    expected = statistics.median(numbers) if numbers else None
    truth = question.truth
    if question.is_open:
        if expected is None or not isinstance(truth, int | float):
            return False
        return abs(expected - truth) <= BLIND_TOLERANCE * abs(truth)
    if isinstance(truth, dict):
        nearest = _nearest_of_several(question, others)
        return question.answer == LETTERS[nearest or 0]
    values = [middle(option) for option in question.options]
    if all(value is not None for value in values):
        given = [value or 0.0 for value in values]
        guess = None if expected is None else option_for(question, expected)
        if guess is None:  # nothing is known, or it lies beyond all options: the nearest
            aim = math.exp(statistics.fmean(math.log(max(v, 1e-3)) for v in given))
            aim = aim if expected is None else expected
            guess = min(range(len(given)), key=lambda i: abs(given[i] - aim))
        return question.answer == LETTERS[guess]
    said = Counter(q.answer_text for q in others).most_common(1)
    if said and said[0][0] in question.options:
        return question.answer == LETTERS[question.options.index(said[0][0])]
    return question.answer == LETTERS[0]


def _nearest_of_several(question: Question, others: Sequence[Question]) -> int | None:
    """The option (a box, a range) whose numbers all together come nearest to the others' medians."""
    known = [q.truth for q in others if isinstance(q.truth, dict)]
    stated = [form_of(question.key.form).states(question.key, option) for option in question.options]
    if not known:
        return None
    usual = {name: statistics.median(float(str(truth[name])) for truth in known) for name in known[0]}
    off = [
        sum(abs(math.log(max(said[name], 1.0) / max(usual[name], 1.0))) for name in usual)
        if isinstance(said, dict)
        else math.inf
        for said in stated
    ]
    return off.index(min(off))


def _signature(question: Question) -> Signature:
    """As for near-duplicates, but what is asked first stays first, and an open number is not an option's."""
    key = question.key
    quantity, _, axis = signature_of(key.form, key.structures, key.params)
    return f"{quantity} {question.unit}", key.structures, axis
