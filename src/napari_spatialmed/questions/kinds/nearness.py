"""Which of several structures lies nearest to, or farthest from, a reference."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import JsonValue

from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.questions.askable import askable
from napari_spatialmed.questions.form import Candidate, Demands, Evaluation, Takes, number_of, title_of
from napari_spatialmed.questions.kinds.choice import WhichForm
from napari_spatialmed.questions.model import AnswerKey, Task
from napari_spatialmed.questions.usual import Usual, winners

LEAD_MM = 3.0
LARGEST_FACTOR = 6.0
"""Rule O6: every other option exceeds the winner by more than 3 mm and lies within a factor 6 of it."""
NEIGHBOURS = 14
"""Candidates are drawn from this many structures with the nearest centres: remote ones make no contest."""
CLOSEST = 5
"""The others are drawn from so many that come closest to winning: what is far behind in all patients tempts nobody; ours."""
BETWEEN = {"surfaces": "surface_distance_mm", "centres": "centre_distance_mm"}
_NEAR_WORDS = ("nearest", "closest", "least distant", "smallest distance")
_FAR_WORDS = ("farthest", "furthest", "most distant", "greatest distance")


def neighbours(geometry: CaseGeometry, reference: str, names: tuple[str, ...]) -> list[str]:
    """The structures with the nearest centres, nearest first."""
    distances = {
        n: number_of(measure(geometry, "centre_distance_mm", reference, n)) for n in names if n != reference
    }
    return sorted(distances, key=distances.__getitem__)[:NEIGHBOURS]


@dataclass(frozen=True, kw_only=True)
class NearnessForm(WhichForm):
    """Nearest or farthest, between surfaces or centres; rule O6 makes it a fair contest."""

    farthest: bool = False
    between: tuple[str, ...] = tuple(BETWEEN)
    own_rules: ClassVar[tuple[str, ...]] = ("O6", "U2")

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        for between in self.between:
            calculator, whole = BETWEEN[between], between == "centres"
            names = tuple(askable(geometry, whole=whole, one_piece=True, kinds=self.takes.kinds_of(1)))
            for reference in askable(geometry, whole=whole, one_piece=True, kinds=self.takes.kinds_of(0)):
                near = neighbours(geometry, reference, names)
                distances = {n: number_of(measure(geometry, calculator, reference, n)) for n in near}
                rng = random.Random(f"{geometry.case.id}|{self.id}|{between}|{reference}")
                winners = [w for w in near if len(self._rivals(distances, w)) >= 3]
                if winners:
                    winner = rng.choice(winners)
                    chosen = [winner, *rng.sample(self._rivals(distances, winner)[:CLOSEST], 3)]
                    rng.shuffle(chosen)
                    yield Candidate((reference, *chosen), {"between": between})

    def _rivals(self, distances: dict[str, float], winner: str) -> list[str]:
        best = distances[winner]
        fair = [n for n, d in distances.items() if n != winner and not self._unfair(best, d)]
        return sorted(fair, key=lambda name: abs(distances[name] - best))

    def _unfair(self, best: float, other: float) -> bool:
        low, high = (other, best) if self.farthest else (best, other)
        return high - low <= LEAD_MM or high > LARGEST_FACTOR * low

    def demands(self, key: AnswerKey) -> Demands:
        centres = key.params.get("between") == "centres"
        return Demands(whole=key.structures if centres else (), one_piece=key.structures)

    def least_wins(self, key: AnswerKey) -> bool:
        return not self.farthest

    def scores(
        self, key: AnswerKey, geometry: CaseGeometry
    ) -> tuple[dict[str, tuple[float, float]], tuple[dict[str, JsonValue], ...]]:
        reference, *others = key.structures
        calculator = BETWEEN[str(key.params["between"])]
        found = {name: measure(geometry, calculator, reference, name) for name in others}
        return {n: (number_of(m), m.uncertainty or 0.0) for n, m in found.items()}, tuple(
            m.to_dict() for m in found.values()
        )

    def how_usual(
        self, key: AnswerKey, found: Evaluation, options: Sequence[str], usual: Sequence[Usual]
    ) -> tuple[float, ...]:
        return winners(usual, least=not self.farthest)

    def contrary_words(self, key: AnswerKey) -> tuple[str, ...]:
        return _NEAR_WORDS if self.farthest else _FAR_WORDS

    def contest(self, key: AnswerKey, found: Evaluation) -> str | None:
        winner = str(found.truth)
        for name, distance in found.values.items():
            if name != winner and self._unfair(found.values[winner], distance):
                return (
                    f"The {title_of(key, winner)} ({found.values[winner]:.1f} mm) and the {title_of(key, name)} "
                    f"({distance:.1f} mm) make no fair contest: more than {LEAD_MM:g} mm and at most a factor of "
                    f"{LARGEST_FACTOR:g} must lie between them."
                )
        return None


def nearness_form(
    *,
    id: str,
    title: str,
    description: str,
    phrasings: tuple[str, ...],
    farthest: bool,
    task: Task = "DIST",
    kinds: tuple[tuple[str, ...], ...] = (),
    between: tuple[str, ...] = tuple(BETWEEN),
) -> NearnessForm:
    """A form of this kind; `kinds` limits what the reference and the options may be."""
    return NearnessForm(
        id=id,
        task=task,
        title=title,
        description=description,
        phrasings=phrasings,
        takes=Takes(4, 6, ("reference", "option", "option", "option"), kinds),
        unit="mm",
        choices={"between": between},
        farthest=farthest,
        between=between,
    )
