"""How far two structures lie from each other, and in which direction."""

from __future__ import annotations

from typing import Literal

import numpy as np

from napari_spatialmed.geometry.calculators.reading import (
    centroid_uncertainty_mm,
    flags_of,
    numbers,
    voxel_diagonal_mm,
)
from napari_spatialmed.geometry.case_geometry import CaseGeometry
from napari_spatialmed.geometry.measurement import Measurement
from napari_spatialmed.geometry.pairs import nearest_points
from napari_spatialmed.geometry.registry import calculator

WORDS = {"RL": ("left", "right"), "AP": ("posterior", "anterior"), "SI": ("inferior", "superior")}
"""Patient axis → its name towards minus and plus (R+, A+, S+)."""


@calculator(
    "centre_distance_mm", scope="pair", unit="mm", title="Distance of centres",
    description="Straight distance in mm between the two structures' centroids.",
    reference="Euclidean distance of the means of voxel centres",
)  # fmt: skip
def centre_distance_mm(geometry: CaseGeometry, a: str, b: str) -> Measurement:
    """Distance of centroids; both centroids' uncertainties add up."""
    ends = geometry.survey.centroids_ras_mm[[geometry.row(a), geometry.row(b)]]
    return Measurement(
        "centre_distance_mm", float(np.linalg.norm(ends[1] - ends[0])), "mm",
        centroid_uncertainty_mm(geometry, a) + centroid_uncertainty_mm(geometry, b), "between centroids", (a, b),
        flags_of(geometry, a, b), {"points_ras_mm": [numbers(ends[0]), numbers(ends[1])]},
    )  # fmt: skip


@calculator(
    "surface_distance_mm", scope="pair", unit="mm", title="Smallest surface distance",
    description="Smallest distance in mm between the two structures' surfaces; structures that touch are one voxel step apart, not 0.",
    reference="smallest distance between centres of boundary voxels (6-neighbourhood)",
)  # fmt: skip
def surface_distance_mm(geometry: CaseGeometry, a: str, b: str) -> Measurement:
    """Smallest distance of boundary voxel centres; half a voxel's diagonal is the uncertainty."""
    distance, start, end = nearest_points(geometry, a, b)
    # Neighbours by face, edge or corner differ by at most one step along each array axis.
    step = np.linalg.solve(geometry.affine[:3, :3], end - start)
    touching = bool(np.all(np.abs(step) < 1.5))
    flags = flags_of(geometry, a, b) + (("touching",) if touching else ())
    return Measurement(
        "surface_distance_mm", distance, "mm", voxel_diagonal_mm(geometry) / 2.0, "between boundary voxel centres", (a, b), flags,
        {"points_ras_mm": [numbers(start), numbers(end)], "touching": touching},
    )  # fmt: skip


@calculator(
    "direction", scope="pair", unit="", title="Direction",
    description="Where the first structure lies as seen from the second: right or left, anterior or posterior, superior or inferior of the patient; null along an axis where they are less than 5 mm apart.",
    reference="signed difference of centroids (or gap of boxes) along the patient's axes", ordered=True,
)  # fmt: skip
def direction(
    geometry: CaseGeometry,
    a: str,
    b: str,
    *,
    by: Literal["centroid", "box"] = "centroid",
    minimum_mm: float = 5.0,
) -> Measurement:
    """Direction of `a` seen from `b` along each patient axis.

    Parameters
    ----------
    by
        Compare centroids, or demand that the boxes don't overlap along the axis.
    minimum_mm
        Least separation for a direction to be decided (rule U1).
    """
    survey = geometry.survey
    row_a, row_b = geometry.row(a), geometry.row(b)
    offset = survey.centroids_ras_mm[row_a] - survey.centroids_ras_mm[row_b]
    half = survey.voxel_width_mm / 2.0
    above = (survey.reach[row_a, 0] - half) - (survey.reach[row_b, 1] + half)
    below = (survey.reach[row_b, 0] - half) - (survey.reach[row_a, 1] + half)
    gap = np.where(above >= below, above, -below)
    apart = np.maximum(above, below)
    value: dict[str, str | None] = {}
    detail = {}
    for k, axis in enumerate(("RL", "AP", "SI")):
        margin = abs(float(offset[k])) if by == "centroid" else float(apart[k])
        towards = float(offset[k]) if by == "centroid" else float(gap[k])
        value[axis] = WORDS[axis][int(towards > 0)] if margin >= minimum_mm else None
        detail[axis] = {"margin_mm": margin, "offset_mm": float(offset[k]), "box_gap_mm": float(apart[k])}
    flags = flags_of(geometry, a, b) + (
        ("undecidable",) if all(word is None for word in value.values()) else ()
    )
    ends = [numbers(survey.centroids_ras_mm[row_b]), numbers(survey.centroids_ras_mm[row_a])]
    return Measurement(
        "direction", dict(value), "", None, f"{by}, at least {minimum_mm:g} mm apart", (a, b), flags,
        {**detail, "points_ras_mm": ends, "by": by, "minimum_mm": minimum_mm},
    )  # fmt: skip
