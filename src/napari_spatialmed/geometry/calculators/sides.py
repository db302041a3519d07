"""On which side of the body a structure lies."""

from __future__ import annotations

import numpy as np

from napari_spatialmed.geometry.calculators.reading import centroid_uncertainty_mm, flags_of
from napari_spatialmed.geometry.case_geometry import CaseGeometry
from napari_spatialmed.geometry.measurement import Measurement
from napari_spatialmed.geometry.midline import midline
from napari_spatialmed.geometry.registry import calculator


@calculator(
    "laterality", scope="structure", unit="", title="Side",
    description="Whether the structure lies to the patient's right or left of the body's midline, or in the midline; null where neither the body's outline, the spine nor a pair tells where that is.",
    reference="centroid against the midline of the body's outline, the spine, or paired structures",
)  # fmt: skip
def laterality(geometry: CaseGeometry, name: str) -> Measurement:
    """Side of the centroid; `midline` where it is nearer to the midline than that is known."""
    row = geometry.row(name)
    flags = flags_of(geometry, name)
    middle = geometry.made_of_case("midline", lambda: midline(geometry))
    if middle is None:
        return Measurement(
            "laterality", None, "", None, "no whole outline of trunk or head, no spine and no pair to find the midline by", (name,),
            (*flags, "undecidable"),
        )  # fmt: skip
    offset = float(geometry.survey.centroids_ras_mm[row, 0]) - middle.r_mm
    uncertainty = middle.uncertainty_mm + centroid_uncertainty_mm(geometry, name)
    value = "midline" if abs(offset) < uncertainty else "right" if offset > 0 else "left"
    low, high = geometry.survey.reach[row, :, 0] - middle.r_mm
    across = bool(np.sign(low) != np.sign(high))
    return Measurement(
        "laterality", value, "", None, middle.method, (name,), flags,
        {"offset_mm": offset, "midline_r_mm": middle.r_mm, "midline_uncertainty_mm": middle.uncertainty_mm, "crosses_midline": across},
    )  # fmt: skip
