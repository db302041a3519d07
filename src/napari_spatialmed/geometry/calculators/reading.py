"""What all calculators say in the same way: flags, voxel sizes and coordinates as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.geometry.case_geometry import CaseGeometry

SMALL_VOXELS = 50
SMALL_LESION_VOXELS = 20
"""Below these a structure is too small to ask about (rule U3)."""


def flags_of(geometry: CaseGeometry, *names: str) -> tuple[str, ...]:
    """`truncated` and `small`, if any of the structures is."""
    found = []
    rows = [geometry.row(name) for name in names]
    if any(geometry.survey.touches_border[row] for row in rows):
        found.append("truncated")
    if any(
        geometry.survey.counts[row]
        < (SMALL_LESION_VOXELS if geometry.structure(name).kind == "lesion" else SMALL_VOXELS)
        for row, name in zip(rows, names, strict=True)
    ):
        found.append("small")
    return tuple(found)


def numbers(values: NDArray[Any]) -> list[float]:
    """An array as plain floats for JSON."""
    return [float(v) for v in np.asarray(values).ravel()]


def along_axes(values: NDArray[Any]) -> dict[str, float]:
    """Values along the patient's axes by their names."""
    return {axis: float(v) for axis, v in zip(("RL", "AP", "SI"), values, strict=True)}


def voxel_diagonal_mm(geometry: CaseGeometry) -> float:
    """Length of a voxel's longest space diagonal."""
    corners = geometry.affine[:3, :3] @ np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1]])
    return float(np.linalg.norm(corners, axis=0).max())


def centroid_uncertainty_mm(geometry: CaseGeometry, name: str) -> float:
    """How far one more voxel at a corner of the structure's box moves its centroid."""
    row = geometry.row(name)
    return float(np.linalg.norm(geometry.survey.extents_mm[row]) / 2.0 / (geometry.survey.counts[row] + 1))
