"""How far a lesion surrounds a vessel."""

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

SHELL_MM = 3
HALF = 0.5
SOME = 0.05
_CLEAR_BY = 0.05


@dataclass(frozen=True, kw_only=True)
class Encasement(WordForm):
    """By the share of the shell around the vessel that is lesion; over its whole labelled length, not on one slice."""

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        vessels, lesions = (tuple(askable(geometry, kinds=kinds)) for kinds in self.takes.kinds)
        for pair in product(vessels, lesions):
            if measure(geometry, "surface_distance_mm", *pair).detail["touching"]:
                yield Candidate(pair)

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        found = measure(geometry, "overlap_after_dilation", *key.structures, radius_mm=float(SHELL_MM))
        share = number_of(found)
        truth = "none" if share < SOME else "part" if share < HALF else "encased"
        return Evaluation(truth, "ratio", found.uncertainty, (found.to_dict(),), {"share": share})

    def fragile(self, key: AnswerKey, found: Evaluation) -> str | None:
        share = found.values["share"]
        if abs(share - HALF) < _CLEAR_BY or abs(share - SOME) < SOME / 2:
            return (
                f"{share:.0%} of the vessel's surroundings are lesion, too close to where the class changes."
            )
        return None

    def words(self, key: AnswerKey) -> dict[str, str]:
        return {
            "none": f"hardly any contact (under {SOME:.0%})",
            "part": f"partial contact ({SOME:.0%} to {HALF:.0%})",
            "encased": f"encased (over {HALF:.0%})",
        }

    def relations(self, key: AnswerKey, truth: JsonValue) -> tuple[Relation, ...]:
        return (Relation("encasement", key.structures, str(truth)),)


FORM = Encasement(
    id="cont.encasement",
    task="CONT",
    title="Encasement",
    description="How much of a vessel's immediate surroundings (3 mm) a lesion takes, in three classes.",
    phrasings=(
        "How far does {b} surround {a}, over its whole labelled length?",
        "What share of the immediate surroundings of {a} is taken by {b}?",
        "Judge the contact of {b} with {a} along the whole labelled vessel: which class holds?",
    ),
    takes=Takes(2, 2, ("vessel", "lesion"), (("vessel",), ("lesion",))),
    unit="ratio",
    lesions="total",
)
