"""What numbers usually are in other patients: measured in the other scans of a collection, or published.

`build` measures all scans first, `propose` takes what the benchmark has measured; each case is then told of what it holds the geometric mean and the spread over the
*other* patients, and `questions.usual` asks so that knowing them doesn't help.  Where the collection says too little, a
published volume stands in; where nothing is known, nothing is done.

Few other patients don't tell a spread.  They are joined with one from the literature, counted as `PRIOR_SCANS` scans:

- volumes 0.20: livers 0.18 and spleens 0.35 of 2,989 donors (Kim 2021), kidneys 0.18 (SHIP 2024), as in
  ``data/organ_volumes.csv``;
- lengths 0.12: livers 14.0 ± 1.7 cm of 2,080 people (Kratzer 2003, J Ultrasound Med 22:1155); healthy kidneys vary
  less, 10.42 ± 0.61 cm of 532 men (Lee 1996, J Korean Soc Med Ultrasound 15:63);
- ratios 0.20, distances between centres and between surfaces 0.15, places within the scan 0.15, where something begins in
  it 0.25: ours; of lesions 0.80 for volumes and ratios, 0.40 for the rest: ours;
- how far one centre lies towards a side of another: 0.15 of their distance; of the midline: 8 mm; ours.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from napari_spatialmed.agents.proposal import signature_of
from napari_spatialmed.agents.ranges import reference_for
from napari_spatialmed.agents.relevance import LEAST, weight, weight_for
from napari_spatialmed.case import Case, Structure
from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.questions.answering import form_of
from napari_spatialmed.questions.askable import askable, passes
from napari_spatialmed.questions.field import field_ends
from napari_spatialmed.questions.form import number_of
from napari_spatialmed.questions.model import AnswerKey
from napari_spatialmed.questions.naming import AXES
from napari_spatialmed.questions.usual import Usual

Key = tuple[str, ...]
"""Quantity, structures (and axis): the same in every scan."""
Figures = dict[str, dict[str, float]]
"""Structure → what was measured of it: ``ml``; ``RL``, ``AP``, ``SI`` and ``diameter`` in mm; the centre ``x``, ``y``, ``z`` and its
place ``at RL`` … in the scanned field as a share; where it begins there, ``from RL`` … in mm; how far it lies to the right
of the ``midline``; the distance of its surface ``to`` another structure's.  What the border cuts has only the last."""
Sums = tuple[float, ...]
"""Of logarithms, or of linear quantities: how many, and the sums of their first to fourth powers."""

PRIOR_SCANS = 4
PRIOR_SPREAD = {
    "volume": 0.20,
    "volume ratio": 0.20,
    "ext.axis": 0.12,
    "ext.diameter": 0.12,
    "dist.centre": 0.15,
    "dist.surface": 0.15,
    "dir.axis": 0.15,
    "dir.side": 8.0,
    "dir.range": 0.25,
    "dir.quarter": 0.15,
}
"""Of the logarithm; of linear quantities a share of the centres' (surfaces') distance, or mm."""
PRIOR_OF_LESIONS = {"volume": 0.80, "volume ratio": 0.80}
PRIOR_OF_LESIONS_ELSE = 0.40
LINEAR = ("dir.axis", "dir.side", "dist.surface")
"""Quantities that may be 0 or less."""
ORIENTED = ("dir.axis", "volume ratio")
"""Quantities of two structures in an order."""
SCANS_FOR_SHAPE = 10
"""So many scans tell half of how the distribution's shape differs from a normal one; ours."""
_ROUNDING = 1e-6
"""A smaller variance is rounding: the same scan twice."""
_Z_95 = 1.96


