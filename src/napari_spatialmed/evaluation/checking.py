"""Statements against measurements: what was said becomes a claim that holds, doesn't, or can't be told.

Every comparison is made here, by arithmetic on what the calculators measured; who found the statement, the parser or a judge
model, makes no difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from napari_spatialmed.evaluation.planes import ENOUGH_VOXELS
from napari_spatialmed.evaluation.statements import AXIS, OPPOSITE, Statement, StatementKind
from napari_spatialmed.questions.model import Question

TOLERANCE = 0.10
"""A claimed number within this of the measured one holds, or within the measurement's own uncertainty."""

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

    kind: StatementKind
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


def facts_of(question: Question, *, volumes_ml: Mapping[str, float] | None = None) -> Facts:
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
    return Facts(names, question.evidence, volumes)


def check(statement: Statement, facts: Facts) -> Claim:
    """Hold one statement against the facts."""
    if statement.kind == "number":
        return _check_number(statement, facts)
    if statement.kind == "comparison":
        return _check_comparison(statement, facts)
    if statement.kind == "direction":
        return _check_direction(statement, facts)
    return _check_sight(statement, facts)


def _check_direction(statement: Statement, facts: Facts) -> Claim:
    first, second = statement.structures
    word, said = statement.word, not statement.negated
    truth = _direction_of(first, second, AXIS[word], facts)
    holds = None if truth is None else (truth == word) == said
    told = f"{first} {'' if said else 'not '}{word} of {second}"
    return Claim("direction", statement.text, statement.structures, told, truth or "not measured", holds)


def _direction_of(first: str, second: str, axis: str, facts: Facts) -> str | None:
    for record in facts.measurements:
        if record.get("calculator") != "direction" or not isinstance(record.get("value"), Mapping):
            continue
        word = record["value"].get(axis)
        pair = tuple(record.get("structures", ()))
        if word and pair == (first, second):
            return str(word)
        if word and pair == (second, first):
            return OPPOSITE[str(word)]
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


def _check_comparison(statement: Statement, facts: Facts) -> Claim:
    first, second = statement.structures
    larger = (statement.word == "larger") != statement.negated
    volumes = facts.volumes_ml or {}
    truth, holds = "not measured", None
    if first in volumes and second in volumes:
        truth = f"{volumes[first]:.4g} mL against {volumes[second]:.4g} mL"
        holds = (volumes[first] > volumes[second]) == larger
    said = f"{first} {'larger' if larger else 'smaller'} than {second}"
    return Claim("comparison", statement.text, statement.structures, said, truth, holds)


def _check_number(statement: Statement, facts: Facts) -> Claim:
    named = set(statement.structures)
    candidates = [r for r in facts.measurements if _fits(r, statement.dimension, named)]
    if not candidates and statement.dimension == "volume" and len(named) == 1 and facts.volumes_ml:
        name = next(iter(named))
        if name in facts.volumes_ml:
            candidates = [{"value": facts.volumes_ml[name], "unit": "mL", "structures": [name]}]
    values = [v for r in candidates for v in _values(r)]
    holds = None
    if values:
        holds = any(abs(statement.value - v) <= max(TOLERANCE * abs(v), u) for v, u in values)
    truth = ", ".join(f"{v:.4g}" for v, _ in values) or "not measured"
    return Claim("number", statement.text, statement.structures, statement.word, truth, holds)


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


def _check_sight(statement: Statement, facts: Facts) -> Claim:
    (name,) = statement.structures
    count = None if facts.visible is None else facts.visible.get(name)
    shown = None if count is None else count >= ENOUGH_VOXELS
    truth = "not audited" if count is None else f"{count} voxels on one picture"
    holds = None if shown is None else shown != statement.negated
    said = f"{name} {'not ' if statement.negated else ''}seen"
    return Claim("seen", statement.text, (name,), said, truth, holds)
