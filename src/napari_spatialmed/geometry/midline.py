"""Where the body's left and right halves meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_spatialmed.geometry.case_geometry import CaseGeometry

BODY_HU = -300.0
"""Denser than this is body, not air (CT)."""


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


def midline(geometry: CaseGeometry) -> Midline:
    """The midline from the body's outline, else from vertebrae, paired organs, or the box of all labels."""
    for attempt in (_from_body, _from_vertebrae, _from_pairs):
        found = attempt(geometry)
        if found is not None:
            return found
    reach = geometry.survey.reach[:, :, 0]
    low, high = float(reach[:, 0].min()), float(reach[:, 1].max())
    return Midline((low + high) / 2.0, max(10.0, (high - low) * 0.05), "middle of the box of all labels")


def _from_body(geometry: CaseGeometry) -> Midline | None:
    """Median over slices of the outline's middle; only where the outline isn't cut at the sides."""
    image = geometry.case.image
    if image is None or geometry.case.modality != "CT":
        return None
    across = int(np.abs(geometry.affine[0, :3] / geometry.spacing).argmax())
    vertical = int(np.abs(geometry.affine[2, :3] / geometry.spacing).argmax())
    if across == vertical:
        return None
    slices = np.unique(np.linspace(0, image.shape[vertical] - 1, 40).astype(int))
    depth = 3 - across - vertical
    middles = []
    for k in slices:
        body = np.take(image, k, axis=vertical) > BODY_HU
        # Rows of enough body: tables and wires are thin.
        columns = np.flatnonzero(body.sum(axis=1 if across < depth else 0) * geometry.spacing[depth] > 30.0)
        if columns.size and columns[0] > 0 and columns[-1] < image.shape[across] - 1:
            at = np.array(image.shape, np.float64) / 2.0
            at[across], at[vertical] = (columns[0] + columns[-1]) / 2.0, k
            middles.append(float(geometry.to_ras(at)[0]))
    if len(middles) * 2 < len(slices):
        return None
    return Midline(float(np.median(middles)), 5.0, "middle of the body's outline in the scan")


def _from_vertebrae(geometry: CaseGeometry) -> Midline | None:
    centres = _centres(geometry, lambda s: s.concept.startswith(("vertebra", "sacrum", "spinal_cord")))
    if len(centres) == 0:
        return None
    return Midline(float(np.median(centres[:, 0])), 5.0, "centre of the spine's labels")


def _from_pairs(geometry: CaseGeometry) -> Midline | None:
    sides: dict[str, dict[str, float]] = {}
    for structure in geometry.case.structures:
        if structure.side and structure.label in geometry.survey:
            row = geometry.survey.row(structure.label)
            sides.setdefault(structure.concept, {})[structure.side] = float(
                geometry.survey.centroids_ras_mm[row, 0]
            )
    middles = [(pair["left"] + pair["right"]) / 2.0 for pair in sides.values() if len(pair) == 2]
    return Midline(float(np.median(middles)), 8.0, "middle between paired structures") if middles else None


def _centres(geometry: CaseGeometry, wanted: Any) -> NDArray[np.float64]:
    rows = [
        geometry.survey.row(s.label)
        for s in geometry.case.structures
        if wanted(s) and s.label in geometry.survey
    ]
    return np.asarray(geometry.survey.centroids_ras_mm[rows])
