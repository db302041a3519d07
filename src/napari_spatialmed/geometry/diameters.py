"""Longest diameters between voxel centres: in 3D, and RECIST's pair on an axial slice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import cdist

from napari_spatialmed.geometry.bricks import Bricks, members

FEW_POINTS = 1500
"""Up to so many points all pairs are compared; above, only corners of the convex hull."""
MANY_BRICKS = 1500
"""Up to so many bricks each is compared with every other, above, only with the farthest from the middle."""
FEW_ON_SLICE = 200
"""The same on a slice, above which points too near to its middle are left out."""
SAME = 1e-9
"""Squared lengths that differ by less than this part are the same."""
DIRECTIONS = np.array(
    [(r, a, s) for r in (-1, 0, 1) for a in (-1, 0, 1) for s in (-1, 0, 1) if (r, a, s) != (0, 0, 0)]
)
"""Towards a cube's faces, edges and corners; shape (26, 3)."""


@dataclass(frozen=True, slots=True)
class Axial:
    """RECIST diameters: the longest on any slice, and the longest perpendicular to it on the same slice.

    `slice_index` counts along the array axis nearest to superior–inferior; ends are positions in the points given.
    """

    slice_index: int
    long_mm: float
    long_ends: tuple[int, int]
    short_mm: float
    short_ends: tuple[int, int]


def longest_of_bricks(bricks: Bricks) -> tuple[float, int, int]:
    """Largest distance between any two points of a structure, and which two.

    A pair of points that lie far apart rules out all bricks that, by their boxes, are nearer to every other brick than
    that; of the points in what is left the longest distance is sought.
    """
    known, start, end = _far_pair(bricks)
    low, high = bricks.fine.low, bricks.fine.high
    middle = (low.min(axis=0) + high.max(axis=0)) / 2.0
    radius2 = _reach2(bricks, middle)
    needed = max(0.0, np.sqrt(known) - np.sqrt(radius2.max()) - 1e-9)
    kept = np.flatnonzero(radius2 >= needed * needed)
    if kept.size <= MANY_BRICKS:
        span = np.zeros((kept.size, kept.size))
        for axis in range(3):
            side = np.subtract.outer(high[kept, axis], low[kept, axis])
            np.maximum(side, side.T, out=side)
            side *= side
            span += side
        kept = kept[(span > known).any(axis=1)]
    at = members(bricks.fine, kept)
    if at.size:
        length, i, j = longest(bricks.points[at])
        if length * length > known:
            return length, int(at[i]), int(at[j])
    return float(np.sqrt(known)), start, end


def _far_pair(bricks: Bricks) -> tuple[float, int, int]:
    """Squared distance of two points that lie far apart, nearly always as far as any, and which two."""
    support = bricks.fine.high @ np.maximum(DIRECTIONS, 0).T + bricks.fine.low @ np.minimum(DIRECTIONS, 0).T
    at = members(bricks.fine, np.unique(support.argmax(axis=0)))
    ends = at[np.unique((bricks.points[at] @ DIRECTIONS.T).argmax(axis=0))]
    distances = cdist(bricks.points[ends], bricks.points[ends], "sqeuclidean")
    start, end = divmod(int(distances.argmax()), len(ends))
    best = float(distances[start, end]), int(ends[start]), int(ends[end])
    for _ in range(2):
        # From one end to the farthest point seen from it, and back.
        reach = _reach2(bricks, bricks.points[best[2]])
        few = min(8, len(reach)) - 1
        at = members(bricks.fine, np.argpartition(-reach, few)[: few + 1])
        step = bricks.points[at] - bricks.points[best[2]]
        length = np.einsum("ij,ij->i", step, step)
        k = int(length.argmax())
        best = max(best, (float(length[k]), best[2], int(at[k])))
    return best


