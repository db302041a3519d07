"""On which side of the body's midline a structure lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import JsonValue

from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.questions.askable import DIRECTION_MARGIN_MM, askable, tells_direction
from napari_spatialmed.questions.form import (
    Candidate,
    Demands,
    Evaluation,
    Others,
    Relation,
    Takes,
    UndecidableError,
)
from napari_spatialmed.questions.kinds.choice import WordForm
from napari_spatialmed.questions.model import AnswerKey
from napari_spatialmed.questions.usual import Usual


@dataclass(frozen=True, kw_only=True)
class SideOfBody(WordForm):
    """The centre must be clearly off the midline: by 5 mm and more than the midline's own uncertainty."""

    own_rules: ClassVar[tuple[str, ...]] = ("U1", "U2")

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        for name in askable(geometry, whole=True, one_piece=True):
            if not tells_direction(geometry, (name,), "RL"):
                yield Candidate((name,))

    def demands(self, key: AnswerKey) -> Demands:
        return Demands(whole=key.structures, one_piece=key.structures)

    def hinting_axes(self, key: AnswerKey) -> tuple[str, ...]:
        return ("RL",)

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        found = measure(geometry, "laterality", *key.structures)
        if found.value is None:
            raise UndecidableError("U1", f"The midline of the body isn't known: {found.method}.")
        offset = float(found.detail["offset_mm"])
        if found.value not in ("right", "left") or abs(offset) < DIRECTION_MARGIN_MM:
            raise UndecidableError(
                "U1",
                f"The centre of the {geometry.case[key.structures[0]].title} lies {abs(offset):.1f} mm from the midline.",
            )
        return Evaluation(str(found.value), "", None, (found.to_dict(),), {"offset_mm": offset})

    def how_usual(
        self, key: AnswerKey, found: Evaluation, options: Sequence[str], usual: Sequence[Usual]
    ) -> tuple[float, ...]:
        return usual[0].sides(DIRECTION_MARGIN_MM)

    def words(self, key: AnswerKey) -> dict[str, str]:
        return {"right": "right", "left": "left"}

    def relations(self, key: AnswerKey, truth: JsonValue) -> tuple[Relation, ...]:
        return (Relation("side of the body", key.structures, str(truth)),)


FORM = SideOfBody(
    id="dir.side",
    task="DIR",
    title="Side of the body",
    description="On which side of the body's midline a structure's centre lies.",
    phrasings=(
        "On which side of the body's midline does the centre of {a} lie?",
        "Is the centre of {a} in this patient to the right or to the left of the midline?",
        "On which side of this patient's midline is {a} centred?",
    ),
    takes=Takes(1, 1, ("structure",)),
)
