"""Whether a structure is one piece."""

from __future__ import annotations

from typing import Literal

from napari_spatialmed.geometry.calculators.reading import flags_of, numbers
from napari_spatialmed.geometry.case_geometry import CaseGeometry
from napari_spatialmed.geometry.measurement import Measurement
from napari_spatialmed.geometry.registry import calculator

SPECK_SHARE = 0.01
"""A piece below this share of its structure is a speck (rule U3)."""


@calculator(
    "components", scope="structure", unit="count", title="Pieces",
    description="Number of connected pieces of the structure, with the size and place of each.",
    reference="connected components, 26-neighbourhood",
)  # fmt: skip
def components(geometry: CaseGeometry, name: str, *, connectivity: Literal[6, 18, 26] = 26) -> Measurement:
    """Connected pieces, largest first in the detail."""
    found = geometry.pieces(name, connectivity)
    total = int(found.sizes.sum())
    listed = [
        {
            "voxels": int(size),
            "volume_ml": float(size * geometry.survey.voxel_ml),
            "centroid_ras_mm": numbers(geometry.to_ras(centroid)),
            "speck": bool(size < SPECK_SHARE * total),
        }
        for size, centroid in zip(found.sizes, found.centroids, strict=True)
    ]
    specks = sum(piece["speck"] is True for piece in listed)
    flags = flags_of(geometry, name) + (("in pieces",) if len(listed) - specks > 1 else ())
    return Measurement(
        "components", len(listed), "count", 1.0, f"connected pieces, {connectivity}-neighbourhood", (name,), flags,
        {"pieces": listed, "specks": specks},
    )  # fmt: skip
