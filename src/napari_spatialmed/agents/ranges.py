"""Published organ volumes with their sources, and our own wide limits: what a measurement is held against.

Three tiers, told apart in every message: the cited interval (outside it a value is *outside the reference*, never
abnormal: sex, size and age differ, and children's organs are smaller), and limits of our own beyond which a measurement
is more likely a wrong label or a wrong spacing than a patient.
"""

from __future__ import annotations

import csv
import functools
import importlib.resources
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from napari_spatialmed.case import Structure


@dataclass(frozen=True, slots=True)
class Reference:
    """One row of the table of published adult organ volumes.

    Attributes
    ----------
    concept, side, sex
        What it was measured of; side and sex are empty for both.
    low, high
        The interval, or None where the source supports none (a mean alone, an interquartile range).
    central
        Mean or median, or None.
    basis
        How the interval came about, in words.
    source, identifier, note
        As in the table; the identifier is a DOI or PMID, or says that none was confirmed.
    """

    concept: str
    side: str
    sex: str
    low: float | None
    high: float | None
    central: float | None
    unit: str
    basis: str
    source: str
    identifier: str
    note: str

    def cite(self) -> str:
        """Source and identifier in one line."""
        return f"{self.source} ({self.identifier})"


@dataclass(frozen=True, slots=True)
class Limits:
    """The widest values we believe without a second look; our own, and saying so."""

    low: float
    high: float
    unit: str


OURS = "our own wide limits, not from a publication"

_CONCEPTS = {
    "liver": "liver",
    "spleen": "spleen",
    "pancreas": "pancreas",
    "kidney": "kidney",
    "adrenal": "adrenal_gland",
    "brain": "brain",
    "gallbladder (fasting)": "gallbladder",
}
_VOLUME_LIMITS = {
    "liver": Limits(150, 6000, "mL"),
    "spleen": Limits(8, 4000, "mL"),
    "kidney": Limits(4, 2500, "mL"),
    "pancreas": Limits(4, 400, "mL"),
    "adrenal_gland": Limits(0.2, 300, "mL"),
    "gallbladder": Limits(0.5, 700, "mL"),
    "stomach": Limits(10, 6000, "mL"),
    "urinary_bladder": Limits(2, 3000, "mL"),
    "prostate": Limits(2, 600, "mL"),
    "heart": Limits(40, 2500, "mL"),
    "brain": Limits(250, 2200, "mL"),
    "aorta": Limits(3, 2000, "mL"),
    # A vertebra under another's number (levels counted from the wrong end) is far from its size.
    **{f"vertebrae_C{number}": Limits(1, 40, "mL") for number in range(1, 8)},
    **{f"vertebrae_T{number}": Limits(1, 90, "mL") for number in range(1, 14)},
    **{f"vertebrae_L{number}": Limits(3, 160, "mL") for number in range(1, 7)},
}
_ANY_VOLUME = Limits(0.005, 15000, "mL")
_ANY_DISTANCE = Limits(0, 1200, "mm")
_ANY_EXTENT = Limits(1, 1200, "mm")


@functools.cache
def references() -> tuple[Reference, ...]:
    """All rows that give a volume in mL of a structure we know by name, of adults."""
    text = (
        importlib.resources.files("napari_spatialmed.agents")
        .joinpath("data/organ_volumes.csv")
        .read_text("utf-8")
    )
    found = []
    for row in csv.DictReader(text.splitlines()):
        concept = _CONCEPTS.get(row["organ"])
        if concept is None or row["unit"] != "mL":
            continue
        low, central, high = (_number(row[key]) for key in ("low", "central", "high"))
        interval, basis = _interval(row["stat"], low, central, high)
        found.append(
            Reference(
                concept=concept,
                side=row["side"] if row["side"] in ("left", "right") else "",
                sex=row["sex"] if row["sex"] in ("M", "F") else "",
                low=interval[0],
                high=interval[1],
                central=central,
                unit="mL",
                basis=basis,
                source=row["source"],
                identifier=row["doi_or_pmid"],
                note=row["note"],
            )
        )
    return tuple(found)


