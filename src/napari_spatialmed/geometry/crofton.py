"""Surface area by Crofton's formula: how often straight lines through a body cross its surface.

Lines along the 13 directions to a voxel's neighbours are counted, each direction for the part of the sphere that lies
nearest to it.  Steps of voxels don't count twice as they do in a mesh, so the area comes close to a smooth body's.  All
crossings lie within cells of 2×2×2 voxels: a structure's histogram of patterns times a table, as for the mesh.

G. Lehmann, D. Legland: Efficient N-dimensional surface estimation using Crofton formula and run-length encoding, Insight
Journal 2012, with the weights of the directions from the true voxel size (Voronoi cells on the sphere).
"""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import SphericalVoronoi

from napari_spatialmed.geometry.mesh import CORNERS

STEPS = np.array([step for step in itertools.product((-1, 0, 1), repeat=3) if any(step)])
"""From a voxel to its neighbours; shape (26, 3)."""


@lru_cache(maxsize=16)
def _crossing_mm2(axes: tuple[float, ...]) -> NDArray[np.float64]:
    """What one crossing between a voxel and its neighbour adds to the area, for each of `STEPS`; shape (26,)."""
    turn = np.array(axes).reshape(3, 3)
    steps = STEPS @ turn.T
    lengths = np.linalg.norm(steps, axis=1)
    share = SphericalVoronoi(steps / lengths[:, None]).calculate_areas() / (4.0 * np.pi)
    # A line along a step stands for |det| / length of area across it; a direction holds a step and its opposite.
    return np.asarray(4.0 * share * abs(np.linalg.det(turn)) / lengths)


@lru_cache(maxsize=16)
def _table(axes: tuple[float, ...]) -> NDArray[np.float64]:
    """Area in mm² for each pattern of `CORNERS`; shape (256,)."""
    table = np.zeros(256)
    patterns = np.arange(256)
    for (a, corner), (b, other) in itertools.combinations(enumerate(CORNERS), 2):
        step = np.subtract(other, corner)
        weight = float(_crossing_mm2(axes)[(step == STEPS).all(axis=1)][0])
        # A pair along an edge lies in four cells, along a face's diagonal in two, along the cell's own in one.
        cells = 2 ** np.count_nonzero(step == 0)
        table[(patterns >> a & 1) != (patterns >> b & 1)] += weight / cells
    return table


def _key(affine: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(np.round(np.asarray(affine, np.float64)[:3, :3], 12).ravel().tolist())


def crofton_area(histogram: NDArray[np.int64], affine: NDArray[np.float64]) -> float:
    """Area in mm² from a structure's histogram of patterns.

    Parameters
    ----------
    histogram
        As from `pattern_histograms`, shape (256,).
    affine
        4×4, array index → mm; may be oblique or sheared.
    """
    return float(histogram @ _table(_key(affine)))


def one_voxel_mm2(affine: NDArray[np.float64]) -> float:
    """How much a voxel set on a flat face adds to the area: its crossings sideways, the most of the three axes."""
    crossing = _crossing_mm2(_key(affine))
    return float(max(crossing[STEPS[:, axis] == 0].sum() for axis in range(3)))
