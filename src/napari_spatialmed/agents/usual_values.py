"""What numbers usually are in other patients: measured in the other scans of a collection, or published.

`build` measures all scans first, `propose` takes what the benchmark has measured; each case is then told of what it holds the geometric mean and the spread over the
*other* patients, and `questions.usual` asks so that knowing them doesn't help.  Where the collection says too little, a
published volume stands in; where nothing is known, nothing is done.

Few other patients don't tell a spread.  They are joined with one from the literature, counted as `PRIOR_SCANS` scans:

- volumes 0.20: livers 0.18 and spleens 0.35 of 2,989 donors (Kim 2021), kidneys 0.18 (SHIP 2024), as in
  ``data/organ_volumes.csv``;
- lengths 0.12: livers 14.0 ± 1.7 cm of 2,080 people (Kratzer 2003, J Ultrasound Med 22:1155); healthy kidneys vary
  less, 10.42 ± 0.61 cm of 532 men (Lee 1996, J Korean Soc Med Ultrasound 15:63);
- ratios 0.20, distances between centres 0.15, places within the scan 0.15, where something begins in it 0.25, and
  lesions 0.80: ours.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from napari_spatialmed.agents.proposal import signature_of
from napari_spatialmed.agents.ranges import reference_for
from napari_spatialmed.agents.relevance import LEAST, weight
from napari_spatialmed.case import Case, Structure
from napari_spatialmed.geometry import CaseGeometry, measure
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
place ``at RL`` … in the scanned field as a share; where it begins there, ``from RL`` … in mm."""
Sums = tuple[int, float, float]
"""Of logarithms: how many, their sum, the sum of their squares."""

PRIOR_SCANS = 4
PRIOR_SPREAD = {
    "volume": 0.20,
    "volume ratio": 0.20,
    "ext.axis": 0.12,
    "ext.diameter": 0.12,
    "dist.centre": 0.15,
    "dir.range": 0.25,
    "dir.quarter": 0.15,
}
PRIOR_OF_LESIONS = 0.80
_Z_95 = 1.96


def figures_of(geometry: CaseGeometry) -> Figures:
    """Measure what numbers are asked of: the weighty structures that the border doesn't cut."""
    case = geometry.case
    single = set(askable(geometry, whole=True, one_piece=True))
    ends = {axis: field_ends(geometry, axis) for axis in AXES if passes(field_ends, geometry, axis)}
    found: Figures = {}
    for name in askable(geometry, whole=True):
        if weight(case[name]) < LEAST:
            continue
        figures = {"ml": number_of(measure(geometry, "volume_ml", name))}
        if name in single:
            extent = measure(geometry, "extent_mm", name).value
            centre = measure(geometry, "centroid_ras_mm", name).value
            box = measure(geometry, "box_mm", name).value
            if isinstance(extent, dict) and isinstance(centre, list) and isinstance(box, dict):
                figures |= {axis: float(extent[axis]) for axis in AXES}
                figures |= dict(zip("xyz", map(float, centre), strict=True))
                figures["diameter"] = number_of(measure(geometry, "longest_diameter_mm", name))
                for place, axis in enumerate(AXES):
                    if axis in ends:
                        start, end = ends[axis]
                        figures[f"at {axis}"] = (float(centre[place]) - start) / (end - start)
                        figures[f"from {axis}"] = float(box["min"][place]) - start
        found[identity(case[name])] = {k: float(f"{v:.6g}") for k, v in figures.items()}
    return found


def identity(structure: Structure) -> str:
    """The same for the same structure under any names table; lesions say so."""
    kind = "lesion:" if structure.kind == "lesion" else ""
    return f"{kind}{structure.concept}:{structure.side or ''}"


def numbers_in_scan(figures: Figures) -> Iterator[tuple[Key, float]]:
    """Every number that can be asked for, from the figures of the single structures."""
    for name, own in figures.items():
        yield ("volume", name), own["ml"]
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
        yield ("volume ratio", first, second), a["ml"] / b["ml"]
        if "x" in a and "x" in b:
            yield ("dist.centre", first, second), math.dist(*([s[k] for k in "xyz"] for s in (a, b)))


@dataclass
class Collection:
    """The numbers of all scans, as sums from which one patient's can be taken away."""

    _all: dict[Key, Sums] = field(default_factory=dict)
    _scans: dict[str, list[Figures]] = field(default_factory=lambda: defaultdict(list))

    def add(self, patient: str, figures: Figures) -> None:
        """Take in one scan."""
        self._scans[patient].append(figures)
        for key, value in numbers_in_scan(figures):
            self._all[key] = _plus(self._all.get(key, (0, 0.0, 0.0)), value, 1)

    def known_to(self, patient: str) -> dict[Key, Usual]:
        """What the scans of other patients say of everything that this patient's scans hold."""
        own: dict[Key, Sums] = {}
        for figures in self._scans.get(patient, ()):
            for key, value in numbers_in_scan(figures):
                own[key] = _plus(own.get(key, self._all[key]), value, -1)
        return {key: _usual(key, sums) for key, sums in own.items() if sums[0]}

    def scans_without(self, patient: str) -> int:
        """How many scans of other patients there are."""
        return sum(len(scans) for whose, scans in self._scans.items() if whose != patient)


def usual_numbers(known: Mapping[Key, Usual], case: Case, key: AnswerKey) -> tuple[Usual, ...]:
    """What the numbers behind a key usually are, in the form's order; empty where nobody knows."""
    if key.form in ("ext.box", "ext.longest_axis"):
        found = [_one(known, case, "ext.axis", key.structures, axis) for axis in AXES]
    elif key.form in ("dist.nearest", "dist.farthest") and key.params.get("between") == "centres":
        reference, *others = key.structures
        found = [_one(known, case, "dist.centre", (reference, name), "") for name in others]
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
    if found is not None and quantity == "volume ratio" and named != sorted(named):
        return Usual(1.0 / found.centre, found.spread, found.basis)
    return found or (published(case[structures[0]]) if quantity == "volume" else None)


def published(structure: Structure) -> Usual | None:
    """The distribution that a published 95 % interval of a volume means."""
    reference = reference_for(structure)
    if reference is None or not reference.low or not reference.high:
        return None
    spread = math.log(reference.high / reference.low) / (2.0 * _Z_95)
    return Usual(math.sqrt(reference.low * reference.high), spread, reference.cite())


def _plus(sums: Sums, value: float, sign: int) -> Sums:
    if value <= 0:
        return sums
    log = math.log(value)
    return sums[0] + sign, sums[1] + sign * log, sums[2] + sign * log * log


def _usual(key: Key, sums: Sums) -> Usual:
    count, total, squares = sums
    mean = total / count
    lesion = any(name.startswith("lesion:") for name in key[1:])
    prior = PRIOR_OF_LESIONS if lesion else PRIOR_SPREAD[key[0]]
    off = max(0.0, squares - count * mean * mean)
    variance = (PRIOR_SCANS * prior**2 + off) / (PRIOR_SCANS + count - 1) * (1.0 + 1.0 / count)
    return Usual(math.exp(mean), math.sqrt(variance), f"of {count} other scans")