def _reach2(bricks: Bricks, place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distance of each brick's farthest corner from a place; shape (bricks,)."""
    side = np.maximum(bricks.fine.high - place, place - bricks.fine.low)
    return np.asarray(np.einsum("ij,ij->i", side, side))


def longest(points: NDArray[np.float64]) -> tuple[float, int, int]:
    """Largest distance between any two points, and which two; shape (n, d), n ≥ 1."""
    kept = _candidates(points)
    if len(kept) > FEW_POINTS:
        kept = kept[_hull(points[kept])]
    best, ends = -1.0, (0, 0)
    for start in range(0, len(kept), 512):
        distances = cdist(points[kept[start : start + 512]], points[kept[start:]], "sqeuclidean")
        k = int(distances.argmax())
        if distances.flat[k] > best:
            best = float(distances.flat[k])
            ends = (int(kept[start + k // distances.shape[1]]), int(kept[start + k % distances.shape[1]]))
    return float(np.sqrt(best)), ends[0], ends[1]


def _candidates(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Points that may end the longest diameter.

    Extremes along some directions give a pair that is D apart.  A point nearer to the middle than D − (farthest
    point's distance from the middle) can't reach D.
    """
    centred = points - (points.min(axis=0) + points.max(axis=0)) / 2.0
    radius2 = np.einsum("ij,ij->i", centred, centred)
    rng = np.random.default_rng(0)
    directions = np.vstack([np.eye(points.shape[1]), rng.normal(size=(9, points.shape[1]))])
    along = centred @ directions.T
    extremes = np.unique(np.concatenate([along.argmin(axis=0), along.argmax(axis=0)]))
    known = cdist(points[extremes], points[extremes]).max()
    needed = max(0.0, known - np.sqrt(radius2.max()) - 1e-9)
    return np.flatnonzero(radius2 >= needed * needed)


def _hull(points: NDArray[np.float64]) -> NDArray[np.int64]:
    try:
        return np.asarray(ConvexHull(points).vertices, np.int64)
    except QhullError:
        return np.arange(len(points))


def recist(index: NDArray[np.int32], frame: NDArray[np.float64], affine: NDArray[np.float64]) -> Axial:
    """RECIST 1.1 diameters from boundary voxels.

    Parameters
    ----------
    index
        Boundary voxels' array indices, shape (n, 3).
    frame
        Index differences → mm, as from `metric_frame`.
    """
    vertical = axial_axis(affine)
    plane = [axis for axis in range(3) if axis != vertical]
    order = np.argsort(index[:, vertical], kind="stable")
    level = index[order, vertical]
    points = index.astype(np.float64) @ frame.T
    starts = np.flatnonzero(np.diff(level, prepend=level[0] - 1))
    slices = np.split(order, starts[1:])
    # No diameter of a slice is longer than twice the way from the middle of its box to the farthest point.
    middles = (np.minimum.reduceat(points[order], starts) + np.maximum.reduceat(points[order], starts)) / 2.0
    away = points[order] - np.repeat(middles, [len(one) for one in slices], axis=0)
    radii = np.split(np.linalg.norm(away, axis=1), starts[1:])
    farthest = np.array([radius.max() for radius in radii])
    best, found = 0.0, list[tuple[int, int, int]]()
    for k in np.argsort(-farthest, kind="stable").tolist():
        known = float(np.sqrt(best)) * (1.0 - SAME)
        if 2.0 * farthest[k] < known:
            break
        kept = slices[k][radii[k] >= known - farthest[k]]
        kept = kept[_candidates(points[kept])] if len(kept) > FEW_ON_SLICE else kept
        table = cdist(points[kept], points[kept], "sqeuclidean")
        longest_here = float(table.max())
        if longest_here < best * (1.0 - SAME):
            continue
        if longest_here > best * (1.0 + SAME):
            best, found = longest_here, []
        found += [
            (k, int(kept[i]), int(kept[j])) for i, j in np.argwhere(table >= best * (1.0 - SAME)) if i <= j
        ]
    # Of equally long diameters the one with the longest across it, whatever order the voxels come in.
    pixel = float(np.linalg.norm(frame[:, plane], axis=0).min())
    chosen: tuple[float, int, int] | None = None
    for k, start, end in found:
        rim = slices[k][_rim(index[slices[k]][:, plane])]
        short, c, d = _perpendicular(points[rim], points[end] - points[start], pixel / 2.0)
        if chosen is None or short > chosen[0]:
            chosen, ends = (short, int(rim[c]), int(rim[d])), (start, end)
    assert chosen is not None
    return Axial(int(index[ends[0], vertical]), float(np.sqrt(best)), ends, chosen[0], chosen[1:])


def axial_axis(affine: NDArray[np.float64]) -> int:
    """Array axis nearest to superior–inferior."""
    turn = np.asarray(affine, np.float64)[:3, :3]
    return int(np.abs(turn[2] / np.linalg.norm(turn, axis=0)).argmax())


def _rim(pixels: NDArray[np.int32]) -> NDArray[np.int64]:
    """First and last pixel of every row and column: where the longest chords end."""
    kept = []
    for along, across in ((0, 1), (1, 0)):
        order = np.lexsort((pixels[:, across], pixels[:, along]))
        line = pixels[order, along]
        changes = np.flatnonzero(np.diff(line))
        kept += [order[:1], order[changes], order[changes + 1], order[-1:]]
    return np.unique(np.concatenate(kept))


def _perpendicular(
    points: NDArray[np.float64], along: NDArray[np.float64], tolerance: float
) -> tuple[float, int, int]:
    """Longest chord across `along`: its ends differ by at most `tolerance` mm along it."""
    length = float(np.linalg.norm(along))
    if length == 0.0:
        return 0.0, 0, 0
    unit = along / length
    position = points @ unit
    flat = points - position[:, None] * unit
    best, ends = 0.0, (0, 0)
    for start in range(0, len(points), 512):
        across = cdist(flat[start : start + 512], flat[start:])
        across[np.abs(position[start : start + 512, None] - position[None, start:]) > tolerance] = 0.0
        k = int(across.argmax())
        if across.flat[k] > best:
            best, ends = float(across.flat[k]), (start + k // across.shape[1], start + k % across.shape[1])
    return best, ends[0], ends[1]
