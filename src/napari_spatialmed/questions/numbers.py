"""Numbers as people write them: with a unit, as an interval, inside a sentence.

The forms write their options through this module and the rules read them back through it, so an option that a curator
retyped is judged by what it now says, not by what it once was.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_UNITS: dict[str, tuple[str, float]] = {
    "mm": ("mm", 1.0),
    "millimetre": ("mm", 1.0),
    "millimeter": ("mm", 1.0),
    "cm": ("mm", 10.0),
    "centimetre": ("mm", 10.0),
    "centimeter": ("mm", 10.0),
    "m": ("mm", 1000.0),
    "metre": ("mm", 1000.0),
    "meter": ("mm", 1000.0),
    "ml": ("mL", 1.0),
    "millilitre": ("mL", 1.0),
    "milliliter": ("mL", 1.0),
    "cc": ("mL", 1.0),
    "cm3": ("mL", 1.0),
    "cm³": ("mL", 1.0),
    "mm3": ("mL", 0.001),
    "mm³": ("mL", 0.001),
    "dl": ("mL", 100.0),
    "l": ("mL", 1000.0),
    "litre": ("mL", 1000.0),
    "liter": ("mL", 1000.0),
    "mm2": ("mm²", 1.0),
    "mm²": ("mm²", 1.0),
    "cm2": ("mm²", 100.0),
    "cm²": ("mm²", 100.0),
    "%": ("%", 1.0),
    "percent": ("%", 1.0),
    "°": ("°", 1.0),
    "degree": ("°", 1.0),
    "hu": ("HU", 1.0),
    "voxel": ("voxel", 1.0),
    "pixel": ("voxel", 1.0),
    "slice": ("voxel", 1.0),
}
"""Unit as written (lower case, singular) → (the unit we keep numbers in, factor)."""

FLOORS = {"mm": 5.0, "mL": 5.0, "%": 5.0, "°": 10.0, "ratio": 0.1, "count": 1.0, "mm²": 25.0}
"""Smallest gap between two numeric options (rule O1)."""

GAP_SHARE = 0.1
"""The gap as a share of the value, if that is more (rule O1)."""

MOST_DECIMALS = {"mm": 1, "mL": 1, "%": 1, "°": 0, "ratio": 2, "count": 0, "mm²": 0, "HU": 0}

_NUMBER = r"[+\-−]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+\-−]?\d*\.?\d+(?:[eE][+\-]?\d+)?"
_UNIT = r"(?:" + "|".join(sorted((re.escape(u) for u in _UNITS), key=len, reverse=True)) + r")s?"
_END = r"(?![\w²³])"
_WHOLE = re.compile(rf"^\s*(?:about|approximately|~|≈)?\s*({_NUMBER})\s*({_UNIT}{_END})?\s*$", re.I)
_SPAN = re.compile(
    rf"^\s*(?:from|between|\[)?\s*({_NUMBER})\s*({_UNIT})?\s*(?:to\s+(?:under|below|less than)|to|and|up to|–|—|-|,)\s*"
    rf"(?:<|under)?\s*({_NUMBER})\s*[)\]]?\s*({_UNIT}{_END})?\s*$",
    re.I,
)
_UNDER = re.compile(rf"^\s*(?:<|less than|under|below)\s*({_NUMBER})\s*({_UNIT}{_END})?\s*$", re.I)
_OVER = re.compile(
    rf"^\s*(?:≥|>=?|at least|more than|over|above)\s*({_NUMBER})\s*({_UNIT}{_END})?(?:\s+or more)?\s*$", re.I
)
_IN_TEXT = re.compile(rf"(?<![\w.])({_NUMBER})(?:\s?({_UNIT}){_END}|(?![\w]))", re.I)
_WORDS = dict(
    zip(
        [
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "fifteen",
            "twenty",
            "thirty",
            "forty",
            "fifty",
            "hundred",
        ],
        (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 20, 30, 40, 50, 100),
        strict=True,
    )
)
_IN_WORDS = re.compile(rf"\b({'|'.join(_WORDS)})[\s-]({_UNIT}){_END}", re.I)


@dataclass(frozen=True, slots=True)
class Reading:
    """A number read from text.

    `unit` is the kept unit (mm, mL, %, …) or "" where none was written; `value` and `rounding` (half a step of the last
    digit written) are in that unit; `decimals` and `written` are as it stands in the text.
    """

    value: float
    unit: str
    decimals: int
    written: str
    rounding: float


@dataclass(frozen=True, slots=True)
class Interval:
    """Half-open: `low` is in it, `high` is not.  Ends may be infinite."""

    low: float
    high: float
    unit: str
    decimals: int

    def __contains__(self, value: float) -> bool:
        return self.low <= value < self.high


def _reading(number: str, unit: str | None, written: str) -> Reading:
    bare = number.replace(",", "").replace("−", "-")
    kept, factor = ("", 1.0) if unit is None else _known_unit(unit)
    decimals = len(bare.partition(".")[2]) if "e" not in bare.lower() else 0
    return Reading(
        float(bare) * factor, kept, decimals, written.strip(), 0.5 * 10.0**-decimals * factor + 1e-9
    )


def _known_unit(unit: str) -> tuple[str, float]:
    written = unit.lower()
    return _UNITS[written] if written in _UNITS else _UNITS[written.removesuffix("s")]


def read_number(text: str) -> Reading | None:
    """The number that the whole of `text` states, or None."""
    found = _WHOLE.match(text)
    return _reading(found[1], found[2], text) if found else None


def read_interval(text: str) -> Interval | None:
    """The interval that the whole of `text` states (``10 to under 20 mm``, ``10–20 mm``, ``less than 5 mL``), or None."""
    if found := _SPAN.match(text):
        unit = found[4] or found[2]
        low, high = _reading(found[1], found[2] or unit, text), _reading(found[3], unit, text)
        return Interval(low.value, high.value, high.unit, max(low.decimals, high.decimals))
    if found := _UNDER.match(text):
        high = _reading(found[1], found[2], text)
        return Interval(-math.inf, high.value, high.unit, high.decimals)
    if found := _OVER.match(text):
        low = _reading(found[1], found[2], text)
        return Interval(low.value, math.inf, low.unit, low.decimals)
    return None


def numbers_in(text: str) -> list[Reading]:
    """Every number in a sentence, in order.

    Names such as *T2*, *L1* or *3D* are no numbers; number words count where a unit follows (*five millimetres*).
    """
    found = [(m.start(), _reading(m[1], m[2], m[0])) for m in _IN_TEXT.finditer(text)]
    found += [(m.start(), _reading(str(_WORDS[m[1].lower()]), m[2], m[0])) for m in _IN_WORDS.finditer(text)]
    return [reading for _, reading in sorted(found, key=lambda item: item[0])]


def decimals_for(unit: str, uncertainty: float | None, size: float = 0.0) -> int:
    """How many decimals a value of this unit and uncertainty deserves (rule O7).

    Parameters
    ----------
    size
        The largest of the numbers to choose from: from 100 on, three digits say enough.
    """
    if size >= 100.0:
        return 0
    most = MOST_DECIMALS.get(unit, 1)
    if uncertainty is None or uncertainty <= 0:
        return most
    return min(most, max(0, -math.floor(math.log10(uncertainty))))


def write_number(value: float, unit: str, decimals: int) -> str:
    """``12.5 mm``; a ratio and a count stand without a unit."""
    text = f"{value:.{decimals}f}"
    return text if unit in ("ratio", "count", "") else f"{text} {unit}"


def write_interval(low: float, high: float, unit: str, decimals: int) -> str:
    """``10 to under 20 mm``: says that the upper end is not in it."""
    return f"{low:.{decimals}f} to under {write_number(high, unit, decimals)}"


def option_gap(truth: float, unit: str, uncertainty: float | None) -> float:
    """Rule O1: max(10 % of the truth, the unit's floor, 2 × uncertainty); counts need 1."""
    return max(0.0 if unit == "count" else GAP_SHARE * abs(truth), least_gap_of(unit, uncertainty))


def least_gap_of(unit: str, uncertainty: float | None) -> float:
    """Rule O1's gap for numbers so small that their size doesn't count."""
    return 1.0 if unit == "count" else max(FLOORS.get(unit, 0.0), 2.0 * (uncertainty or 0.0))
