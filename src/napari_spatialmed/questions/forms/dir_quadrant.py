"""Where one structure lies seen from another, along two of the patient's axes at once."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

from pydantic import JsonValue

from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions.askable import (
    DIRECTION_MARGIN_MM,
    askable,
    direction_measured,
    tells_direction,
)
from napari_spatialmed.questions.form import (
    Candidate,
    Demands,
    Evaluation,
    Others,
    Relation,
    Takes,
    UndecidableError,
)
from napari_spatialmed.questions.kinds.choice import WordForm, either_way
from napari_spatialmed.questions.model import AnswerKey
from napari_spatialmed.questions.naming import AXES, AXIS_WORDS, OPPOSITE
from napari_spatialmed.questions.usual import Usual

PLANES = {"coronal": ("SI", "RL"), "axial": ("AP", "RL"), "sagittal": ("SI", "AP")}
"""Plane → the two axes that it shows."""


@dataclass(frozen=True, kw_only=True)
class Quadrant(WordForm):
    """Four options: both directions along both axes of a plane."""

    own_rules: ClassVar[tuple[str, ...]] = ("U1",)

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        for names in combinations(askable(geometry, one_piece=True), 2):
            pair = either_way(names, geometry.case.id)
            value = direction_measured(geometry, *pair).value
            for plane, axes in PLANES.items():
                clear = isinstance(value, dict) and all(value.get(axis) for axis in axes)
                if clear and not any(tells_direction(geometry, pair, axis) for axis in axes):
                    yield Candidate(pair, {"plane": plane})

    def settle(
        self,
        geometry: CaseGeometry,
        structures: tuple[str, ...],
        params: dict[str, JsonValue],
        rng: random.Random,
        others: Others,
    ) -> dict[str, JsonValue]:
        if "plane" in params:
            return params
        first, second = structures
        value = direction_measured(geometry, first, second).value
        clear = [
            p for p, axes in PLANES.items() if isinstance(value, dict) and all(value.get(a) for a in axes)
        ]
        if not clear:
            raise UndecidableError("U1", f"{first} and {second} are 5 mm apart along fewer than two axes.")
        return params | {"plane": rng.choice(clear)}

    def axes(self, key: AnswerKey) -> tuple[str, ...]:
        plane = key.params.get("plane")
        return PLANES[plane] if isinstance(plane, str) else ()

    def hinting_axes(self, key: AnswerKey) -> tuple[str, ...]:
        return self.axes(key)

    def demands(self, key: AnswerKey) -> Demands:
        first, second = key.structures
        return Demands(
            directions=tuple((first, second, axis) for axis in self.axes(key)), one_piece=key.structures
        )

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        first, second = key.structures
        found = direction_measured(geometry, first, second)
        words = [found.value.get(axis) if isinstance(found.value, dict) else None for axis in self.axes(key)]
        if not all(isinstance(word, str) for word in words):
            raise UndecidableError("U1", f"{first} and {second} are not clearly apart along both axes.")
        return Evaluation(" and ".join(map(str, words)), "", found.uncertainty, (found.to_dict(),))

    def how_usual(
        self, key: AnswerKey, found: Evaluation, options: Sequence[str], usual: Sequence[Usual]
    ) -> tuple[float, ...]:
        first, second = (axis.sides(DIRECTION_MARGIN_MM) for axis in usual)
        return tuple(a * b for a in first for b in second)

    def words(self, key: AnswerKey) -> dict[str, str]:
        first, second = self.axes(key)
        pairs = [f"{a} and {b}" for a in AXES[first] for b in AXES[second]]
        return {pair: pair for pair in pairs}

    def fields(self, key: AnswerKey) -> dict[str, str]:
        return super().fields(key) | {"axes": " and ".join(AXIS_WORDS[axis] for axis in self.axes(key))}

    def relations(self, key: AnswerKey, truth: JsonValue) -> tuple[Relation, ...]:
        first, second = sorted(key.structures)
        words = str(truth).split(" and ")
        if first != key.structures[0]:
            words = [OPPOSITE[word] for word in words]
        return tuple(
            Relation(f"direction({axis})", (first, second), word)
            for axis, word in zip(self.axes(key), words, strict=True)
        )


FORM = Quadrant(
    id="dir.quadrant",
    task="DIR",
    title="Direction in a plane",
    description="Where the first structure lies seen from the second, along two of the patient's axes at once.",
    phrasings=(
        "Along the {axes} axes, where does {a} lie relative to {b}?",
        "Seen from {b}, in which direction along the {axes} axes does {a} lie?",
        "Which directions along the {axes} axes lead from {b} to {a}?",
    ),
    compared_with=1,
    takes=Takes(2, 2, ("structure", "seen from")),
    choices={"plane": tuple(PLANES)},
)
