"""Numbers with units in a model's words (rule S3), for open answers and for the claims in an explanation."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from napari_spatialmed.evaluation.markup import unwrap
from napari_spatialmed.evaluation.parsing import ANSWER_LINE, Parsed

_UNITS: dict[str, tuple[str, float]] = {}
"""Spelling → (dimension, factor to that dimension's base: mm, mm², mL, ratio, HU, count)."""

for _dimension, _factor, _spellings in (
    ("length", 1.0, "mm|millimeter|millimeters|millimetre|millimetres"),
    ("length", 10.0, "cm|centimeter|centimeters|centimetre|centimetres"),
    ("length", 1000.0, "m|meter|meters|metre|metres"),
    ("length", 0.001, "µm|μm|um|micron|microns"),
    ("area", 1.0, "mm2|mm²|mm^2|sq mm|square millimeters|square millimetres"),
    ("area", 100.0, "cm2|cm²|cm^2|sq cm|square centimeters|square centimetres"),
    ("volume", 1.0, "ml|milliliter|milliliters|millilitre|millilitres|cc|ccm|cm3|cm³|cm^3|cu cm|cubic centimeter|cubic centimeters|"
     "cubic centimetre|cubic centimetres|cubic cm"),
    ("volume", 0.001, "mm3|mm³|mm^3|cubic millimeter|cubic millimeters|cubic millimetre|cubic millimetres|cubic mm|µl|μl|ul"),
    ("volume", 1000.0, "l|liter|liters|litre|litres|dm3|dm³|dm^3"),
    ("volume", 100.0, "dl|deciliter|deciliters"),
    ("ratio", 1.0, "times|fold|-fold|×|x"),
    ("ratio", 0.01, "%|percent|per cent|pct"),
    ("hu", 1.0, "hu|hounsfield units|hounsfield unit|hounsfield"),
    ("count", 1.0, "lesions|lesion|tumors|tumor|tumours|tumour|components|component|pieces|piece"),
    ("voxels", 1.0, "voxels|voxel|pixels|pixel|px"),
    ("angle", 1.0, "°|degrees|degree|deg"),
    ("mass", 1.0, "g|kg|mg|grams|gram"),
):  # fmt: skip
    for _spelling in _spellings.split("|"):
        _UNITS[_spelling] = (_dimension, _factor)

_WANTED = {"mm": ("length", 1.0), "cm": ("length", 10.0), "mm²": ("area", 1.0), "cm²": ("area", 100.0),
           "ml": ("volume", 1.0), "cm³": ("volume", 1.0), "mm³": ("volume", 0.001), "l": ("volume", 1000.0),
           "%": ("ratio", 0.01), "ratio": ("ratio", 1.0), "": ("ratio", 1.0), "hu": ("hu", 1.0), "count": ("count", 1.0)}  # fmt: skip

_RATIO = re.compile(r"(?<![\w.:/])(\d+(?:\.\d+)?)\s?[:/]\s?(\d+(?:\.\d+)?)(?![\w:/]|\.\d)")
_SPACED = re.compile(r"(?<![\w.,])([1-9]\d{0,2})((?: \d{3})+)(?=(?:\.\d+)?\s?(?:mm|cm|m?l|cc)\b)", re.I)
_NUMBER = (
    r"(?:10\s*\^\s*[+-]?\d+|(?:\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}|\d{1,3}(?:[,\u00a0\u202f'’]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)"
    r"(?![.,]\d|\s?\^)(?:\s?[eE][+-]?\d+|\s*[×x*·]\s*10\s*\^?\s*[+-]?\d+)?)(?!\d|[.,]\d)"
)
_UNIT = "|".join(re.escape(u) for u in sorted(_UNITS, key=len, reverse=True))
_TOKEN = re.compile(
    rf"(?<![\w.,^])(?P<sign>[-−–+](?=[\d.]))?(?P<number>{_NUMBER})"
    rf"(?:[\s\u00a0\u202f-]*\(?(?P<unit>{_UNIT})\)?(?![\w²³^]))?(?P<glued>[A-Za-z_]\w*)?",
    re.I,
)
_RANGE_BETWEEN = re.compile(r"\A\s*(?:-|−|–|—|~|to|through|\.\.\.?|…)\s*\Z", re.I)
_BETWEEN_AND = re.compile(r"\bbetween\s*\Z", re.I)
_PLUS_MINUS = re.compile(r"(?:±|\+/-|\+-|\\pm|plus or minus)\s*\Z", re.I)
_ALTERNATIVE = re.compile(r"\A:\Z|\A\s*(?:or|and/or|/|vs\.?|versus)\s*(?:maybe|perhaps|possibly)?\s*\Z", re.I)
_ENUMERATION = re.compile(r"\A\s*(?:[,;&]|,?\s*and)\s*\Z", re.I)
_BOUND = re.compile(
    r"(?:[<>≤≥]=?|\b(?:less|more|greater|larger|smaller|fewer|longer|shorter|higher|lower) than|\bat (?:least|most)|\bup to|\bexceed(?:s|ing)?)"
    r"\s*(?:about|approximately|around|roughly)?\s*\Z",
    re.I,
)
_TIMES = re.compile(r"\A\s*(?:×|x|by|\*)\s*\Z", re.I)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as written, with the unit beside it.

    Attributes
    ----------
    value
        In the dimension's base unit (mm, mm², mL, ratio, HU, count); as written where there is no unit.
    dimension
        ``length``, ``area``, ``volume``, ``ratio``, ``hu``, ``count``, ``voxels``, ``angle``, ``mass`` or "".
    start, end
        Its place in the text.
    part_of
        ``range``, ``list`` (as in 3 × 4 × 5 cm), ``choice of numbers`` (12 or 15) or ``bound`` (less than 12) if it doesn't
        stand for itself.
    """

    value: float
    dimension: str
    start: int
    end: int
    part_of: str = ""


def parse_number(text: str, unit: str) -> float | None:
    """The number an open answer gives, in `unit`, or None (see `read_number` for why)."""
    value = read_number(text, unit).value
    return float(value) if isinstance(value, (int, float)) else None


def read_number(text: str, unit: str) -> Parsed:
    """Rule S3: the last number that bears a unit of the right dimension, else the last that bears none.

    Where the answer has a line ``ANSWER: …`` with a number in it, only that line (the last of them) is read.

    Parameters
    ----------
    text
        What the model said.
    unit
        The question's unit: ``mm``, ``mL``, ``%``, ``ratio``, ``count``, ….
    """
    plain = unwrap(text)
    plain = _SPACED.sub(lambda m: m.group(1) + m.group(2).replace(" ", ""), plain)
    if unit in ("ratio", ""):
        plain = _RATIO.sub(
            lambda m: f"{float(m.group(1)) / float(m.group(2)):.12g}" if float(m.group(2)) else "", plain
        )
    lines = [m.group(1) for m in ANSWER_LINE.finditer(plain) if re.search(r"\d", m.group(1))]
    read = re.sub(r"<(\s*[\d.,]+\s*)>", r"\1", lines[-1] if lines else plain)
    quantities = list(find_quantities(read, enumerations=bool(lines)))
    if not quantities:
        return Parsed(None, "no number")
    dimension, factor = _WANTED.get(unit.casefold(), ("", 1.0))
    fitting = [q for q in quantities if q.dimension == dimension and dimension]
    bare = [q for q in quantities if not q.dimension]
    if not fitting and not bare:
        return Parsed(None, "only numbers of another dimension")
    chosen = (fitting or bare)[-1]
    if chosen.part_of:
        return Parsed(None, f"a {chosen.part_of}, not one number")
    value = chosen.value / factor if chosen.dimension else chosen.value
    if not math.isfinite(value):
        return Parsed(None, "not a finite number")
    if value < 0:
        return Parsed(None, "negative")
    return Parsed(_clean(value), "number with its unit" if chosen.dimension else "last number, no unit")


def find_quantities(text: str, *, enumerations: bool = False) -> Iterator[Quantity]:
    """Every number in `text` that stands as a number: not part of a word (T12, 3D), not an uncertainty (± 5).

    With `enumerations`, numbers joined by a comma or "and" alone are a list too, as they are where one was asked for.
    """
    tokens = [m for m in _TOKEN.finditer(text) if not m.group("glued") and m.group("unit") != "M"]
    tokens = [m for m in tokens if not _PLUS_MINUS.search(_before(text, m))]
    units = [m.group("unit") for m in tokens]
    parts = [""] * len(tokens)
    for i in range(len(tokens) - 1):
        first, second = tokens[i], tokens[i + 1]
        gap = text[first.end() : second.start()]
        minus = second.group("sign") in ("-", "−", "–") and not gap.strip()
        spoken = bool(re.fullmatch(r"\s*and\s*", gap, re.I) and _BETWEEN_AND.search(_before(text, first)))
        kind = (
            "range"
            if minus or _RANGE_BETWEEN.match(gap) or spoken
            else "list"
            if _is_list(first, gap)
            else "choice of numbers"
            if _ALTERNATIVE.match(gap) or (enumerations and _ENUMERATION.match(gap))
            else ""
        )
        if kind:
            parts[i] = parts[i] or kind
            parts[i + 1] = kind
            if units[i] is None or _dimension_of(units[i]) == "ratio":
                units[i] = units[i + 1]
    for index in range(len(tokens) - 2, -1, -1):
        if parts[index] == "list" and _dimension_of(units[index]) in ("", "ratio"):
            units[index] = units[index + 1]
    for match, unit, part in zip(tokens, units, parts, strict=True):
        value = _number(match.group("number"))
        if match.group("sign") in ("-", "−", "–") and part != "range":
            value = -value
        if not part and _BOUND.search(_before(text, match)):
            part = "bound"
        dimension, factor = _UNITS[unit.casefold()] if unit else ("", 1.0)
        yield Quantity(value * factor, dimension, match.start(), match.end(), part)


def _before(text: str, match: re.Match[str]) -> str:
    """The few words before a number: enough to tell what it is, few enough for a text of thousands of numbers."""
    return text[max(0, match.start() - 40) : match.start()]


def _is_list(first: re.Match[str], gap: str) -> bool:
    unit = first.group("unit") or ""
    return bool(_TIMES.match(gap)) or (unit.casefold() in ("×", "x") and not gap.strip())


def _dimension_of(unit: str | None) -> str:
    return _UNITS[unit.casefold()][0] if unit else ""


def _number(text: str) -> float:
    text = re.sub(r"\A10\s*\^\s*", "1e", text)
    text = re.sub(r"\s*[×x*·]\s*10\s*\^?\s*([+-]?\d+)\Z", r"e\1", text, flags=re.I)
    if re.match(
        r"\A\d{1,3}(?:\.\d{3})+,|\A\d{1,3}(?:\.\d{3}){2,}", text
    ):  # 1.234,5 and 1.234.567 have one reading only
        text = text.replace(".", "")
    text = re.sub(r"\s+(?=[eE])", "", text)
    if re.match(r"\A[1-9]\d{0,2}(?:[,\u00a0\u202f'’]\d{3})+(?:\.\d+)?(?:[eE][+-]?\d+)?\Z", text):
        return float(re.sub(r"[,\u00a0\u202f'’]", "", text))
    return float(text.replace(",", "."))


def _clean(value: float) -> float:
    """Unit factors are decimal: take the float noise of ``0.25 * 1000`` or ``250000 * 0.001`` away again."""
    return float(f"{value:.12g}")
