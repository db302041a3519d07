"""How one patient's organs depart from the textbook: larger or smaller, longer or flatter, turned, elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from phantoms.shapes import Floats, Point

_SAME = np.eye(3)


@dataclass(frozen=True)
class Variation:
    """By organ; what isn't listed is as in the textbook.

    Attributes
    ----------
    scale
        Factor of all lengths.
    shape
        Factors along the organ's own axes, whose product is about 1.
    turn
        Rotation about the organ's anchor.
    shift
        mm along R, A, S.
    """

    scale: dict[str, float] = field(default_factory=dict)
    shape: dict[str, Floats] = field(default_factory=dict)
    turn: dict[str, Floats] = field(default_factory=dict)
    shift: dict[str, Floats] = field(default_factory=dict)

    def size(self, organ: str) -> float:
        return self.scale.get(organ, 1.0)

    def place(self, organ: str, points: Sequence[Point], anchor: Point | None = None) -> list[Floats]:
        """Control points of an organ, moved."""
        knots = np.asarray(points, float)
        middle = knots.mean(0) if anchor is None else np.asarray(anchor, float)
        stretched = self.size(organ) * (knots - middle) * self.shape.get(organ, np.ones(3))
        return list(middle + stretched @ self.turn.get(organ, _SAME).T + self.shift.get(organ, np.zeros(3)))

    def radii(self, organ: str, radii: Sequence[float]) -> list[float]:
        """The radii of a tube along its way."""
        return [self.size(organ) * r for r in radii]

    def axes(self, organ: str, radii: Sequence[float]) -> list[float]:
        """The three radii of an ellipsoid."""
        return [
            self.size(organ) * float(f) * r
            for f, r in zip(self.shape.get(organ, np.ones(3)), radii, strict=True)
        ]

    def turned(self, organ: str, turn: Floats) -> Floats:
        """An ellipsoid's orientation."""
        return np.asarray(self.turn.get(organ, _SAME) @ turn)


TEXTBOOK = Variation()