def references_for(structure: Structure) -> tuple[Reference, ...]:
    """The rows for a structure: those with an interval for both sexes first, the widest study's kind before others."""
    rows = [
        row
        for row in references()
        if row.concept == structure.concept and row.side in ("", structure.side or "")
    ]
    return tuple(sorted(rows, key=lambda row: (row.low is None, bool(row.sex), _RANK.get(row.basis, 9))))


def reference_for(structure: Structure) -> Reference | None:
    """The row that a measured volume is held against, or None where no source supports an interval."""
    return next((row for row in references_for(structure) if row.low is not None), None)


def central_volume(structure: Structure) -> float | None:
    """The mean of the published means of a structure's volume in mL, or None."""
    values = [row.central for row in references_for(structure) if row.central is not None]
    return sum(values) / len(values) if values else None


def volume_limits(structure: Structure) -> Limits:
    """Our own limits for a structure's volume."""
    return _VOLUME_LIMITS.get(structure.concept, _ANY_VOLUME)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the ranges say of one measurement; `passed` is False only outside our own wide limits."""

    passed: bool
    reason: str


def check_measurement(measurement: dict[str, Any], structures: Iterable[Structure]) -> list[Finding]:
    """Hold one measurement (`Measurement.to_dict()`) against the limits and, for volumes, the published interval."""
    named = list(structures)
    calculator, value, unit = measurement["calculator"], measurement["value"], measurement["unit"]
    if calculator == "volume_ml" and isinstance(value, int | float) and len(named) == 1:
        return _check_volume(float(value), named[0])
    numbers = value.values() if isinstance(value, dict) else [value]
    limits = _ANY_EXTENT if calculator in ("extent_mm", "longest_diameter_mm") else _ANY_DISTANCE
    if unit != "mm" or calculator in ("centroid_ras_mm", "box_mm"):
        return []
    for number in numbers:
        if (
            isinstance(number, int | float)
            and not isinstance(number, bool)
            and not limits.low <= number <= limits.high
        ):
            what = " and ".join(s.title for s in named)
            return [
                Finding(
                    False,
                    f"{calculator} of {what}: {number:.4g} mm is beyond {limits.low:g}–{limits.high:g} mm ({OURS}).",
                )
            ]
    return []


def _check_volume(value: float, structure: Structure) -> list[Finding]:
    limits = volume_limits(structure)
    if not limits.low <= value <= limits.high:
        return [
            Finding(
                False,
                f"{value:.4g} mL for the {structure.title} is beyond {limits.low:g}–{limits.high:g} mL ({OURS}): "
                "look at the label and the spacing.",
            )
        ]
    reference = reference_for(structure)
    if reference is None or reference.low is None or reference.high is None:
        return []
    within = reference.low <= value <= reference.high
    place = "within" if within else "outside"
    return [
        Finding(
            True,
            f"{value:.4g} mL is {place} the reference for the adult {structure.title}, "
            f"{reference.low:.4g}–{reference.high:.4g} mL ({reference.basis}; {reference.cite()}).",
        )
    ]


_RANK = {
    "95 % reference interval": 0,
    "range seen in the study": 1,
    "healthy range": 1,
    "mean ± 2 SD, from the source's mean and SD": 2,
}


def _interval(
    stat: str, low: float | None, central: float | None, high: float | None
) -> tuple[tuple[float | None, float | None], str]:
    """The interval that a row supports: never an interquartile range or a single SD passed off as one."""
    if low is None or high is None:
        return (None, None), stat
    if stat.startswith("95%"):
        return (low, high), "95 % reference interval"
    if stat.startswith("mean (range)"):
        return (low, high), "range seen in the study"
    if stat.startswith("healthy range"):
        return (low, high), "healthy range"
    if stat.startswith("mean±SD") and central is not None:
        stated = re.search(r"range ([\d.]+)-([\d.]+)", stat)
        if stated:
            return (float(stated[1]), float(stated[2])), "range seen in the study"
        deviation = (high - low) / 2.0
        if central > 2 * deviation:
            basis = "mean ± 2 SD, from the source's mean and SD"
            return (central - 2 * deviation, central + 2 * deviation), basis
    return (None, None), stat


def _number(text: str) -> float | None:
    return float(text) if text.strip() else None
