"""What a form is: how to pick structures, evaluate, phrase, build distractors, and which rules apply.

A form is one object named ``FORM`` in one file of `questions/forms/`; most are an instance of one of the kinds in
`questions/kinds/` (a number to choose, an interval, a threshold, which structure, …) filled with their own words.
"""

from __future__ import annotations

import random
import re
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import JsonValue

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry, Measurement
from napari_spatialmed.questions.model import AnswerKey, Task
from napari_spatialmed.questions.naming import AXIS_WORDS, listing, same_words, the
from napari_spatialmed.questions.usual import Usual

OptionKind = Literal["number", "interval", "word", "structure", "order", "sizes", "span", "none"]
"""What an option's text states; the option rules read it back accordingly."""

Others = Mapping[str, CaseGeometry]
"""Further cases by id, for the forms that compare two cases."""


class UndecidableError(SpatialMedError):
    """No fair question can be asked like this; carries the rule that says so.

    Attributes
    ----------
    rule
        Id in `RULES`, e.g. ``U1``.
    reason
        For a curator, in words.
    """

    def __init__(self, rule: str, reason: str) -> None:
        self.rule = rule
        self.reason = reason
        super().__init__(f"{reason} (rule {rule})")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Structures, in the form's order, with the parameters that a proposer may choose."""

    structures: tuple[str, ...]
    params: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an answer key comes to on one case.

    Attributes
    ----------
    truth
        A number, word, structure's name, or a list or dict of these.
    unit, uncertainty
        Of the truth, or of the number behind it.
    evidence
        The measurements it rests on, as `Measurement.to_dict()`.
    values
        The numbers behind a truth that is a word, by name: what the uncertainty rules look at.
    """

    truth: JsonValue
    unit: str
    uncertainty: float | None
    evidence: tuple[dict[str, JsonValue], ...]
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Takes:
    """Which structures a form takes.

    `kinds` limits each place's kind of structure; the last entry holds for all places after it; empty means any.
    """

    least: int
    most: int
    roles: tuple[str, ...]
    kinds: tuple[tuple[str, ...], ...] = ()

    def kinds_of(self, place: int) -> tuple[str, ...]:
        """The kinds allowed at a place; empty for any."""
        return self.kinds[min(place, len(self.kinds) - 1)] if self.kinds else ()


@dataclass(frozen=True, slots=True)
class Demands:
    """What must be decidable before this question is fair; the U rules check it.

    Attributes
    ----------
    directions
        (first, second, axis) whose relative direction must be clear (U1).
    whole
        Structures that must not be cut by the border (U2).
    hosted
        Lesions whose host organ must be unambiguous (U4).
    one_piece
        Structures that the stem means as a single thing: several lesions under this name can't be asked about (U5).
    """

    directions: tuple[tuple[str, str, str], ...] = ()
    whole: tuple[str, ...] = ()
    hosted: tuple[str, ...] = ()
    one_piece: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choices:
    """Option texts before shuffling, the place of the right one, and parameters to be kept in the key."""

    texts: tuple[str, ...]
    right: int
    params: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Relation:
    """A fact that a blind reader could know, for rules P1 and the entropy table: (relation, structures) → answer."""

    relation: str
    structures: tuple[str, ...]
    answer: str


@dataclass(frozen=True, kw_only=True)
class Form(ABC):
    """A question's shape inside a task.

    Attributes
    ----------
    id
        ``task.shape``, e.g. ``dist.surface_value``.
    phrasings
        At least three templates.  ``{a}``, ``{b}``, … become the structures, ``{list}`` (``{choice}``
        with *or*) all but the first where the form compares with a reference (else all), ``{axis}`` the axis in words, and every other name a parameter.
    choices
        Parameters that a proposer may choose, with the allowed values; never free numbers (rule G1).
    lesions
        What several lesions under one name mean here (rule U5): ``"total"`` all together, ``"nearest"`` the nearest of
        them, ``"each"`` every single one (a count), ``"one"`` can't be asked.
    compared_with
        Which of the structures the others are compared with: the one that follows "relative to", "seen from", "than" in
        a stem (rule G2).  None where the order means nothing.
    """

    id: str
    task: Task
    title: str
    description: str
    phrasings: tuple[str, ...]
    takes: Takes
    unit: str = ""
    choices: Mapping[str, tuple[JsonValue, ...]] = field(default_factory=dict)
    lesions: Literal["total", "nearest", "each", "one"] = "one"
    compared_with: int | None = None

    option_kind: ClassVar[OptionKind] = "none"
    own_rules: ClassVar[tuple[str, ...]] = ()
    free_params: ClassVar[tuple[str, ...]] = ()
    """Parameters that name something outside the form, such as a second case's id."""
    second_scan: ClassVar[bool] = False
    """Whether it compares with another scan of the same patient."""

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules that this form's questions are checked against."""
        common = ("G1", "G2", "G3", "G4", "G5", "G6", "U3", "U5", "U6")
        choice = () if self.option_kind == "none" else ("O3", "O4", "O5")
        return tuple(sorted({*common, *choice, *self.own_rules}))

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names that an own stem may use in braces: those of the phrasings."""
        return tuple(dict.fromkeys(re.findall(r"\{(\w+)\}", " ".join(self.phrasings))))

    @abstractmethod
    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        """What could be asked of this case: decidable as far as cheap measurements tell, in a fixed order."""

    def across(self, geometry: CaseGeometry, others: Others) -> Iterator[Candidate]:
        """What could be asked of this case together with other scans of the same patient."""
        return iter(())

    @abstractmethod
    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        """Compute the truth.  Raises UndecidableError where the labels don't decide it."""

    def settle(
        self,
        geometry: CaseGeometry,
        structures: tuple[str, ...],
        params: dict[str, JsonValue],
        rng: random.Random,
        others: Others,
    ) -> dict[str, JsonValue]:
        """Complete the parameters: draw those that weren't chosen."""
        return params | {
            name: rng.choice(values) for name, values in self.choices.items() if name not in params
        }

    def offer(self, key: AnswerKey, found: Evaluation, rng: random.Random) -> Choices:
        """The options, unshuffled; an open question has none."""
        return Choices((), 0)

    def demands(self, key: AnswerKey) -> Demands:
        """What the U rules must see fulfilled."""
        return Demands(one_piece=key.structures if self.lesions == "one" else ())

    def fragile(self, key: AnswerKey, found: Evaluation) -> str | None:
        """Why the answer would not survive the measurement's uncertainty (rule U6), or None."""
        return None

    def states(self, key: AnswerKey, option: str) -> JsonValue | object | None:
        """What an option's text says, in the truth's own form; None if it can't be read."""
        return None

    def right(
        self, key: AnswerKey, truth: JsonValue, options: Sequence[str], tolerance: float
    ) -> tuple[int, ...]:
        """The places of the options that state the truth; for a fair question exactly one."""
        return tuple(i for i, option in enumerate(options) if self.states(key, option) == truth)

    def contest(self, key: AnswerKey, found: Evaluation) -> str | None:
        """Why the options are no fair contest (rule O6), or None."""
        return None

    def axes(self, key: AnswerKey) -> tuple[str, ...]:
        """The patient's axes that the stem must speak of, and no others (rule G4)."""
        axis = key.params.get("axis")
        return (axis,) if isinstance(axis, str) else ()

    def hinting_axes(self, key: AnswerKey) -> tuple[str, ...]:
        """The axes about which no structure's name may give a hint (rule O5)."""
        return ()

    def contrary_words(self, key: AnswerKey) -> tuple[str, ...]:
        """Words in a stem that would ask for the opposite of what the key computes (rule G2)."""
        return ()

    def may_name(self, key: AnswerKey) -> tuple[str, ...]:
        """Structures outside the key that a stem may name (rule U5)."""
        return ()

    def too_alike(self, found: Evaluation, usual: Sequence[Usual]) -> str | None:
        """Why knowing what is usual is enough, whatever the options (rule P1), or None."""
        return None

    def how_usual(
        self, key: AnswerKey, found: Evaluation, options: Sequence[str], usual: Sequence[Usual]
    ) -> tuple[float, ...]:
        """How likely each option (unshuffled) is to whoever knows only what is usual; empty if that can't be said."""
        return ()

    def relations(self, key: AnswerKey, truth: JsonValue) -> tuple[Relation, ...]:
        """What of the answer could be the same in every patient (rule P1)."""
        return ()

    def number_asked(self, key: AnswerKey) -> Hashable:
        """Which one number of the patient is asked for: the same in questions that differ in shape only; None if none is."""
        return None

    def number_told(self, truth: JsonValue) -> float | None:
        """That number, where the truth is it."""
        return None

    def option_for(self, value: float, options: Sequence[str]) -> int | None:
        """The place of the option that would be right if the number asked for were this one; None if no option would."""
        return None

    def fields(self, key: AnswerKey) -> dict[str, str]:
        """What the phrasings' braces are filled with."""
        phrases = [phrase(key, name) for name in key.structures]
        rest = phrases[1:] if self.takes.roles[0] == "reference" else phrases
        named = dict(zip("abcdefgh", phrases, strict=False))
        axis = key.params.get("axis")
        if isinstance(axis, str):
            named["axis"] = AXIS_WORDS[axis]
        if rest:
            named["list"] = listing(rest)
            named["choice"] = listing(rest, "or")
        simple = {
            k: f"{v:g}" if isinstance(v, float) else str(v)
            for k, v in key.params.items()
            if isinstance(v, str | int | float)
        }
        return simple | named


