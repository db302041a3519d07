"""The sizes of a structure's box along the patient's three axes."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.questions.askable import askable
from napari_spatialmed.questions.form import (
    Candidate,
    Choices,
    Demands,
    Evaluation,
    Others,
    Takes,
    UndecidableError,
)
from napari_spatialmed.questions.kinds.several import SeveralNumbersForm
from napari_spatialmed.questions.model import AnswerKey
from napari_spatialmed.questions.naming import AXES, AXIS_WORDS
from napari_spatialmed.questions.numbers import decimals_for, numbers_in
from napari_spatialmed.questions.options import room_for, spread_numbers
from napari_spatialmed.questions.usual import Usual

_PART = re.compile(r"(right–left|anterior–posterior|superior–inferior|RL|AP|SI)\s*(.+)", re.I)


@dataclass(frozen=True, kw_only=True)
class BoxSizes(SeveralNumbersForm):
    """Every option has its own number on every axis, so that no shared number points at the truth."""

    own_rules: ClassVar[tuple[str, ...]] = ("O1", "O7", "U2")

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        return (Candidate((name,)) for name in askable(geometry, whole=True, one_piece=True))

    def demands(self, key: AnswerKey) -> Demands:
        return Demands(whole=key.structures, one_piece=key.structures)

    def axes(self, key: AnswerKey) -> tuple[str, ...]:
        return ()

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        found = measure(geometry, "extent_mm", *key.structures)
        if not isinstance(found.value, dict):
            raise UndecidableError("U6", f"The box of {key.structures[0]} could not be measured.")
        sizes = {axis: float(found.value[axis]) for axis in AXES}
        return Evaluation(dict(sizes), "mm", found.uncertainty, (found.to_dict(),), sizes)

    def offer(self, key: AnswerKey, found: Evaluation, rng: random.Random) -> Choices:
        columns: dict[str, list[float]] = {}
        decimals = decimals_for("mm", found.uncertainty)
        for axis in AXES:
            values, right, own = spread_numbers(found.values[axis], "mm", found.uncertainty, rng)
            wrong = [value for place, value in enumerate(values) if place != right]
            rng.shuffle(wrong)
            columns[axis] = [values[right], *wrong]
            decimals = min(decimals, own)
        texts = [
            ", ".join(f"{AXIS_WORDS[axis]} {columns[axis][place]:.{decimals}f} mm" for axis in AXES)
            for place in range(4)
        ]
        return Choices(tuple(texts), 0)

    def how_usual(
        self, key: AnswerKey, found: Evaluation, options: Sequence[str], usual: Sequence[Usual]
    ) -> tuple[float, ...]:
        sizes = [self.read(option) or {} for option in options]
        weights = [1.0] * len(options)
        for axis, known in zip(AXES, usual, strict=True):
            lengths = [size[axis][0] for size in sizes]
            for place, length in enumerate(lengths):
                room = room_for(length, max(lengths), "mm", found.uncertainty)
                weights[place] *= known.density(length) * room
        return tuple(weights)

    def read(self, option: str) -> Mapping[str, tuple[float, float]] | None:
        found: dict[str, tuple[float, float]] = {}
        for part in option.split(","):
            match = _PART.match(part.strip())
            numbers = numbers_in(match[2]) if match else []
            if match is None or len(numbers) != 1:
                return None
            said = match[1].casefold()
            axis = next(a for a, words in AXIS_WORDS.items() if said in (a.casefold(), words))
            found[axis] = (numbers[0].value, numbers[0].rounding)
        return found if set(found) == set(AXES) else None


FORM = BoxSizes(
    id="ext.box",
    task="EXT",
    title="Box",
    description="Choose the sizes of a structure's bounding box along the patient's three axes.",
    phrasings=(
        "What are the dimensions of the bounding box of {a} along the patient's axes?",
        "How large is the bounding box of {a}, measured along the patient's axes?",
        "Which set of extents along the patient's axes belongs to {a}?",
    ),
    takes=Takes(1, 1, ("structure",)),
    unit="mm",
)
