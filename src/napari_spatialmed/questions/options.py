"""Distractors for numbers: far enough apart, none giving itself away, the truth equally likely at every rank.

A rank is drawn first and the values built around it.  How far they stand apart, with how many decimals, and how small the
smallest may be are decided by the largest of them and never by the truth: then the same four numbers would have come of
each of them as the truth, and their spacing tells nothing.  Where the drawn rank leaves no room there is no question.
"""

from __future__ import annotations

import math
import random

from napari_spatialmed.questions.form import UndecidableError
from napari_spatialmed.questions.numbers import GAP_SHARE, decimals_for, least_gap_of, write_number

OPTION_COUNT = 4
WIDEST_STEP = 1.5
"""Steps between numbers are drawn from the least gap to this many times it: what lies farther off is no temptation; ours."""
LEAST_GAPS = 3.0
"""Without another bound no number is smaller than so many gaps: of smaller ones the smallest would be the likeliest; ours."""
FEWEST = 2.0
"""Smallest count among the options: one thing alone is the usual case, and asked for with an open question."""
_TIDY = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
_ROUND = (5.0, 2.0, 1.0)
_PLACES = ("smallest", "second smallest", "second largest", "largest")


def spread_numbers(
    truth: float,
    unit: str,
    uncertainty: float | None,
    rng: random.Random,
    *,
    lowest: float | None = None,
    highest: float = math.inf,
    least_gap: float = 0.0,
) -> tuple[list[float], int, int]:
    """Values in rising order, the truth's place among them, and the decimals that all are shown with.

    Every pair keeps rule O1's gap for the largest value (or `least_gap`) after rounding; the steps are drawn from the same
    distribution above and below.

    Raises
    ------
    UndecidableError
        O3 if the values don't fit between `lowest` and `highest` at the rank drawn.
    """
    counting = unit == "count"
    rank = rng.randrange(OPTION_COUNT)
    steps = [1.0 if counting else rng.uniform(1.0, WIDEST_STEP) for _ in range(OPTION_COUNT - 1)]
    share = 0.0 if counting else GAP_SHARE
    # The largest value is the truth and the steps above it; its share is the gap that they are counted in.
    gap = max(least_gap_of(unit, uncertainty), least_gap, share * truth / (1.0 - share * sum(steps[rank:])))
    finest = decimals_for(unit, uncertainty)
    values = _ladder(truth, rank, gap, steps, finest)
    decimals = decimals_for(unit, uncertainty, values[-1])
    if decimals < finest:
        values = _ladder(truth, rank, gap, steps, decimals)
    if lowest is None:
        lowest = FEWEST if counting else LEAST_GAPS * gap
    if not lowest <= values[0] <= values[-1] <= highest:
        raise UndecidableError(
            "O3",
            f"Drawn to be the {_PLACES[rank]} of {OPTION_COUNT} numbers {write_number(gap, unit, finest)} apart, "
            f"{write_number(truth, unit, finest)} leaves no room for the others.",
        )
    return values, rank, decimals


def _ladder(truth: float, rank: int, gap: float, steps: list[float], decimals: int) -> list[float]:
    """The truth, rounded, with the values below and above it, none nearer after rounding."""
    values = [round(truth, decimals)]
    for place, step in enumerate(math.ceil(gap * s * 10**decimals - 1e-9) / 10**decimals for s in steps):
        if place >= rank:
            values.append(values[-1] + step)
    for step in reversed(steps[:rank]):
        values.insert(0, values[0] - math.ceil(gap * step * 10**decimals - 1e-9) / 10**decimals)
    return [round(v, decimals) + 0.0 for v in values]


def room_for(
    value: float, largest: float, unit: str, uncertainty: float | None, *, least_gap: float = 0.0
) -> float:
    """How often options up to `largest` come of a truth of this value, beside other truths among the same options.

    Where the gap is a share of the largest value, the options of neighbouring truths lie farther apart by as much as the
    largest is larger than the truth (the Jacobian of `spread_numbers`).  To be multiplied with how usual the value is.
    """
    grows = unit != "count" and GAP_SHARE * largest > max(least_gap_of(unit, uncertainty), least_gap)
    return value / largest if grows else 1.0


def spread_edges(
    truth: float,
    unit: str,
    uncertainty: float | None,
    rng: random.Random,
    *,
    highest: float = math.inf,
) -> tuple[list[float], int, int]:
    """Edges of four adjoining intervals, the place of the one that holds the truth, and the edges' decimals.

    The truth keeps max(5 % of the width, uncertainty) from both edges (rule O2); edges are round numbers.  They are at least
    rule O1's gap for the highest of them apart, and the lowest is no less than a width.

    Raises
    ------
    UndecidableError
        O2 if nothing fits at the rank drawn.
    """
    doubt = uncertainty or 0.0
    least = max(least_gap_of(unit, uncertainty), 4.0 * doubt)
    finest = 10.0 ** -decimals_for(unit, uncertainty)
    rank, wider = rng.randrange(OPTION_COUNT), rng.randrange(2)
    found: list[tuple[float, float, int]] = []
    for width in _tidy_widths(max(least, GAP_SHARE * truth), finest):
        margin = max(0.05 * width, doubt)
        # The roundest edges that keep the margin, never finer than the measurement is worth (O7).
        for grid in _round_grids(width, finest):
            decimals = max(0, -math.floor(math.log10(grid) + 1e-9))
            places = _edges_below(truth, grid, width, margin, decimals)
            if places:
                break
        else:
            continue
        for place in places:
            start = round(place - rank * width, decimals)
            end = start + OPTION_COUNT * width
            suits = _tidy_widths(max(least, GAP_SHARE * end), finest)[wider]
            if abs(suits - width) < 1e-9 and width - 1e-9 <= start and end <= highest + 1e-9:
                found.append((start, width, decimals))
    if not found:
        raise UndecidableError(
            "O2",
            f"Drawn to lie in the {_PLACES[rank].replace('small', 'low').replace('larg', 'high')} of {OPTION_COUNT} "
            f"ranges, {write_number(truth, unit, decimals_for(unit, uncertainty))} leaves no room for the others.",
        )
    start, width, decimals = rng.choice(found)
    edges = [round(start + k * width, decimals) + 0.0 for k in range(OPTION_COUNT + 1)]
    return edges, rank, 0 if all(edge.is_integer() for edge in edges) else decimals


def _edges_below(truth: float, grid: float, width: float, margin: float, decimals: int) -> list[float]:
    """Multiples of the grid that a range of this width may start at, so that the truth keeps the margin from both ends."""
    edges = [
        round((math.floor(truth / grid) - k) * grid, decimals) for k in range(math.ceil(width / grid) + 1)
    ]
    return [
        edge for edge in edges if margin <= truth - edge <= width - margin and truth + 1e-9 >= edge + margin
    ]


def _tidy_widths(least: float, finest: float) -> list[float]:
    """Tidy widths (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten) from `least` on that edges of this precision can have."""
    power = math.floor(math.log10(least))
    widths = [t * 10.0**p for p in range(power, power + 3) for t in _TIDY]
    return [width for width in widths if width >= least - 1e-9 and _divides(finest, width)]


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
