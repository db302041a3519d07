"""What an explanation claims, and whether the measurements bear it out: a parser, no model.

It reads four kinds of claim out of plain English: numbers with a unit near a named structure, comparisons of two
named structures, directions between two, and whether something is seen.  What it can't check it says so, and what it
doesn't understand it leaves alone.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from napari_spatialmed.evaluation.markup import strip_thinking
from napari_spatialmed.evaluation.parsing import ANSWER_LINE
from napari_spatialmed.evaluation.planes import ENOUGH_VOXELS
from napari_spatialmed.evaluation.quantities import find_quantities
from napari_spatialmed.questions.model import Question

ClaimKind = Literal["number", "comparison", "direction", "seen"]
TOLERANCE = 0.10
"""A claimed number within this of the measured one holds, or within the measurement's own uncertainty."""

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_OPPOSITE = {"left": "right", "right": "left", "anterior": "posterior", "posterior": "anterior",
             "superior": "inferior", "inferior": "superior"}  # fmt: skip
_AXIS = {"left": "RL", "right": "RL", "anterior": "AP", "posterior": "AP", "superior": "SI", "inferior": "SI"}
_SYNONYMS = {"above": "superior", "higher": "superior", "cranial": "superior", "below": "inferior", "lower": "inferior",
             "caudal": "inferior", "beneath": "inferior", "behind": "posterior", "dorsal": "posterior",
             "ventral": "anterior", "in front": "anterior"}  # fmt: skip
_DIRECTION = re.compile(
    r"\b(left|right|anterior|posterior|superior|inferior|above|below|beneath|behind|in front|higher|lower|cranial|caudal|dorsal|ventral)\b",
    re.I,
)
_MORE = re.compile(r"\b(larger|bigger|greater|more voluminous)\b[^.]*?\bthan\b", re.I)
_LESS = re.compile(r"\b(smaller|less voluminous|tinier)\b[^.]*?\bthan\b", re.I)
_UNSEEN = re.compile(
    r"\b(?:not|n['’]t|cannot|unable to)\b[^.,;]{0,24}\b(?:see|seen|visible|identify|identified|shown|discern\w*|depicted)\b|\binvisible\b",
    re.I,
)
_SEEN = re.compile(
    r"\b(?:visible|is seen|are seen|i see|we see|can be seen|is shown|are shown|is depicted)\b", re.I
)
_NEGATED = re.compile(r"\b(?:not|no|neither|nor)\b|n['’]t\b", re.I)
_DIMENSION = {
    "mm": "length",
    "mL": "volume",
    "mm²": "area",
    "%": "ratio",
    "ratio": "ratio",
    "HU": "hu",
    "count": "count",
}
_BASE = {"mm": 1.0, "mL": 1.0, "mm²": 1.0, "%": 0.01, "ratio": 1.0, "HU": 1.0, "count": 1.0}


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing an explanation says.

    Attributes
    ----------
    kind
        What sort of thing.
    text
        The sentence it stands in.
    structures
        Names of the structures it is about.
    said, truth
        The claim and what the labels say, in words.
    holds
        Whether it is so; None where no measurement at hand can tell.
    """

    kind: ClaimKind
    text: str
    structures: tuple[str, ...]
    said: str
    truth: str
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What claims are checked against.

    Attributes
    ----------
    titles
        Structure → what people call it.
    measurements
        As `Measurement.to_dict()`.
    volumes_ml
        Structure → volume, for comparisons of size.
    visible
        Structure → voxels on the picture that shows most of it.
    """

    titles: Mapping[str, str]
    measurements: Sequence[Mapping[str, Any]] = ()
    volumes_ml: Mapping[str, float] | None = None
    visible: Mapping[str, int] | None = None


