"""Which of several structures is largest or smallest by volume."""

from __future__ import annotations

import random
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
    Relation,
    Takes,
    number_of,
    title_of,
)
from napari_spatialmed.questions.kinds.choice import WhichForm
from napari_spatialmed.questions.model import AnswerKey
from napari_spatialmed.questions.usual import Usual, winners

LEAST_LEAD = 1.15
"""The winner differs from the next at least by this factor; ours."""
_MOST_APART = 4.0


@dataclass(frozen=True, kw_only=True)
class LargestOf(WhichForm):
    """By volume; candidates are of similar size, so that it needs a look."""

    own_rules: ClassVar[tuple[str, ...]] = ("U2",)

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        names = tuple(askable(geometry, whole=True))
        volumes = {name: number_of(measure(geometry, "volume_ml", name)) for name in names}
        for size in ("largest", "smallest"):
            for winner in names:
                best = volumes[winner]
                ratio = {
                    n: (best / v if size == "largest" else v / best)
                    for n, v in volumes.items()
                    if n != winner
                }
                rivals = [n for n, r in ratio.items() if LEAST_LEAD < r <= _MOST_APART]
                if len(rivals) >= 3:
                    rng = random.Random(f"{geometry.case.id}|{self.id}|{size}|{winner}")
                    chosen = [winner, *rng.sample(rivals, 3)]
                    rng.shuffle(chosen)
                    yield Candidate(tuple(chosen), {"size": size})

    def demands(self, key: AnswerKey) -> Demands:
        return Demands(whole=key.structures)

    def how_usual(
        self, key: AnswerKey, found: Evaluation, options: Sequence[str], usual: Sequence[Usual]
    ) -> tuple[float, ...]:
        return winners(usual, least=self.least_wins(key))

    def least_wins(self, key: AnswerKey) -> bool:
        return key.params["size"] == "smallest"

    def scores(
        self, key: AnswerKey, geometry: CaseGeometry
    ) -> tuple[dict[str, tuple[float, float]], tuple[dict[str, JsonValue], ...]]:
        found = {name: measure(geometry, "volume_ml", name) for name in key.structures}
        return {n: (number_of(m), m.uncertainty or 0.0) for n, m in found.items()}, tuple(
            m.to_dict() for m in found.values()
        )

    def contrary_words(self, key: AnswerKey) -> tuple[str, ...]:
        return ("largest", "biggest", "greatest") if self.least_wins(key) else ("smallest", "least")

    def fragile(self, key: AnswerKey, found: Evaluation) -> str | None:
        first, second = sorted(found.values, key=found.values.__getitem__, reverse=not self.least_wins(key))[
            :2
        ]
        low, high = sorted((found.values[first], found.values[second]))
        if high < LEAST_LEAD * low:
            return f"The {title_of(key, first)} and the {title_of(key, second)} differ by less than {LEAST_LEAD - 1:.0%}."
        return super().fragile(key, found)

    def relations(self, key: AnswerKey, truth: JsonValue) -> tuple[Relation, ...]:
        winner = str(truth)
        larger = key.params["size"] == "largest"
        found = []
        for loser in self.asked(key):
            if loser != winner:
                first, second = sorted((winner, loser))
                found.append(
                    Relation(
                        "volume", (first, second), "larger" if (first == winner) == larger else "smaller"
                    )
                )
        return tuple(found)


FORM = LargestOf(
    id="comp.largest",
    task="COMP",
    title="Largest or smallest",
    description="Which of three to five structures has the largest or smallest volume.",
    phrasings=(
        "Which of these structures has the {size} volume?",
        "Of {list}, which is the {size} by volume?",
        "Compare the volumes of {list}: which is the {size}?",
    ),
    takes=Takes(3, 5, ("structure", "structure", "structure")),
    unit="mL",
    choices={"size": ("largest", "smallest")},
    lesions="total",
)
