"""How wide the margin between a lesion and a vessel is, in the classes in which resectability is discussed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from pydantic import JsonValue

from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.questions.askable import askable
from napari_spatialmed.questions.form import Candidate, Evaluation, Others, Relation, Takes, number_of
from napari_spatialmed.questions.kinds.choice import WordForm
from napari_spatialmed.questions.model import AnswerKey

CLOSE_MM = 5.0
CLEAR_MM = 10.0
_LIKELY_MM = 30.0


@dataclass(frozen=True, kw_only=True)
class MarginClass(WordForm):
    """Contact, under 5 mm, 5 to 10 mm, or more; the class borders are ours and printed in the options."""

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        lesions, vessels = (tuple(askable(geometry, kinds=kinds)) for kinds in self.takes.kinds)
        for pair in product(lesions, vessels):
            if number_of(measure(geometry, "margin_mm", *pair)) <= _LIKELY_MM:
                yield Candidate(pair)

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        found = measure(geometry, "margin_mm", *key.structures)
        margin, touching = number_of(found), bool(found.detail["touching"])
        truth = (
            "contact"
            if touching
            else "close"
            if margin < CLOSE_MM
            else "near"
            if margin < CLEAR_MM
            else "clear"
        )
        values = {"margin": margin, "touching": float(touching)}
        return Evaluation(truth, "mm", found.uncertainty, (found.to_dict(),), values)

    def fragile(self, key: AnswerKey, found: Evaluation) -> str | None:
        margin, doubt = found.values["margin"], found.uncertainty or 0.0
        if found.values["touching"]:
            return None
        # The step between voxel neighbours is the least distance there is: just above it, contact can't be excluded.
        border = min((2.0 * doubt, CLOSE_MM, CLEAR_MM), key=lambda edge: abs(margin - edge))
        if abs(margin - border) < doubt:
            return f"The margin of {margin:.1f} mm is within its uncertainty of {border:.1f} mm, where the class changes."
        return None

    def words(self, key: AnswerKey) -> dict[str, str]:
        return {
            "contact": "in contact",
            "close": f"apart by less than {CLOSE_MM:g} mm",
            "near": f"apart by {CLOSE_MM:g} to {CLEAR_MM:g} mm",
            "clear": f"apart by more than {CLEAR_MM:g} mm",
        }

    def relations(self, key: AnswerKey, truth: JsonValue) -> tuple[Relation, ...]:
        return (Relation("margin class", key.structures, str(truth)),)


FORM = MarginClass(
    id="marg.class",
    task="MARG",
    title="Margin to a vessel",
    description="Whether a lesion touches a vessel or how wide the margin between them is, in four classes.",
    phrasings=(
        "What is the margin between {a} and {b}?",
        "How close does {a} come to {b}, surface to surface?",
        "Judge the smallest gap between {a} and {b}: which is right?",
    ),
    takes=Takes(2, 2, ("lesion", "vessel"), (("lesion",), ("vessel",))),
    unit="mm",
    lesions="nearest",
)
