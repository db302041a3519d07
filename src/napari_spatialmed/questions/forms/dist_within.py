"""Which one of several structures comes within a margin of a reference."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
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
    number_of,
    title_of,
)
from napari_spatialmed.questions.kinds.choice import WhichForm
from napari_spatialmed.questions.kinds.nearness import CLOSEST, LEAD_MM, neighbours
from napari_spatialmed.questions.model import AnswerKey
from napari_spatialmed.questions.usual import Usual

MARGINS_MM = (10, 15, 20, 25, 30, 40, 50)


@dataclass(frozen=True, kw_only=True)
class WithinMargin(WhichForm):
    """Exactly one option lies within the margin; all keep rule O6's 3 mm away from it."""

    own_rules: ClassVar[tuple[str, ...]] = ("O6",)

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        names = tuple(askable(geometry, one_piece=True))
        for reference in names:
            distances = _distances(geometry, reference, neighbours(geometry, reference, names))
            rng = random.Random(f"{geometry.case.id}|{self.id}|{reference}")
            for margin in rng.sample(MARGINS_MM, len(MARGINS_MM)):
                inside = [n for n, d in distances.items() if d <= margin - LEAD_MM]
                outside = [
                    n
                    for n in sorted(distances, key=distances.__getitem__)
                    if distances[n] >= margin + LEAD_MM
                ]
                if inside and len(outside) >= 3:
                    chosen = [rng.choice(inside), *rng.sample(outside[:CLOSEST], 3)]
                    rng.shuffle(chosen)
                    yield Candidate((reference, *chosen))
                    break

    def settle(
        self,
        geometry: CaseGeometry,
        structures: tuple[str, ...],
        params: dict[str, JsonValue],
        rng: random.Random,
        others: Others,
    ) -> dict[str, JsonValue]:
        first, second, *_ = sorted(_distances(geometry, structures[0], structures[1:]).values())
        fitting = [m for m in MARGINS_MM if first <= m - LEAD_MM and second >= m + LEAD_MM]
        if not fitting:
            raise UndecidableError(
                "O6",
                f"No margin separates the nearest ({first:.1f} mm) clearly from the next ({second:.1f} mm).",
            )
        return params | {"margin": rng.choice(fitting)}

    def demands(self, key: AnswerKey) -> Demands:
        return Demands(one_piece=key.structures)

    def least_wins(self, key: AnswerKey) -> bool:
        return True

    def scores(
        self, key: AnswerKey, geometry: CaseGeometry
    ) -> tuple[dict[str, tuple[float, float]], tuple[dict[str, JsonValue], ...]]:
        reference, *others = key.structures
        found = {name: measure(geometry, "surface_distance_mm", reference, name) for name in others}
        scores = {name: (number_of(m), m.uncertainty or 0.0) for name, m in found.items()}
        return scores, tuple(m.to_dict() for m in found.values())

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        found = super().evaluate(key, geometry, others)
        inside = [name for name, distance in found.values.items() if distance <= _margin(key.params)]
        if len(inside) != 1:
            raise UndecidableError(
                "O6", f"{len(inside)} of the structures come within {_margin(key.params):g} mm, not one."
            )
        return found

    def fragile(self, key: AnswerKey, found: Evaluation) -> str | None:
        margin, doubt = _margin(key.params), found.uncertainty or 0.0
        for name, distance in found.values.items():
            if abs(distance - margin) < doubt:
                return f"The {title_of(key, name)} is {distance:.1f} mm away, within the uncertainty of {margin:g} mm."
        return None

    def how_usual(
        self, key: AnswerKey, found: Evaluation, options: Sequence[str], usual: Sequence[Usual]
    ) -> tuple[float, ...]:
        inside = [number.share(0.0, _margin(key.params)) for number in usual]
        return tuple(
            math.prod(share if place == own else 1.0 - share for place, share in enumerate(inside))
            for own in range(len(inside))
        )

    def relations(self, key: AnswerKey, truth: JsonValue) -> tuple[Relation, ...]:
        # The only one within a margin is the nearest: the same fact under another name.
        winner, reference = str(truth), key.structures[0]
        return tuple(
            Relation("dist.nearest(surfaces)", (reference, *sorted((winner, loser))), winner)
            for loser in self.asked(key)
            if loser != winner
        )

    def contest(self, key: AnswerKey, found: Evaluation) -> str | None:
        margin = _margin(key.params)
        for name, distance in found.values.items():
            if abs(distance - margin) < LEAD_MM:
                return f"The {title_of(key, name)} is {distance:.1f} mm away, too close to the margin of {margin:g} mm."
        return None


def _distances(
    geometry: CaseGeometry, reference: str, names: tuple[str, ...] | list[str]
) -> dict[str, float]:
    return {n: number_of(measure(geometry, "surface_distance_mm", reference, n)) for n in names}


def _margin(params: Mapping[str, JsonValue]) -> float:
    found = params.get("margin")
    return float(found) if isinstance(found, int | float) else 0.0


FORM = WithinMargin(
    id="dist.within",
    task="DIST",
    title="Within a margin",
    description="Which one of three to five structures comes within a margin of the first one's surface.",
    phrasings=(
        "Which of these structures comes within {margin} mm of {a}, surface to surface?",
        "A margin of {margin} mm is drawn around {a}: which structure does it reach?",
        "Only one of {list} lies less than {margin} mm from the surface of {a}: which?",
    ),
    takes=Takes(4, 6, ("reference", "option", "option", "option")),
    unit="mm",
)
