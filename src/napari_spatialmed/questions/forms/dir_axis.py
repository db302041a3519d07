"""Where one structure lies seen from another, along one of the patient's axes."""

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
    direction_of,
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
from napari_spatialmed.questions.naming import AXES, OPPOSITE
from napari_spatialmed.questions.usual import Usual


@dataclass(frozen=True, kw_only=True)
class AxisDirection(WordForm):
    """Superior or inferior, anterior or posterior, right or left of the other structure."""

    own_rules: ClassVar[tuple[str, ...]] = ("U1",)

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        for pair in combinations(askable(geometry, one_piece=True), 2):
            first, second = either_way(pair, geometry.case.id)
            value = direction_measured(geometry, first, second).value
            for axis in AXES:
                if (
                    isinstance(value, dict)
                    and value.get(axis)
                    and not tells_direction(geometry, (first, second), axis)
                ):
                    yield Candidate((first, second), {"axis": axis})

    def settle(
        self,
        geometry: CaseGeometry,
        structures: tuple[str, ...],
        params: dict[str, JsonValue],
        rng: random.Random,
        others: Others,
    ) -> dict[str, JsonValue]:
        if "axis" in params:
            return params
        first, second = structures
        clear = [axis for axis in AXES if direction_of(geometry, first, second, axis)]
        if not clear:
            raise UndecidableError("U1", f"{first} and {second} are less than 5 mm apart along every axis.")
        return params | {"axis": rng.choice(clear)}

    def demands(self, key: AnswerKey) -> Demands:
        first, second = key.structures
        axis = key.params.get("axis")
        return Demands(directions=((first, second, str(axis)),) if axis else (), one_piece=key.structures)

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        found = direction_measured(geometry, *key.structures)
        axis = str(key.params["axis"])
        word = found.value.get(axis) if isinstance(found.value, dict) else None
        if not isinstance(word, str):
            raise UndecidableError(
                "U1", f"{key.structures[0]} lies on neither side of {key.structures[1]} along {axis}."
            )
        return Evaluation(word, "", found.uncertainty, (found.to_dict(),))

    def how_usual(
        self, key: AnswerKey, found: Evaluation, options: Sequence[str], usual: Sequence[Usual]
    ) -> tuple[float, ...]:
        return usual[0].sides(DIRECTION_MARGIN_MM)

    def words(self, key: AnswerKey) -> dict[str, str]:
        return {word: word for word in AXES[str(key.params["axis"])]}

    def relations(self, key: AnswerKey, truth: JsonValue) -> tuple[Relation, ...]:
        first, second = key.structures
        word = str(truth)
        if first > second:
            first, second, word = second, first, OPPOSITE[word]
        return (Relation(f"direction({key.params['axis']})", (first, second), word),)

    def hinting_axes(self, key: AnswerKey) -> tuple[str, ...]:
        return self.axes(key)


FORM = AxisDirection(
    id="dir.axis",
    task="DIR",
    title="Direction along an axis",
    description="Where the first structure lies seen from the second, along one of the patient's axes.",
    phrasings=(
        "Along the {axis} axis, where does {a} lie relative to {b}?",
        "Seen from {b}, in which direction along the {axis} axis does {a} lie?",
        "Which direction along the {axis} axis leads from {b} to {a}?",
    ),
    compared_with=1,
    takes=Takes(2, 2, ("structure", "seen from")),
    choices={"axis": ("RL", "AP", "SI")},
)
