"""Which one of several structures touches another."""

from __future__ import annotations

import random
from collections.abc import Iterator
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
    Takes,
    UndecidableError,
    number_of,
    title_of,
)
from napari_spatialmed.questions.kinds.choice import WhichForm
from napari_spatialmed.questions.kinds.nearness import neighbours
from napari_spatialmed.questions.model import AnswerKey

LEAST_GAP_MM = 5.0
"""The others must keep this distance, so that a voxel more or less makes no contact; ours."""


@dataclass(frozen=True, kw_only=True)
class Contact(WhichForm):
    """Exactly one option touches (neighbouring voxels); the others are clearly apart."""

    own_rules: ClassVar[tuple[str, ...]] = ("O6",)

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        names = tuple(askable(geometry, one_piece=True))
        for reference in names:
            found = {
                n: measure(geometry, "surface_distance_mm", reference, n)
                for n in neighbours(geometry, reference, names)
            }
            touching = [n for n, m in found.items() if m.detail["touching"]]
            apart = [n for n, m in found.items() if number_of(m) >= LEAST_GAP_MM]
            if touching and len(apart) >= 3:
                rng = random.Random(f"{geometry.case.id}|{self.id}|{reference}")
                chosen = [rng.choice(touching), *rng.sample(apart, 3)]
                rng.shuffle(chosen)
                yield Candidate((reference, *chosen))

    def demands(self, key: AnswerKey) -> Demands:
        return Demands(one_piece=key.structures)

    def least_wins(self, key: AnswerKey) -> bool:
        return True

    def scores(
        self, key: AnswerKey, geometry: CaseGeometry
    ) -> tuple[dict[str, tuple[float, float]], tuple[dict[str, JsonValue], ...]]:
        reference, *others = key.structures
        found = {name: measure(geometry, "surface_distance_mm", reference, name) for name in others}
        touching = [name for name, m in found.items() if m.detail["touching"]]
        if len(touching) != 1:
            raise UndecidableError(
                "O6",
                f"{len(touching)} of the structures touch the {geometry.case[reference].title}; it must be one.",
            )
        scores = {n: (0.0 if n in touching else number_of(m), m.uncertainty or 0.0) for n, m in found.items()}
        return scores, tuple(m.to_dict() for m in found.values())

    def fragile(self, key: AnswerKey, found: Evaluation) -> str | None:
        return None

    def contest(self, key: AnswerKey, found: Evaluation) -> str | None:
        for name, distance in found.values.items():
            if name != found.truth and distance < max(LEAST_GAP_MM, found.uncertainty or 0.0):
                return f"The {title_of(key, name)} comes within {distance:.1f} mm: nearly a contact."
        return None

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        found = super().evaluate(key, geometry, others)
        return Evaluation(found.truth, "", found.uncertainty, found.evidence, found.values)


FORM = Contact(
    id="cont.contact",
    task="CONT",
    title="Contact",
    description="Which one of three to five structures touches the first one.",
    phrasings=(
        "Which of these structures touches {a}?",
        "Only one of {list} is in contact with {a}: which?",
        "Which structure lies directly against {a}: {choice}?",
    ),
    takes=Takes(4, 6, ("reference", "option", "option", "option")),
)