def facts_of(
    question: Question,
    *,
    volumes_ml: Mapping[str, float] | None = None,
    visible: Mapping[str, int] | None = None,
) -> Facts:
    """What a question's record and its case's registration know."""
    titles = question.key.params.get("titles")
    given = titles if isinstance(titles, dict) else {}
    names = {name: str(given.get(name, name.replace("_", " "))) for name in question.key.structures}
    for evidence in question.evidence:
        for name in evidence.get("structures", ()):
            names.setdefault(str(name), str(given.get(name, str(name).replace("_", " "))))
    volumes = dict(volumes_ml or {})
    for evidence in question.evidence:
        if evidence.get("calculator") == "volume_ml" and isinstance(evidence.get("value"), int | float):
            volumes.setdefault(str(evidence["structures"][0]), float(evidence["value"]))
    return Facts(names, question.evidence, volumes, visible)


def find_claims(text: str, facts: Facts) -> list[Claim]:
    """Every claim in an explanation that the parser understands, in order; the final ``ANSWER:`` line is no claim."""
    plain = ANSWER_LINE.sub("", strip_thinking(text))
    claims: list[Claim] = []
    matcher = _names_matcher(tuple(sorted(facts.titles.items())))
    for sentence in _SENTENCE.split(plain):
        found = [
            (m.start(), m.end(), matcher[1][m.group(0).casefold()]) for m in matcher[0].finditer(sentence)
        ]
        if not found:
            continue
        claims += _directions(sentence, found, facts)
        claims += _comparisons(sentence, found, facts)
        claims += _numbers(sentence, found, facts)
        claims += _sightings(sentence, found, facts)
    return claims


_Found = list[tuple[int, int, str]]


