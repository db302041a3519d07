"""What a number usually is in other patients, and whether a question built around it is fair to a reader who knows that.

The options are built around the truth, its rank drawn evenly.  To a reader who knows what people usually have, the usual
option is still the likelier one.  So a question is asked only with a chance that takes this away: if `w` says how usual
each option is, the least of them divided by the truth's own.  Of the questions that are asked, each option is then the
truth equally often, whatever the reader knows of other patients (rejection sampling: von Neumann 1951).  Where patients
differ by less than the options must, nearly nothing would be left: that is anatomy, and not asked at all.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from napari_spatialmed.questions.numbers import option_gap


@dataclass(frozen=True, slots=True)
class Usual:
    """A lognormal distribution of a quantity over patients.

    Attributes
    ----------
    centre
        The geometric mean, in the quantity's unit; above 0.
    spread
        Standard deviation of the natural logarithm: about the coefficient of variation.
    basis
        Where both come from, in words.
    """

    centre: float
    spread: float
    basis: str

    def density(self, value: float) -> float:
        """How usual a value is, per unit."""
        if value <= 0:
            return 0.0
        return math.exp(-0.5 * self._z(value) ** 2) / value

    def share(self, low: float, high: float) -> float:
        """The share of patients from `low` to under `high`."""
        below = [
            0.5 * math.erfc(-self._z(edge) / math.sqrt(2.0)) if edge > 0 else 0.0 for edge in (low, high)
        ]
        return below[1] - below[0]

    def too_alike(self, unit: str, uncertainty: float | None) -> str | None:
        """Why patients are too alike for a question (they differ by less than rule O1's gap), or None."""
        gap = option_gap(self.centre, unit, uncertainty)
        if self.spread * self.centre >= gap:
            return None
        return (
            f"Patients differ by {self.spread:.0%} (standard deviation; {self.basis}), less than the {gap:.3g} {unit} "
            f"that options must lie apart: whoever knows the usual {self.centre:.3g} {unit} needs no scan."
        )

    def to_dict(self) -> dict[str, JsonValue]:
        """For a question's provenance."""
        return {"centre": round(self.centre, 4), "spread": round(self.spread, 4), "basis": self.basis}

    def _z(self, value: float) -> float:
        return math.log(value / self.centre) / self.spread


def too_usual(weights: Sequence[float], right: int, basis: str, rng: random.Random) -> str | None:
    """Why a question is not asked, drawn with the chance that leaves every option equally likely; or None.

    Parameters
    ----------
    weights
        How likely each option would be, if one knew only what is usual.
    basis
        Where that is known from.
    """
    chance = min(weights) / weights[right] if weights[right] > 0 else 1.0
    if rng.random() < chance:
        return None
    how_often = (
        f"{chance:.1%} of such questions are asked" if chance >= 0.001 else "such questions aren't asked"
    )
    return f"Of these options the right one is too usual ({basis}); {how_often}, so that knowing other patients doesn't help."


def winners(usuals: Sequence[Usual], *, least: bool = False) -> tuple[float, ...]:
    """How likely each of several numbers is the largest (or smallest), taken as independent."""
    sign = -1.0 if least else 1.0
    centres = [sign * math.log(usual.centre) for usual in usuals]
    found = []
    for own, usual in enumerate(usuals):
        total = 0.0
        for step in _STEPS:
            log = centres[own] + step * usual.spread
            below = (
                0.5 * math.erfc((centres[other] - log) / (usuals[other].spread * math.sqrt(2.0)))
                for other in range(len(usuals))
                if other != own
            )
            total += math.exp(-0.5 * step * step) * math.prod(below)
        found.append(total)
    return tuple(weight / sum(found) for weight in found)


_STEPS = [0.1 * step for step in range(-40, 41)]
"""Standard deviations at which the integral over one number is summed."""
