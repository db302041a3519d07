"""Where the scanned field begins and ends along the patient's axes: what positions "in the scan" are measured from."""

from __future__ import annotations

import numpy as np

from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions.form import UndecidableError
from napari_spatialmed.questions.naming import AXES, AXIS_WORDS

MOST_TILT = 0.05
"""A field tilted by more than this share of its length has no clear end along the axis; ours."""


def field_ends(geometry: CaseGeometry, axis: str) -> tuple[float, float]:
    """Least and greatest patient coordinate of the scanned field along an axis, in RAS mm, outer voxel edges.

    Raises
    ------
    UndecidableError
        U6 if the grid is so oblique that its end is no plane of the patient.
    """
    row = list(AXES).index(axis)
    shape = np.array(geometry.labels.shape, np.float64)
    spans = np.abs(geometry.affine[row, :3]) * shape
    if spans.sum() - spans.max() > MOST_TILT * spans.max():
        raise UndecidableError(
            "U6", f"The scan is tilted against the {AXIS_WORDS[axis]} axis: its end is no clear level."
        )
    centre = geometry.affine[row, :3] @ ((shape - 1.0) / 2.0) + geometry.affine[row, 3]
    half = float(spans.sum()) / 2.0
    return float(centre) - half, float(centre) + half