@functools.lru_cache(maxsize=4096)
def _names_matcher(titles: tuple[tuple[str, str], ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    spellings = {}
    for name, title in titles:
        for spelling in (title, name.replace("_", " ")):
            if spelling and not _DIRECTION.fullmatch(spelling):
                spellings[spelling.casefold()] = name
    parts = sorted(map(re.escape, spellings), key=len, reverse=True) or [r"(?!)"]
    return re.compile(rf"\b(?:{'|'.join(parts)})\b", re.I), spellings


def _directions(sentence: str, found: _Found, facts: Facts) -> list[Claim]:
    """ "A … left of B": a direction word between two names."""
    claims = []
    for (_, end, first), (start, _, second) in itertools.pairwise(found):
        between = sentence[end:start]
        if first == second or len(between) > 80 or _MORE.search(between) or _LESS.search(between):
            continue
        if not re.search(r"\b(?:of|to|than|above|below|behind|beneath)\b", between, re.I):
            continue
        words = {_SYNONYMS.get(w.casefold(), w.casefold()) for w in _DIRECTION.findall(between)}
        for word in sorted(words):
            if _OPPOSITE[word] in words:
                continue
            said = not _NEGATED.search(between)
            truth = _direction_of(first, second, _AXIS[word], facts)
            holds = None if truth is None else (truth == word) == said
            told = f"{first} {'' if said else 'not '}{word} of {second}"
            claims.append(
                Claim("direction", sentence.strip(), (first, second), told, truth or "not measured", holds)
            )
    return claims


def _direction_of(first: str, second: str, axis: str, facts: Facts) -> str | None:
    for record in facts.measurements:
        if record.get("calculator") != "direction" or not isinstance(record.get("value"), Mapping):
            continue
        word = record["value"].get(axis)
        pair = tuple(record.get("structures", ()))
        if word and pair == (first, second):
            return str(word)
        if word and pair == (second, first):
            return _OPPOSITE[str(word)]
    places = {}
    for record in facts.measurements:
        if record.get("calculator") == "centroid_ras_mm" and isinstance(record.get("value"), Sequence):
            places[record["structures"][0]] = record["value"]
    if first in places and second in places:
        index = {"RL": 0, "AP": 1, "SI": 2}[axis]
        difference = float(places[first][index]) - float(places[second][index])
        if abs(difference) >= 5.0:
            positive, negative = {
                "RL": ("right", "left"),
                "AP": ("anterior", "posterior"),
                "SI": ("superior", "inferior"),
            }[axis]
            return positive if difference > 0 else negative
    return None


def _comparisons(sentence: str, found: _Found, facts: Facts) -> list[Claim]:
    """ "A is larger than B" by volume."""
    claims = []
    for (_, end, first), (start, _, second) in itertools.pairwise(found):
        between = sentence[end:start]
        more, less = bool(_MORE.search(between)), bool(_LESS.search(between))
        if first == second or more == less:
            continue
        larger = more != bool(_NEGATED.search(between))
        volumes = facts.volumes_ml or {}
        truth, holds = "not measured", None
        if first in volumes and second in volumes:
            truth = f"{volumes[first]:.4g} mL against {volumes[second]:.4g} mL"
            holds = (volumes[first] > volumes[second]) == larger
        said = f"{first} {'larger' if larger else 'smaller'} than {second}"
        claims.append(Claim("comparison", sentence.strip(), (first, second), said, truth, holds))
    return claims


def _numbers(sentence: str, found: _Found, facts: Facts) -> list[Claim]:
    """A number with a unit, in a sentence that names what it is about."""
    if not any(c.isdigit() for c in sentence):
        return []
    named = {name for _, _, name in found}
    claims = []
    for quantity in find_quantities(sentence):
        if quantity.dimension not in ("length", "volume", "area", "ratio", "hu") or quantity.part_of:
            continue
        told = sentence[quantity.start : quantity.end].strip()
        candidates = [r for r in facts.measurements if _fits(r, quantity.dimension, named)]
        if not candidates and quantity.dimension == "volume" and len(named) == 1 and facts.volumes_ml:
            name = next(iter(named))
            if name in facts.volumes_ml:
                candidates = [{"value": facts.volumes_ml[name], "unit": "mL", "structures": [name]}]
        values = [v for r in candidates for v in _values(r)]
        holds = None
        if values:
            holds = any(abs(quantity.value - v) <= max(TOLERANCE * abs(v), u) for v, u in values)
        truth = ", ".join(f"{v:.4g}" for v, _ in values) or "not measured"
        claims.append(Claim("number", sentence.strip(), tuple(sorted(named)), told, truth, holds))
    return claims


def _fits(record: Mapping[str, Any], dimension: str, named: set[str]) -> bool:
    about = {str(n) for n in record.get("structures", ())}
    return _DIMENSION.get(str(record.get("unit", ""))) == dimension and bool(about) and named <= about and (
        len(about) == 1 or about == named
    )  # fmt: skip


def _values(record: Mapping[str, Any]) -> list[tuple[float, float]]:
    factor = _BASE.get(str(record.get("unit", "")), 1.0)
    uncertainty = record.get("uncertainty")
    slack = float(uncertainty) * factor if isinstance(uncertainty, int | float) else 0.0
    value = record.get("value")
    found = list(value.values()) if isinstance(value, Mapping) else [value]
    return [
        (float(v) * factor, slack) for v in found if isinstance(v, int | float) and not isinstance(v, bool)
    ]


def _sightings(sentence: str, found: _Found, facts: Facts) -> list[Claim]:
    """ "The spleen is not visible": against the audit of what was on the pictures."""
    unseen = bool(_UNSEEN.search(sentence))
    if not unseen and not _SEEN.search(sentence):
        return []
    claims = []
    for name in dict.fromkeys(name for _, _, name in found):
        count = None if facts.visible is None else facts.visible.get(name)
        shown = None if count is None else count >= ENOUGH_VOXELS
        truth = "not audited" if count is None else f"{count} voxels on one picture"
        holds = None if shown is None else shown != unseen
        claims.append(
            Claim("seen", sentence.strip(), (name,), f"{name} {'not ' if unseen else ''}seen", truth, holds)
        )
    return claims
