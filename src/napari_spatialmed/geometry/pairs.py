"""What calculators of two structures rest on; each is computed once, and again only if an edit touched one of the two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.geometry.bricks import Bricks, make_bricks, smallest_distance
from napari_spatialmed.geometry.case_geometry import CaseGeometry
from napari_spatialmed.geometry.hausdorff import Worst, hausdorff
from napari_spatialmed.geometry.neighbourhood import contacts_of, rim_of

Ends = tuple[float, NDArray[np.float64], NDArray[np.float64]]
"""A distance in mm, and its two ends in RAS mm; shape (3,) each."""
Faces = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Number of shared faces per array axis, shape (3,), and the voxels on either side, shape (n, 3)."""


def nearest_points(geometry: CaseGeometry, a: str, b: str) -> Ends:
    """Smallest distance of two structures' boundary voxel centres."""
    return geometry.made_of_pair(
        "nearest", a, b, lambda: _nearest(geometry, geometry.bricks(a), geometry.bricks(b))
    )


def worst_distance(geometry: CaseGeometry, a: str, b: str) -> Worst:
    """Hausdorff distances; ends are positions in the two structures' `bricks(name).index`."""
    return geometry.made_of_pair("hausdorff", a, b, lambda: hausdorff(geometry.bricks(a), geometry.bricks(b)))


def to_capsule(geometry: CaseGeometry, lesion: str, organ: str) -> Ends:
    """Smallest distance from a lesion's voxels to a voxel outside lesion and organ."""

    def make() -> Ends:
        members = [geometry.structure(lesion).label, geometry.structure(organ).label]
        (low, high), (other_low, other_high) = geometry.box(lesion), geometry.box(organ)
        rim = rim_of(geometry.labels, members, np.minimum(low, other_low), np.maximum(high, other_high))
        return _nearest(geometry, geometry.bricks(lesion), make_bricks(rim, geometry.frame))

    return geometry.made_of_pair("capsule", lesion, organ, make)


def faces_between(geometry: CaseGeometry, a: str, b: str) -> Faces:
    """Faces that two structures share."""
    first, second = sorted((a, b), key=lambda name: geometry.survey.counts[geometry.row(name)])
    label, other = geometry.structure(first).label, geometry.structure(second).label
    nothing = np.zeros(3, np.int64), np.zeros((0, 3), np.int64)
    if geometry.touching is not None and (min(label, other), max(label, other)) not in geometry.touching:
        return nothing
    found = geometry.made(
        "contacts", first, lambda: contacts_of(geometry.labels, label, geometry.boundary(first))
    )
    return found.get(other, nothing)


def _nearest(geometry: CaseGeometry, first: Bricks, second: Bricks) -> Ends:
    distance, at_first, at_second = smallest_distance(first, second, geometry.least_step_mm)
    return distance, geometry.to_ras(first.index[at_first]), geometry.to_ras(second.index[at_second])
