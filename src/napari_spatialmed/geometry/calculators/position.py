"""Where a structure lies in the patient."""

from __future__ import annotations

from napari_spatialmed.geometry.calculators.reading import (
    along_axes,
    centroid_uncertainty_mm,
    flags_of,
    numbers,
)
from napari_spatialmed.geometry.case_geometry import CaseGeometry
from napari_spatialmed.geometry.measurement import Measurement
from napari_spatialmed.geometry.registry import calculator


@calculator(
    "centroid_ras_mm", scope="structure", unit="mm", title="Centroid",
    description="Mean position of the structure's voxel centres: millimetres to the patient's right-left (R+), anterior-posterior (A+) and superior-inferior (S+) axes.",
    reference="mean of voxel centres through the affine",
)  # fmt: skip
def centroid_ras_mm(geometry: CaseGeometry, name: str) -> Measurement:
    """Mean of voxel centres in RAS mm."""
    row = geometry.row(name)
    value = numbers(geometry.survey.centroids_ras_mm[row])
    return Measurement(
        "centroid_ras_mm", value, "mm", centroid_uncertainty_mm(geometry, name), "mean of voxel centres", (name,),
        flags_of(geometry, name), {"points_ras_mm": [value]},
    )  # fmt: skip


@calculator(
    "box_mm", scope="structure", unit="mm", title="Bounding box",
    description="Smallest box along the patient's axes that holds the structure's voxels: its least and greatest R, A and S coordinate in mm.",
    reference="voxel centres projected on R, A, S, half a voxel's projected width added at both ends",
)  # fmt: skip
def box_mm(geometry: CaseGeometry, name: str) -> Measurement:
    """Box along the patient's axes, voxels' full width included."""
    row = geometry.row(name)
    half = geometry.survey.voxel_width_mm / 2.0
    low, high = geometry.survey.reach[row, 0] - half, geometry.survey.reach[row, 1] + half
    return Measurement(
        "box_mm", {"min": numbers(low), "max": numbers(high)}, "mm", float(2 * half.max()), "box of projected voxels", (name,),
        flags_of(geometry, name), {"uncertainty": along_axes(2 * half)},
    )  # fmt: skip


@calculator(
    "extent_mm", scope="structure", unit="mm", title="Extent",
    description="Length of the structure's bounding box along the patient's right-left (RL), anterior-posterior (AP) and superior-inferior (SI) axes in mm.",
    reference="span of projected voxel centres + one voxel's projected width; (max − min + 1) · spacing on axis-aligned grids",
)  # fmt: skip
def extent_mm(geometry: CaseGeometry, name: str) -> Measurement:
    """Extents along the patient's axes; one voxel's projected width is the uncertainty."""
    row = geometry.row(name)
    width = geometry.survey.voxel_width_mm
    half = width / 2.0
    return Measurement(
        "extent_mm", along_axes(geometry.survey.extents_mm[row]), "mm", float(width.max()), "span of projected voxels", (name,),
        flags_of(geometry, name),
        {
            "uncertainty": along_axes(width),
            "box_ras_mm": {
                "min": numbers(geometry.survey.reach[row, 0] - half),
                "max": numbers(geometry.survey.reach[row, 1] + half),
            },
        },
    )  # fmt: skip


@calculator(
    "touches_border", scope="structure", unit="", title="Touches the border",
    description="Whether the structure reaches the edge of the scanned volume, so that part of it may be missing.",
    reference="a voxel in the outermost layer of the map",
)  # fmt: skip
def touches_border(geometry: CaseGeometry, name: str) -> Measurement:
    """Whether the structure is cut by the field of view."""
    row = geometry.row(name)
    survey = geometry.survey
    low = [int(k) for k in range(3) if survey.index_min[row, k] == 0]
    high = [int(k) for k in range(3) if survey.index_max[row, k] == survey.shape[k] - 1]
    return Measurement(
        "touches_border", bool(survey.touches_border[row]), "", None, "voxel in the outermost layer", (name,),
        flags_of(geometry, name), {"array_axes_low": low, "array_axes_high": high},
    )  # fmt: skip
