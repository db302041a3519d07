"""Where the body's left and right halves meet.

Three ways to know it: the outline of trunk or head in the scan, the spine's labels, and the middles between paired
structures.  The one that knows it best is taken; where another contradicts it, it is known only as well as they agree.
A box around whatever happens to be labelled says nothing about the body, so without any of the three there is no
midline.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_spatialmed.geometry.case_geometry import CaseGeometry

BODY_HU = -300.0
"""Denser than this is body, not air (CT)."""
BODY_SHARE = 0.1
"""In MR, brighter than this share of the scan's range (1st to 99th percentile) is body: air is noise below it."""
DEPTH_MM = 30.0
"""A column with less body than this holds a table or a wire, not body."""
WIDTH_MM = 100.0
"""A head's or trunk's outline is wider; what is narrower is dark tissue in a small field of view."""
OUTLINE_MM, SPINE_MM, PAIR_MM, PAIRS_MM = 5.0, 5.0, 8.0, 3.0
"""How well the outline, the spine, one pair, and any number of pairs know the midline at best."""
ELSEWHERE = ("Lesions", "Other", "Muscles", "Skeleton: limbs and girdles")
"""Groups of structures that don't tell whether a scan shows trunk or head."""
SPINE = ("vertebra", "sacrum", "spinal_cord")
BRAIN_TABLES = ("brats",)
"""Names tables of lesions that all lie in the brain."""


@dataclass(frozen=True, slots=True)
class Midline:
    """The midsagittal plane as one R coordinate.

    Attributes
    ----------
    r_mm
        Patient coordinate, mm towards the right.
    uncertainty_mm
        How well the method knows it.
    method
        In a few words.
    """

    r_mm: float
    uncertainty_mm: float
    method: str


def midline(geometry: CaseGeometry) -> Midline | None:
    """The midline as the best of the three ways knows it; None where none of them can be gone."""
    found = [way for way in (_from_body(geometry), _from_spine(geometry), _from_pairs(geometry)) if way]
    if not found:
        return None
    best = min(found, key=lambda way: way.uncertainty_mm)
    apart = max(abs(way.r_mm - best.r_mm) - way.uncertainty_mm for way in found)
    return Midline(best.r_mm, max(best.uncertainty_mm, apart), best.method)


def _from_body(geometry: CaseGeometry) -> Midline | None:
    """Median over slices of the outline's middle; only where the outline isn't cut at the sides."""
    image = geometry.case.image
    level = _level(geometry)
    if image is None or level is None or not _shows_trunk_or_head(geometry):
        return None
    cosines = np.abs(geometry.affine[:3, :3] / geometry.spacing)
    across, vertical = int(cosines[0].argmax()), int(cosines[2].argmax())
    if across == vertical:
        return None
    slices = np.unique(np.linspace(0, image.shape[vertical] - 1, 40).astype(int))
    depth = 3 - across - vertical
    middles = []
    for k in slices:
        body = np.take(image, k, axis=vertical) > level
        columns = np.flatnonzero(
            body.sum(axis=1 if across < depth else 0) * geometry.spacing[depth] > DEPTH_MM
        )
        if not columns.size or columns[0] == 0 or columns[-1] == image.shape[across] - 1:
            continue
        if (columns[-1] - columns[0] + 1) * geometry.spacing[across] >= WIDTH_MM:
            at = np.array(image.shape, np.float64) / 2.0
            at[across], at[vertical] = (columns[0] + columns[-1]) / 2.0, k
            middles.append(float(geometry.to_ras(at)[0]))
    if len(middles) * 2 < len(slices):
        return None
    return _middle(middles, OUTLINE_MM, "middle of the body's outline in the scan")


def _level(geometry: CaseGeometry) -> float | None:
    """Image value that tells body from air, in a modality where there is one."""
    image = geometry.case.image
    if image is None or geometry.case.modality not in ("CT", "MR"):
        return None
    if geometry.case.modality == "CT":
        return BODY_HU
    # A few hundred thousand voxels tell the percentiles as well as all do.
    step = max(1, round((image.size / 400_000) ** (1 / 3)))
    some = image[::step, ::step, ::step]
    low, high = np.percentile(some[np.isfinite(some)], [1, 99]) if np.isfinite(some).any() else (0.0, 0.0)
    return float(low + BODY_SHARE * (high - low)) if high > low else None


def _shows_trunk_or_head(geometry: CaseGeometry) -> bool:
    """Whether the labels tell that an outline is trunk's or head's: a leg has a middle, too, but not the body's."""
    case = geometry.case
    return case.provenance.names.startswith(BRAIN_TABLES) or any(
        s.system not in ELSEWHERE and s.label in geometry.survey for s in case.structures
    )


def _from_spine(geometry: CaseGeometry) -> Midline | None:
    rows = [
        geometry.survey.row(s.label)
        for s in geometry.case.structures
        if s.concept.startswith(SPINE) and s.label in geometry.survey
    ]
    return _middle(geometry.survey.centroids_ras_mm[rows, 0], SPINE_MM, "centre of the spine's labels")


def _from_pairs(geometry: CaseGeometry) -> Midline | None:
    sides: dict[str, dict[str, float]] = {}
    for structure in geometry.case.structures:
        if structure.side and structure.label in geometry.survey:
            row = geometry.survey.row(structure.label)
            sides.setdefault(structure.concept, {})[structure.side] = float(
                geometry.survey.centroids_ras_mm[row, 0]
            )
    middles = [(pair["left"] + pair["right"]) / 2.0 for pair in sides.values() if len(pair) == 2]
    least = max(PAIRS_MM, PAIR_MM / np.sqrt(max(1, len(middles))))
    return _middle(middles, least, f"middle between {len(middles)} paired structures")


def _middle(values: Iterable[float] | NDArray[np.float64], least: float, method: str) -> Midline | None:
    """Median of what slices or structures say; half of what four fifths of them span is its uncertainty, or `least`."""
    found = np.asarray(list(values), np.float64)
    if not found.size:
        return None
    low, middle, high = np.percentile(found, [10, 50, 90])
    return Midline(float(middle), max(float(least), float(high - low) / 2.0), method)
