"""The part of a scan worth showing: the body, or the labels where there is no scan, instead of the air around them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case import Structure
from napari_spatialmed.case.window import percentiles

if TYPE_CHECKING:
    from napari_spatialmed.geometry.case_geometry import CaseGeometry

Box = tuple[slice, slice, slice]

MARGIN_MM = 8.0
AIR_HU = -300.0
"""In a CT, what is denser is the body (or the table it lies on)."""
_STEPS = 96
"""The body's edge is looked for on at most this many voxels a side."""


def box_of_structures(geometry: CaseGeometry, structures: Iterable[Structure]) -> Box:
    """The smallest index box that holds these structures, with a margin; the whole map without any."""
    survey = geometry.survey
    rows = [survey.row(s.label) for s in structures if s.label in survey.labels]
    shape = np.asarray(geometry.labels.shape)
    if not rows:
        return _box(np.zeros(3, np.int64), shape - 1, geometry)
    return _box(survey.index_min[rows].min(axis=0), survey.index_max[rows].max(axis=0), geometry)


def box_of_body(geometry: CaseGeometry, asked: Iterable[Structure]) -> Box:
    """The smallest index box that holds the body and everything asked about, with a margin."""
    case = geometry.case
    if case.image is None:
        return box_of_structures(geometry, case.structures)
    steps = [max(1, n // _STEPS) for n in case.image.shape]
    sample = case.image[tuple(slice(None, None, s) for s in steps)]
    if case.modality == "CT":
        threshold = AIR_HU
    else:
        low, high = percentiles(case.image, 1.0, 99.5)
        threshold = low + 0.02 * (high - low)
    inside = sample > threshold
    found = [np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    shape = np.asarray(case.image.shape)
    if any(hits.size == 0 for hits in found):
        return _box(np.zeros(3, np.int64), shape - 1, geometry)
    low_index = np.array([hits[0] * s - s for hits, s in zip(found, steps, strict=True)])
    high_index = np.array([hits[-1] * s + s for hits, s in zip(found, steps, strict=True)])
    survey = geometry.survey
    rows = [survey.row(s.label) for s in asked]
    if rows:
        low_index = np.minimum(low_index, survey.index_min[rows].min(axis=0))
        high_index = np.maximum(high_index, survey.index_max[rows].max(axis=0))
    return _box(low_index, high_index, geometry)


def _box(low: NDArray[np.int64], high: NDArray[np.int64], geometry: CaseGeometry) -> Box:
    margin = np.ceil(MARGIN_MM / geometry.spacing).astype(int)
    start = np.maximum(np.asarray(low, int) - margin, 0)
    stop = np.minimum(np.asarray(high, int) + 1 + margin, geometry.labels.shape)
    a, b, c = (slice(int(x), int(y)) for x, y in zip(start, stop, strict=True))
    return a, b, c