def title_of(key: AnswerKey, name: str) -> str:
    """How people call a structure of this key; kept in the key so that text can be checked without the scan."""
    titles = key.params.get("titles")
    found = titles.get(name) if isinstance(titles, dict) else None
    return found if isinstance(found, str) else name.replace("_", " ")


def phrase(key: AnswerKey, name: str) -> str:
    """How the stem refers to a structure: with its article and, for several lesions, which of them (rule U5)."""
    referents = key.params.get("referents")
    found = referents.get(name) if isinstance(referents, dict) else None
    return found if isinstance(found, str) else the(title_of(key, name))


def structure_named(key: AnswerKey, text: str, among: Iterable[str]) -> str | None:
    """The structure that an option names, by its title or its name, in any word order."""
    wanted = same_words(text)
    return next(
        (n for n in among if wanted and wanted in (same_words(title_of(key, n)), same_words(n))), None
    )


def fill(template: str, fields: Mapping[str, str]) -> str:
    """Put the fields in; braces that name no field stay as they are.  The first letter becomes a capital."""
    text = re.sub(r"\{(\w+)\}", lambda m: fields.get(m[1], m[0]), template)
    return text[:1].upper() + text[1:]


def number_of(measurement: Measurement) -> float:
    """A measurement's number.

    Raises
    ------
    UndecidableError
        If the calculator could not decide it.
    """
    value = measurement.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        why = ", ".join(measurement.flags) or "it has no value here"
        raise UndecidableError(
            "U6", f"{measurement.calculator} of {' and '.join(measurement.structures)}: {why}."
        )
    return float(value)
