"""How far two surfaces are apart at worst: Hausdorff distance and its 95th percentile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_spatialmed.geometry.bricks import Bricks


@dataclass(frozen=True, slots=True)
class Worst:
    """Hausdorff distances between boundary voxel centres.

    `ends` are positions of the farthest point and its nearest, in (a, b); `directed95` are both 95th percentiles.
    """

    hausdorff: float
    hausdorff95: float
    ends: tuple[int, int]
    directed95: tuple[float, float]


def hausdorff(a: Bricks, b: Bricks) -> Worst:
    """Both directed distances between two structures' boundary voxels, exact."""
    distances_a, nearest_b = _tree(b.points).query(a.points)
    distances_b, nearest_a = _tree(a.points).query(b.points)
    worst_a, worst_b = int(distances_a.argmax()), int(distances_b.argmax())
    ends = (
        (worst_a, int(nearest_b[worst_a]))
        if distances_a[worst_a] >= distances_b[worst_b]
        else (int(nearest_a[worst_b]), worst_b)
    )
    percentiles = (float(np.percentile(distances_a, 95)), float(np.percentile(distances_b, 95)))
    return Worst(float(max(distances_a[worst_a], distances_b[worst_b])), max(percentiles), ends, percentiles)


def _tree(points: NDArray[np.float64]) -> cKDTree:
    # Points come sorted by bricks, so an unbalanced tree is as good and quicker to build.
    return cKDTree(points, leafsize=24, compact_nodes=False, balanced_tree=False)
