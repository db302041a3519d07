"""What anatomy alone says: where structures usually lie and how large they usually are.

Published volumes where there are some, otherwise rounded estimates of our own; never this patient's labels.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
import math
import re
from dataclasses import dataclass
from typing import Any

from napari_spatialmed.agents.ranges import central_volume
from napari_spatialmed.case import Structure

_VERTEBRA = re.compile(r"vertebrae?_?([CTLS])(\d+)$", re.I)
_RIB = re.compile(r"rib_?(\d+)$|rib_(?:left|right)_(\d+)$", re.I)


@dataclass(frozen=True, slots=True)
class Typical:
    """A structure of a typical adult.

    `at` is [right, anterior, superior] in mm from the frame's origin, `box` the extents (RL, AP, SI) in mm, `ml` the volume.
    """

    frame: str
    at: tuple[float, float, float]
    box: tuple[float, float, float]
    ml: float


def typical(structure: Structure) -> Typical | None:
    """What is typical of a structure, or None where anatomy has no expectation (a lesion)."""
    if structure.kind == "lesion":
        return None
    concept = structure.concept
    vertebra = _VERTEBRA.search(concept)
    if vertebra:
        return _vertebra(vertebra[1].upper(), int(vertebra[2]))
    rib = _RIB.search(concept)
    if rib:
        return _rib(int(rib[1] or rib[2]), structure.side)
    for frame in ("body", "brain"):
        entry = _table()[frame].get(concept)
        if entry is None:
            continue
        if structure.side is None:
            entry = entry | entry.get("whole", {})  # both halves under one label
        lateral, anterior, superior = entry["at"]
        if structure.side == "left":
            lateral, anterior, superior = entry.get("left", (-lateral, anterior, superior))
        published, box = central_volume(structure), entry["box"]
        return Typical(
            frame, (lateral, anterior, superior), (box[0], box[1], box[2]), published or float(entry["ml"])
        )
    return None


def distance(a: Typical, b: Typical) -> float | None:
    """Between the typical centres, in mm; None in different frames."""
    return math.dist(a.at, b.at) if a.frame == b.frame else None


def gap(a: Structure, b: Structure) -> float | None:
    """Between the typical surfaces, in mm: the centres' distance less what the bodies take along that line."""
    first, second = typical(a), typical(b)
    if first is None or second is None or first.frame != second.frame:
        return None
    if are_neighbours(a, b):
        return 1.0
    between = math.dist(first.at, second.at)
    if between == 0:
        return 0.0
    along = [(second.at[i] - first.at[i]) / between for i in range(3)]
    reach = sum(_reach(t.box, along) for t in (first, second))
    return max(0.0, between - 0.85 * reach)


def are_neighbours(a: Structure, b: Structure) -> bool:
    """Whether the two usually touch (for paired ones, on the same side)."""
    if a.side and b.side and a.side != b.side:
        return False
    return frozenset((a.concept, b.concept)) in _neighbours()


def _reach(box: tuple[float, float, float], along: list[float]) -> float:
    """Half the length of an ellipsoid of this box along a direction."""
    return 0.5 / math.sqrt(sum((along[i] / box[i]) ** 2 for i in range(3)))


def _vertebra(region: str, number: int) -> Typical:
    if region == "L":
        return Typical("body", (0, 0, -36.0 * (number - 1)), (75, 85, 48), 62 + 4 * number)
    if region == "T":
        return Typical("body", (0, -12, 32 + 27.0 * (12 - number)), (58, 70, 42), 18 + 3.0 * number)
    if region == "C":
        return Typical("body", (0, 0, 32 + 27.0 * 12 + 18.0 * (7 - number)), (55, 50, 28), 13)
    return Typical("body", (0, -50, -195), (110, 70, 110), 210)


def _rib(number: int, side: str | None) -> Typical:
    lateral = (60 + 8.0 * min(number, 8)) * (-1 if side == "left" else 1)
    superior = 290 - 23.0 * number
    return Typical("body", (lateral, 10 - 3.0 * number, superior), (90, 130, 70), 6 + 2.5 * min(number, 8))


@functools.cache
def _table() -> dict[str, Any]:
    text = (
        importlib.resources.files("napari_spatialmed.agents")
        .joinpath("data/typical_anatomy.json")
        .read_text("utf-8")
    )
    table: dict[str, Any] = json.loads(text)
    return table


@functools.cache
def _neighbours() -> frozenset[frozenset[str]]:
    return frozenset(frozenset(pair) for pair in _table()["neighbours"])
