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
from dataclasses import dataclass, replace

import numpy as np
from pydantic import JsonValue
from scipy.special import stdtr, stdtrit

from napari_spatialmed.questions.numbers import option_gap


@dataclass(frozen=True, slots=True)
class Usual:
    """How a quantity is distributed over patients: as Student's t, of its logarithm unless it may be 0 or less.

    Most patients lie nearer together than a normal distribution of the same spread says, and a few farther off.

    Attributes
    ----------
    centre
        The geometric mean, above 0; of a linear quantity the mean.  In the quantity's unit.
    spread
        Standard deviation of the natural logarithm, about the coefficient of variation; of a linear quantity that of the
        quantity itself, in its unit.
    basis
        Where both come from, in words.
    linear
        Whether it may be 0 or less (how far one thing lies towards a side of another, or is from touching it), so that the
        quantity itself is distributed so and not its logarithm.
    freedom
        Degrees of freedom, over 2: the fewer, the more patients lie near the centre or far off.  So many are a normal
        distribution.
    """

    centre: float
    spread: float
    basis: str
    linear: bool = False
    freedom: float = 1e6

    def density(self, value: float) -> float:
        """How usual a value is, per unit."""
        if value <= 0:
            return 0.0
        z, freedom = self._z(value), self.freedom
        density = math.exp(-0.5 * (freedom + 1.0) * math.log1p(z * z / freedom))
        return density if self.linear else density / value

    def share(self, low: float, high: float) -> float:
        """The share of patients from `low` to under `high`."""
        return self._share_below(high) - self._share_below(low)

    def sides(self, margin: float) -> tuple[float, float]:
        """The shares of patients in whom a linear quantity is over `margin`, and under its negative."""
        return 1.0 - self._share_below(margin), self._share_below(-margin)

    def inverse(self) -> Usual:
        """Of the two structures the other way round: the inverse of a ratio, the negative of what has a sign."""
        return replace(self, centre=-self.centre if self.linear else 1.0 / self.centre)

    def too_alike(self, unit: str, uncertainty: float | None) -> str | None:
        """Why patients are too alike for a question (they differ by less than rule O1's gap), or None."""
        gap = option_gap(self.centre, unit, uncertainty)
        differ = self.spread if self.linear else self.spread * self.centre
        if differ >= gap:
            return None
        return (
            f"Patients differ by {differ:.3g} {unit} (standard deviation; {self.basis}), less than the {gap:.3g} {unit} "
            f"that options must lie apart: whoever knows the usual {self.centre:.3g} {unit} needs no scan."
        )

    def to_dict(self) -> dict[str, JsonValue]:
        """For a question's provenance."""
        return {"centre": round(self.centre, 4), "spread": round(self.spread, 4), "basis": self.basis}

    def _share_below(self, value: float) -> float:
        return float(stdtr(self.freedom, self._z(value))) if self.linear or value > 0 else 0.0

    def _z(self, value: float) -> float:
        return ((value - self.centre) if self.linear else math.log(value / self.centre)) / self.scale

    @property
    def scale(self) -> float:
        """Of the t distribution; its standard deviation is larger."""
        return self.spread * math.sqrt((self.freedom - 2.0) / self.freedom)


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
    """How likely each of several numbers, all linear or none, is the largest (or smallest), taken as independent."""
    sign = -1.0 if least else 1.0
    centres = [sign * (usual.centre if usual.linear else math.log(usual.centre)) for usual in usuals]
    found = []
    for own, usual in enumerate(usuals):
        logs = centres[own] + usual.scale * stdtrit(usual.freedom, _SHARES)
        below = [
            stdtr(other.freedom, (logs - centres[place]) / other.scale)
            for place, other in enumerate(usuals)
            if place != own
        ]
        found.append(float(np.prod(below, axis=0).mean()))
    return tuple(weight / sum(found) for weight in found)


_SHARES = (np.arange(400) + 0.5) / 400
"""Shares of patients below the values at which the integral over one number is summed."""
