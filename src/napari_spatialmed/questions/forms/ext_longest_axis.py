"""Along which of the patient's axes a structure is longest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import JsonValue

from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.questions.askable import askable
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
from napari_spatialmed.questions.naming import AXIS_WORDS
from napari_spatialmed.questions.numbers import option_gap
from napari_spatialmed.questions.usual import Usual, winners


@dataclass(frozen=True, kw_only=True)
class LongestAxis(WordForm):
    """The longest extent must lead the next by rule O1's gap."""

    own_rules: ClassVar[tuple[str, ...]] = ("U2",)

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        return (Candidate((name,)) for name in askable(geometry, whole=True, one_piece=True))

    def demands(self, key: AnswerKey) -> Demands:
        return Demands(whole=key.structures, one_piece=key.structures)

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        found = measure(geometry, "extent_mm", *key.structures)
        if not isinstance(found.value, dict):
            raise UndecidableError("U6", f"The extent of {key.structures[0]} could not be measured.")
        extents = {axis: float(found.value[axis]) for axis in AXIS_WORDS}
        return Evaluation(
            max(extents, key=extents.__getitem__), "mm", found.uncertainty, (found.to_dict(),), extents
        )

    def fragile(self, key: AnswerKey, found: Evaluation) -> str | None:
        first, second = sorted(found.values.values(), reverse=True)[:2]
        if first - second < option_gap(first, "mm", found.uncertainty):
            return f"The two longest extents, {first:.0f} and {second:.0f} mm, are too close to tell apart."
        return None

    def how_usual(
        self, key: AnswerKey, found: Evaluation, options: Sequence[str], usual: Sequence[Usual]
    ) -> tuple[float, ...]:
        return winners(usual)

    def words(self, key: AnswerKey) -> dict[str, str]:
        return dict(AXIS_WORDS)

    def relations(self, key: AnswerKey, truth: JsonValue) -> tuple[Relation, ...]:
        return (Relation("longest axis", key.structures, str(truth)),)


FORM = LongestAxis(
    id="ext.longest_axis",
    task="EXT",
    title="Longest axis",
    description="Along which of the patient's three axes a structure's box is longest.",
    phrasings=(
        "Along which of the patient's axes is {a} longest?",
        "Along which of the patient's axes does {a} have its greatest extent?",
        "Compare the extents of {a} along the patient's axes: which is the greatest?",
    ),
    takes=Takes(1, 1, ("structure",)),
    unit="mm",
)