def figures_of(geometry: CaseGeometry) -> Figures:
    """Measure what is asked of the weighty structures; of what the border cuts only distances of surfaces."""
    case = geometry.case
    names = [name for name in askable(geometry) if weight(case[name]) >= LEAST]
    whole, single = (set(askable(geometry, whole=True, one_piece=one)) for one in (False, True))
    ends = {axis: field_ends(geometry, axis) for axis in AXES if passes(field_ends, geometry, axis)}
    found: Figures = {}
    for place, name in enumerate(names):
        figures = {
            f"to {identity(case[other])}": number_of(measure(geometry, "surface_distance_mm", name, other))
            for other in names[place + 1 :]
            if weight_for("dist.surface", [case[name], case[other]]) >= LEAST
        }
        if name in whole:
            figures["ml"] = number_of(measure(geometry, "volume_ml", name))
        if name in single:
            extent = measure(geometry, "extent_mm", name).value
            centre = measure(geometry, "centroid_ras_mm", name).value
            box = measure(geometry, "box_mm", name).value
            if isinstance(extent, dict) and isinstance(centre, list) and isinstance(box, dict):
                figures |= {axis: float(extent[axis]) for axis in AXES}
                figures |= dict(zip("xyz", map(float, centre), strict=True))
                figures["diameter"] = number_of(measure(geometry, "longest_diameter_mm", name))
                for at, axis in enumerate(AXES):
                    if axis in ends:
                        start, end = ends[axis]
                        figures[f"at {axis}"] = (float(centre[at]) - start) / (end - start)
                        figures[f"from {axis}"] = float(box["min"][at]) - start
                side = measure(geometry, "laterality", name)
                if side.value is not None:
                    figures["midline"] = float(side.detail["offset_mm"])
        found[identity(case[name])] = {k: float(f"{v:.6g}") for k, v in figures.items()}
    return found


def identity(structure: Structure) -> str:
    """The same for the same structure under any names table; lesions say so."""
    kind = "lesion:" if structure.kind == "lesion" else ""
    return f"{kind}{structure.concept}:{structure.side or ''}"


def numbers_in_scan(figures: Figures) -> Iterator[tuple[Key, float]]:
    """Every number that can be asked for, from the figures of the single structures."""
    for name, own in figures.items():
        for to, distance in own.items():
            if to.startswith("to "):
                yield ("dist.surface", *sorted((name, to[3:]))), distance
        if "ml" in own:
            yield ("volume", name), own["ml"]
        if "midline" in own:
            yield ("dir.side", name), own["midline"]
        if "x" in own:
            yield ("ext.diameter", name), own["diameter"]
        for axis in AXES:
            if axis in own:
                yield ("ext.axis", name, axis), own[axis]
            if f"at {axis}" in own:
                yield ("dir.quarter", name, axis), own[f"at {axis}"]
                yield ("dir.range", name, axis), own[f"from {axis}"]
    for first, second in combinations(sorted(figures), 2):
        a, b = figures[first], figures[second]
        if "ml" in a and "ml" in b:
            yield ("volume ratio", first, second), a["ml"] / b["ml"]
        if "x" in a and "x" in b:
            yield ("dist.centre", first, second), math.dist(*([s[k] for k in "xyz"] for s in (a, b)))
            for axis, k in zip(AXES, "xyz", strict=True):
                yield ("dir.axis", first, second, axis), a[k] - b[k]


@dataclass
class Collection:
    """The numbers of all scans, as sums from which one patient's can be taken away."""

    _all: dict[Key, Sums] = field(default_factory=dict)
    _scans: dict[str, list[Figures]] = field(default_factory=lambda: defaultdict(list))

    def add(self, patient: str, figures: Figures) -> None:
        """Take in one scan."""
        self._scans[patient].append(figures)
        for key, value in numbers_in_scan(figures):
            self._all[key] = _plus(self._all.get(key, (0.0,) * 5), key, value, 1)

    def known_to(self, patient: str) -> dict[Key, Usual]:
        """What the scans of other patients say of everything that this patient's scans hold."""
        own: dict[Key, Sums] = {}
        for figures in self._scans.get(patient, ()):
            for key, value in numbers_in_scan(figures):
                own[key] = _plus(own.get(key, self._all[key]), key, value, -1)
        return {key: _usual(key, sums, own) for key, sums in own.items() if sums[0]}

    def scans_without(self, patient: str) -> int:
        """How many scans of other patients there are."""
        return sum(len(scans) for whose, scans in self._scans.items() if whose != patient)


