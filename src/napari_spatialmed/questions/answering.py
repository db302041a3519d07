"""From a question back to its answer: evaluating keys, recomputing answers, and what an edit of the labels touches."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

from pydantic import JsonValue

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions.form import Evaluation, Form, Others, UndecidableError
from napari_spatialmed.questions.forms import FORMS
from napari_spatialmed.questions.model import LETTERS, AnswerKey, Question
from napari_spatialmed.questions.numbers import decimals_for


class UnknownFormError(SpatialMedError):
    """A form's id that isn't registered."""


class BadKeyError(SpatialMedError):
    """An answer key that its form can't evaluate: edited by hand, or of another version of the form."""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A question's answer computed anew from the labels as they are.

    Attributes
    ----------
    truth
        The key's value now; None where the labels no longer decide it.
    answer
        The letter or number that is right now; "" if no option is.
    matches
        Whether the stored answer is still the right one.
    reason
        What differs, in words; also said when only digits moved within the uncertainty.
    """

    truth: JsonValue
    answer: str
    matches: bool
    reason: str


def form_of(form_id: str) -> Form:
    """The registered form of this id.

    Raises
    ------
    UnknownFormError
    """
    if form_id not in FORMS:
        raise UnknownFormError(f"no form {form_id!r}", hint=f"There are: {', '.join(FORMS)}.")
    return FORMS[form_id]


def check_key(key: AnswerKey) -> Form:
    """The form of a key that it can evaluate: as many structures as it takes, and choices that it knows.

    Raises
    ------
    UnknownFormError, BadKeyError
    """
    form, given = form_of(key.form), key.structures
    takes = form.takes
    if not takes.least <= len(given) <= takes.most or len(set(given)) != len(given):
        wanted = str(takes.least) if takes.least == takes.most else f"{takes.least} to {takes.most}"
        raise BadKeyError(
            f"the answer key names {', '.join(given) or 'no structure'}; {form.id} takes {wanted} different ones"
        )
    for name, allowed in form.choices.items():
        if key.params.get(name) not in allowed:
            raise BadKeyError(
                f"the answer key's {name} is {key.params.get(name)!r}; {form.id} knows {', '.join(map(str, allowed))}"
            )
    return form


def evaluate(key: AnswerKey, geometry: CaseGeometry, *, others: Others | None = None) -> Evaluation:
    """Compute an answer key on a case.

    Raises
    ------
    UndecidableError
        If the labels don't decide it.
    UnknownFormError, BadKeyError, UnknownStructureError
    """
    return check_key(key).evaluate(key, geometry, others or {})


def recompute(question: Question, geometry: CaseGeometry, *, others: Others | None = None) -> Recomputed:
    """Compute a question's answer anew and compare (rule G2).

    A multiple-choice answer matches while the same option, and only that one, states the new truth within the
    measurement's uncertainty; an open answer matches while it is the new truth rounded.
    """
    form = form_of(question.key.form)
    try:
        found = evaluate(question.key, geometry, others=others)
    except SpatialMedError as error:
        return Recomputed(None, "", False, str(error))
    if question.is_open:
        now = open_answer(found)
        same = now == question.answer
        return Recomputed(
            found.truth,
            now,
            same,
            "" if same else f"The labels now give {now} {found.unit}, not {question.answer}.",
        )
    right = form.right(question.key, found.truth, question.options, found.uncertainty or 0.0)
    if len(right) != 1:
        count = "No option states" if not right else f"{len(right)} options state"
        return Recomputed(
            found.truth, "", False, f"{count} what the labels now give: {tell(found.truth, found.unit)}."
        )
    letter = LETTERS[right[0]]
    if letter != question.answer:
        return Recomputed(
            found.truth,
            letter,
            False,
            f"The labels give {tell(found.truth, found.unit)}: {letter}, not {question.answer}.",
        )
    moved = found.truth != question.truth
    why = (
        f"{tell(question.truth, question.unit)} became {tell(found.truth, found.unit)}; the answer stays {letter}."
        if moved
        else ""
    )
    return Recomputed(found.truth, letter, True, why)


def what_depends_on(question: Question) -> frozenset[str]:
    """The structures whose labels the answer rests on: an edit of any of them makes the question stale.

    These are the key's structures and those that its measurements name: a lesion's surroundings, say, of which one is
    its host.
    """
    names = set(question.key.structures)
    for item in question.evidence:
        names.update(str(name) for name in item.get("structures", ()))
        detail = item.get("detail")
        shares = detail.get("shares") if isinstance(detail, dict) else None
        names.update(str(name) for name in shares or ())
    return frozenset(names)


def asked_axes(question: Question) -> tuple[str, ...]:
    """The patient's axes that a question is about, so that a picture can show them (rule V2); empty if none."""
    form = FORMS.get(question.key.form)
    return () if form is None else form.axes(question.key)


def tell(truth: JsonValue, unit: str = "") -> str:
    """A truth in a sentence."""
    if isinstance(truth, float):
        return f"{truth:.4g} {unit}".strip()
    if isinstance(truth, list):
        return ", ".join(str(item) for item in truth)
    return str(truth)


_hashes: weakref.WeakKeyDictionary[CaseGeometry, tuple[int, str]] = weakref.WeakKeyDictionary()


def labels_hash(geometry: CaseGeometry) -> str:
    """The label map's sha256; hashed again only after an edit, which gives the geometry a new generation."""
    kept = _hashes.get(geometry)
    if kept is None or kept[0] != geometry.generation:
        kept = (geometry.generation, geometry.case.label_sha256())
        _hashes[geometry] = kept
    return kept[1]


def open_answer(found: Evaluation) -> str:
    """An open question's answer: the truth, rounded to what the measurement is worth."""
    if isinstance(found.truth, bool) or not isinstance(found.truth, int | float):
        raise UndecidableError("U6", f"An open question needs a number, not {found.truth!r}.")
    return f"{found.truth:.{decimals_for(found.unit, found.uncertainty)}f}"
