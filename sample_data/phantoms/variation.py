"""What makes one patient differ from the next: sizes and positions of organs, drawn from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from phantoms.shapes import Floats, Point


@dataclass(frozen=True)
class Variation:
    """How an organ departs from the textbook: scaled about its anchor, then shifted in mm."""

    scale: dict[str, float] = field(default_factory=dict)
    shift: dict[str, Floats] = field(default_factory=dict)

    def size(self, organ: str) -> float:
        return self.scale.get(organ, 1.0)

    def place(self, organ: str, points: Sequence[Point], anchor: Point | None = None) -> list[Floats]:
        """Control points of an organ, moved."""
        knots = np.asarray(points, float)
        middle = knots.mean(0) if anchor is None else np.asarray(anchor, float)
        moved = middle + self.size(organ) * (knots - middle) + self.shift.get(organ, np.zeros(3))
        return list(moved)

    def radii(self, organ: str, radii: Sequence[float]) -> list[float]:
        return [self.size(organ) * r for r in radii]


TEXTBOOK = Variation()


def draw(random: np.random.Generator, organs: Sequence[str]) -> Variation:
    """A patient's departures: ± 12 % in size (one standard deviation 6 %), ± a few mm in place."""
    scale = {organ: float(np.clip(random.normal(1.0, 0.06), 0.86, 1.14)) for organ in organs}
    shift = {organ: np.clip(random.normal(0.0, 1.8, 3), -4.0, 4.0) for organ in organs}
    return Variation(scale, shift)
