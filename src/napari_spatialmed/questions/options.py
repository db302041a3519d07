"""Distractors for numbers: far enough apart, none giving itself away, the truth equally likely at every rank.

A rank is drawn first and the values built around it; where not every rank would fit (no room below the truth), there
is no question at all, because a truth that can't be the largest is a hint (rule O3).
"""

from __future__ import annotations

import math
import random

from napari_spatialmed.questions.form import UndecidableError
from napari_spatialmed.questions.numbers import decimals_for, option_gap

OPTION_COUNT = 4
WIDEST_STEP = 1.5
"""Steps between numbers are drawn from the least gap to this many times it: what lies farther off is no temptation; ours."""
_TIDY = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0)
_ROUND = (5.0, 2.0, 1.0)


def spread_numbers(
    truth: float,
    unit: str,
    uncertainty: float | None,
    rng: random.Random,
    *,
    lowest: float | None = None,
    highest: float = math.inf,
    count: int = OPTION_COUNT,
    least_gap: float = 0.0,
) -> tuple[list[float], int]:
    """Values in rising order, and the truth's place among them.

    Every pair keeps rule O1's gap (or `least_gap`) after rounding; the steps are drawn from the same distribution above
    and below.  `lowest` is 15 % of the truth where it isn't given: a length of nearly nothing is no distractor.

    Raises
    ------
    UndecidableError
        O3 if the values don't fit between `lowest` and `highest` at every rank.
    """
    decimals = decimals_for(unit, uncertainty, truth)
    shown = round(truth, decimals)
    gap = max(option_gap(truth, unit, uncertainty), least_gap)
    gap = math.ceil(gap * 10**decimals - 1e-9) / 10**decimals
    room = _room(shown, unit, lowest, highest, count)
    if room < gap or (room == gap and unit != "count"):
        raise UndecidableError(
            "O3",
            f"Wrong values would have to stand {gap:g} {unit} apart, and {count - 1} of them don't fit on either side of "
            f"{shown:g} {unit}: the truth couldn't stand at every rank.",
        )
    if unit == "count":
        widest = 1.0
    else:
        widest = min(WIDEST_STEP, 0.98 * room / gap)
    rank = rng.randrange(count)
    values = [shown]
    for place in range(count - 1):
        step = gap * rng.uniform(1.0, max(1.0, widest))
        step = math.ceil(step * 10**decimals - 1e-9) / 10**decimals
        values = [values[0] - step, *values] if place < rank else [*values, values[-1] + step]
    return [round(v, decimals) + 0.0 for v in values], rank


def has_room(
    value: float, unit: str, uncertainty: float | None, *, highest: float = math.inf, least_gap: float = 0.0
) -> bool:
    """Whether `spread_numbers` could ask for a value: whether it could stand at every rank."""
    gap = max(option_gap(value, unit, uncertainty), least_gap)
    return _room(value, unit, None, highest, OPTION_COUNT) > gap


def _room(value: float, unit: str, lowest: float | None, highest: float, count: int) -> float:
    """How far apart the other values may stand at most, if all lie below or all above."""
    lowest = (1.0 if unit == "count" else 0.15 * value) if lowest is None else lowest
    return min(value - lowest, highest - value) / (count - 1)


def spread_edges(
    truth: float,
    unit: str,
    uncertainty: float | None,
    rng: random.Random,
    *,
    lowest: float = 0.0,
    highest: float = math.inf,
    count: int = OPTION_COUNT,
    least_width: float = 0.0,
) -> tuple[list[float], int, int]:
    """Edges of `count` adjoining intervals, the place of the one that holds the truth, and the edges' decimals.

    The truth keeps max(5 % of the width, uncertainty) from both edges (rule O2); edges are round numbers.  They are at least
    rule O1's gap (or `least_width`) apart.

    Raises
    ------
    UndecidableError
        O2 if no width leaves room for every rank.
    """
    doubt = uncertainty or 0.0
    least = max(option_gap(truth, unit, uncertainty), 4.0 * doubt, least_width)
    most = min(truth - lowest, highest - truth) / count
    finest = 10.0 ** -decimals_for(unit, uncertainty)
    widths = [w for w in _tidy_widths(least) if w <= most and _divides(finest, w)][:2]
    if not widths:
        raise UndecidableError(
            "O2",
            f"Intervals would have to be at least {least:.3g} {unit} wide, and {count} of them don't fit on both "
            f"sides of {truth:.3g} {unit}.",
        )
    width = rng.choice(widths)
    margin = max(0.05 * width, doubt)
    rank = rng.randrange(count)
    # The roundest edges that keep the margin, never finer than the measurement is worth (O7).
    for grid in _round_grids(width, finest):
        decimals = max(0, -math.floor(math.log10(grid) + 1e-9))
        places = _edges_below(truth, grid, width, margin, decimals)
        if places:
            break
    else:
        raise UndecidableError("O2", f"No round edges keep {margin:.3g} {unit} away from {truth:.3g} {unit}.")
    start = rng.choice(places) - rank * width
    edges = [round(start + k * width, decimals) + 0.0 for k in range(count + 1)]
    return edges, rank, 0 if all(edge.is_integer() for edge in edges) else decimals


def _edges_below(truth: float, grid: float, width: float, margin: float, decimals: int) -> list[float]:
    """Multiples of the grid that a range of this width may start at, so that the truth keeps the margin from both ends."""
    edges = [
        round((math.floor(truth / grid) - k) * grid, decimals) for k in range(math.ceil(width / grid) + 1)
    ]
    return [
        edge for edge in edges if margin <= truth - edge <= width - margin and truth + 1e-9 >= edge + margin
    ]


def _tidy_widths(least: float) -> list[float]:
    """Tidy widths (1, 1.5, 2, 3, 4, 5 times a power of ten) from `least` on."""
    power = math.floor(math.log10(least))
    return [t * 10.0**p for p in range(power, power + 3) for t in _TIDY if t * 10.0**p >= least - 1e-9]


def _round_grids(width: float, finest: float) -> list[float]:
    """Round numbers (1, 2, 5 times a power of ten) that divide the width, coarsest first, to its tenth."""
    power = math.floor(math.log10(width) + 1e-9)
    grids = [r * 10.0**p for p in (power, power - 1, power - 2) for r in _ROUND]
    least = max(width / 10, finest) - 1e-9
    return [grid for grid in grids if least <= grid <= width + 1e-9 and _divides(grid, width)]


def _divides(part: float, whole: float) -> bool:
    return abs(whole / part - round(whole / part)) < 1e-6


def shuffled(texts: tuple[str, ...], right: int, rng: random.Random) -> tuple[tuple[str, ...], int]:
    """The options in a seeded random order, and where the right one went."""
    order = list(range(len(texts)))
    rng.shuffle(order)
    return tuple(texts[i] for i in order), order.index(right)