def usual_numbers(known: Mapping[Key, Usual], case: Case, key: AnswerKey) -> tuple[Usual, ...]:
    """What the numbers behind a key usually are, in the form's order; empty where nobody knows."""
    if key.form in ("ext.box", "ext.longest_axis"):
        found = [_one(known, case, "ext.axis", key.structures, axis) for axis in AXES]
    elif key.form in ("dist.nearest", "dist.farthest", "dist.within", "marg.nearest_vessel"):
        quantity = "dist.centre" if key.params.get("between") == "centres" else "dist.surface"
        reference, *others = key.structures
        found = [_one(known, case, quantity, (reference, name), "") for name in others]
    elif key.form == "dir.quadrant":
        found = [_one(known, case, "dir.axis", key.structures, axis) for axis in form_of(key.form).axes(key)]
    elif key.form in ("comp.largest", "comp.rank"):
        found = [_one(known, case, "volume", (name,), "") for name in key.structures]
    else:
        quantity, _, axis = signature_of(key.form, key.structures, key.params)
        quantity = "volume ratio" if quantity == "comp.pair" else quantity
        found = [_one(known, case, quantity, key.structures, axis)]
    return tuple(usual for usual in found if usual is not None) if all(found) else ()


def _one(
    known: Mapping[Key, Usual], case: Case, quantity: str, structures: Sequence[str], axis: str
) -> Usual | None:
    if quantity not in PRIOR_SPREAD:
        return None
    named = [identity(case[name]) for name in structures]
    found = known.get((quantity, *sorted(named), *([axis] if axis else [])))
    if found is not None and quantity in ORIENTED and named != sorted(named):
        return found.inverse()
    return found or (published(case[structures[0]]) if quantity == "volume" else None)


def published(structure: Structure) -> Usual | None:
    """The distribution that a published 95 % interval of a volume means."""
    reference = reference_for(structure)
    if reference is None or not reference.low or not reference.high:
        return None
    spread = math.log(reference.high / reference.low) / (2.0 * _Z_95)
    return Usual(math.sqrt(reference.low * reference.high), spread, reference.cite())


def _plus(sums: Sums, key: Key, value: float, sign: int) -> Sums:
    if key[0] not in LINEAR:
        if value <= 0:
            return sums
        value = math.log(value)
    return tuple(total + sign * value**power for power, total in enumerate(sums))


def _usual(key: Key, sums: Sums, others: Mapping[Key, Sums]) -> Usual:
    count = sums[0]
    mean = sums[1] / count
    linear = key[0] in LINEAR
    lesion = any(name.startswith("lesion:") for name in key[1:])
    prior = PRIOR_SPREAD[key[0]]
    if lesion and key[0] != "dir.side":
        prior = PRIOR_OF_LESIONS.get(key[0], PRIOR_OF_LESIONS_ELSE)
    if key[0] == "dir.axis":
        apart = others[("dist.centre", *key[1:3])]
        prior *= math.exp(apart[1] / apart[0])
    elif key[0] == "dist.surface":
        prior *= mean
    _, _, second, third, fourth = (total / count for total in sums)
    off = max(0.0, second - mean**2)
    variance = (PRIOR_SCANS * prior**2 + count * off) / (PRIOR_SCANS + count - 1) * (1.0 + 1.0 / count)
    return Usual(
        mean if linear else math.exp(mean),
        math.sqrt(variance),
        f"of {count:.0f} other scans",
        linear,
        _freedom(count, off, fourth - 4.0 * mean * third + 6.0 * mean**2 * second - 3.0 * mean**4),
    )


def _freedom(count: float, variance: float, fourth: float) -> float:
    """Degrees of freedom of the t distribution with these moments; where scans are few, those of an unknown spread."""
    unknown = PRIOR_SCANS + count - 1.0
    excess = fourth / variance**2 - 3.0 if variance > _ROUNDING else 0.0
    excess *= count / (count + SCANS_FOR_SHAPE)
    return unknown if excess <= 0 else min(unknown, 4.0 + 6.0 / excess)
