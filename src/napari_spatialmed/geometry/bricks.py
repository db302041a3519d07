"""Boundary voxels in bricks of about 8 mm, and the smallest distance between two structures by branch and bound.

Boxes of bricks bound the distance of what is in them from below, and so does the distance of what is in them along any
one direction.  Both rule out nearly all pairs of bricks once a good pair of points is known.  Exact, and hundreds of
times faster than a distance transform.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

BRICK_MM = 8.0
GROUP = 4
"""Bricks along a side of a group: the coarse level of the search."""
FEW_BRICKS = 8
"""Pairs of bricks compared point by point before what is left of all others is compared at once."""
MANY_GROUPS = 400
"""Up to so many pairs of groups their bricks are compared in one table, above, one group at a time."""
MANY_POINTS = 60_000
"""Up to so many pairs of points are compared one by one, above, by a tree."""
Found = tuple[float, int, int]
"""Squared distance, and positions of its ends in the two structures."""


@dataclass(frozen=True, slots=True)
class Boxes:
    """Axis-aligned boxes around consecutive stretches of a sorted list; `starts` has one more entry than boxes."""

    starts: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bricks:
    """A structure's boundary voxels, sorted into bricks, and bricks into groups.

    Attributes
    ----------
    index
        Array indices of the boundary voxels; shape (n, 3).
    points
        The same in mm, in a frame where distances are true (rotated against the patient's); shape (n, 3).
    fine, coarse
        Boxes around the points of a brick, and around the bricks of a group.
    """

    index: NDArray[np.int32]
    points: NDArray[np.float64]
    fine: Boxes
    coarse: Boxes


def metric_frame(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Upper triangular matrix that takes index differences to mm, up to a rotation of space; shape (3, 3).

    Without shear it is diagonal, so boxes of bricks are as tight as on the array's own grid.
    """
    frame = np.array(np.linalg.qr(np.asarray(affine, np.float64)[:3, :3]).R)
    # Off-diagonal rounding noise would make equal distances differ in the last digit.
    frame[np.abs(frame) < 1e-9 * np.abs(frame).max()] = 0.0
    return np.asarray(frame)


def make_bricks(index: NDArray[np.int32], frame: NDArray[np.float64]) -> Bricks:
    """Sort boundary voxels into bricks.

    Parameters
    ----------
    index
        Array indices, shape (n, 3), n ≥ 1.
    frame
        As from `metric_frame`.
    """
    spacing = np.linalg.norm(frame, axis=0)
    side = np.maximum(1, np.rint(BRICK_MM / spacing)).astype(np.int32)
    # Axis by axis: three columns at a time are slow to reduce.
    key, inner = np.zeros(len(index), np.int64), np.zeros(len(index), np.int64)
    for axis in range(3):
        brick = index[:, axis] // side[axis]
        brick -= brick.min()
        group = brick // GROUP
        key *= int(group.max()) + 1
        key += group
        inner *= GROUP
        inner += brick % GROUP
    key *= GROUP**3
    key += inner
    order = np.argsort(key, kind="stable")
    key = key[order]
    index = index[order]
    points = index @ frame.T
    starts = _starts(key)
    fine = Boxes(starts, np.minimum.reduceat(points, starts[:-1]), np.maximum.reduceat(points, starts[:-1]))
    above = _starts(key[starts[:-1]] // GROUP**3)
    coarse = Boxes(
        above, np.minimum.reduceat(fine.low, above[:-1]), np.maximum.reduceat(fine.high, above[:-1])
    )
    return Bricks(index, points, fine, coarse)


def _starts(key: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.flatnonzero(key[1:] != key[:-1]) + 1, [key.size]])


def _gap2(
    low_a: NDArray[np.float64],
    high_a: NDArray[np.float64],
    low_b: NDArray[np.float64],
    high_b: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Squared distances between boxes, every one of a against every one of b; shape (a, b)."""
    total = np.zeros((len(low_a), len(low_b)))
    for axis in range(3):
        gap = np.subtract.outer(low_a[:, axis], high_b[:, axis])
        np.maximum(gap, np.subtract.outer(-high_a[:, axis], -low_b[:, axis]), out=gap)
        np.maximum(gap, 0.0, out=gap)
        gap *= gap
        total += gap
    return total


def members(boxes: Boxes, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions one level down of the chosen boxes' members."""
    starts, stops = boxes.starts[chosen], boxes.starts[chosen + 1]
    lengths = stops - starts
    ends = np.cumsum(lengths)
    return np.repeat(starts - ends + lengths, lengths) + np.arange(int(ends[-1]) if ends.size else 0)


def smallest_distance(a: Bricks, b: Bricks, least: float = 0.0) -> tuple[float, int, int]:
    """Smallest distance between two structures' boundary voxel centres.

    Parameters
    ----------
    a, b
        Bricks in the same frame.
    least
        No two voxels can be nearer than this (the smallest voxel step): reaching it ends the search.

    Returns
    -------
    distance in mm, position of the point in `a`, position of the point in `b`
    """
    stop = least * least * (1.0 + 1e-12)
    coarse = _gap2(a.coarse.low, a.coarse.high, b.coarse.low, b.coarse.high)
    # The nearest bricks of the nearest groups first: they nearly always hold the answer, and bound all others.
    group_a, group_b = divmod(int(coarse.argmin()), coarse.shape[1])
    fine_a, fine_b = members(a.coarse, np.array([group_a])), members(b.coarse, np.array([group_b]))
    fine = _gap2(a.fine.low[fine_a], a.fine.high[fine_a], b.fine.low[fine_b], b.fine.high[fine_b])
    at_a, at_b = divmod(int(fine.argmin()), fine.shape[1])
    found = _nearer((np.inf, 0, 0), a, b, int(fine_a[at_a]), int(fine_b[at_b]))
    near = coarse < found[0]
    if found[0] > stop and near.any():
        groups_a, groups_b = _facing(
            found,
            a,
            b,
            a.coarse,
            b.coarse,
            np.flatnonzero(near.any(axis=1)),
            np.flatnonzero(near.any(axis=0)),
        )
        if groups_a.size * groups_b.size <= MANY_GROUPS:
            found = _in_groups(found, a, b, groups_a, groups_b, stop)
        else:
            for group in groups_a[np.argsort(coarse[groups_a].min(axis=1))]:
                beside = groups_b[coarse[group, groups_b] < found[0]]
                found = _in_groups(found, a, b, np.array([group]), beside, stop)
    return float(np.sqrt(found[0])), found[1], found[2]


def _facing(
    found: Found,
    a: Bricks,
    b: Bricks,
    boxes_a: Boxes,
    boxes_b: Boxes,
    of_a: NDArray[np.int64],
    of_b: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Boxes of either side that can hold an end of a distance smaller than `found`.

    Two points are at least as far apart as they are along the line between the points found.
    """
    distance, along = _line(found, a, b)
    ahead, behind = np.maximum(along, 0.0), np.minimum(along, 0.0)
    front_a = boxes_a.high[of_a] @ ahead + boxes_a.low[of_a] @ behind
    front_b = boxes_b.low[of_b] @ ahead + boxes_b.high[of_b] @ behind
    return _across(front_a, front_b, distance, of_a, of_b)


def _line(found: Found, a: Bricks, b: Bricks) -> tuple[float, NDArray[np.float64]]:
    """The distance found, widened by its rounding, and the unit vector from its end in `a` to its end in `b`."""
    distance = float(np.sqrt(found[0]))
    step = b.points[found[2]] - a.points[found[1]]
    return distance * (1.0 + 1e-9), step / distance


def _across(
    front_a: NDArray[np.float64],
    front_b: NDArray[np.float64],
    distance: float,
    of_a: NDArray[np.int64],
    of_b: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Members of two sides, given how far forward they reach, that are nearer than `distance` to the other side's."""
    if not (of_a.size and of_b.size):
        return of_a[:0], of_b[:0]
    return of_a[front_a > front_b.min() - distance], of_b[front_b < front_a.max() + distance]


def _in_groups(
    found: Found, a: Bricks, b: Bricks, groups_a: NDArray[np.int64], groups_b: NDArray[np.int64], stop: float
) -> Found:
    """The smallest distance between bricks of some groups, if smaller than `found`."""
    if found[0] <= stop:
        return found
    fa, fb = _facing(found, a, b, a.fine, b.fine, members(a.coarse, groups_a), members(b.coarse, groups_b))
    fine = _gap2(a.fine.low[fa], a.fine.high[fa], b.fine.low[fb], b.fine.high[fb])
    ra, rb = np.nonzero(fine < found[0])
    bounds = fine[ra, rb]
    first = (
        np.argpartition(bounds, FEW_BRICKS)[:FEW_BRICKS]
        if bounds.size > FEW_BRICKS
        else np.arange(bounds.size)
    )
    for k in first[np.argsort(bounds[first])]:
        if bounds[k] >= found[0]:
            break
        found = _nearer(found, a, b, int(fa[ra[k]]), int(fb[rb[k]]))
    if found[0] <= stop or bounds.size == first.size:
        return found
    bounds[first] = np.inf
    left = np.flatnonzero(bounds < found[0])
    return _among_points(
        found, a, b, members(a.fine, _picked(fa, ra[left])), members(b.fine, _picked(fb, rb[left]))
    )


def _picked(values: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Values at the given places, each once and in order."""
    chosen = np.zeros(values.size, bool)
    chosen[at] = True
    return values[chosen]


def _nearer(found: Found, a: Bricks, b: Bricks, ka: int, kb: int) -> Found:
    """The nearest pair of points of two bricks, if nearer than what was found."""
    start_a, start_b = int(a.fine.starts[ka]), int(b.fine.starts[kb])
    distances = cdist(
        a.points[start_a : a.fine.starts[ka + 1]], b.points[start_b : b.fine.starts[kb + 1]], "sqeuclidean"
    )
    k = int(distances.argmin())
    if distances.flat[k] >= found[0]:
        return found
    return float(distances.flat[k]), start_a + k // distances.shape[1], start_b + k % distances.shape[1]


def _among_points(
    found: Found, a: Bricks, b: Bricks, at_a: NDArray[np.int64], at_b: NDArray[np.int64]
) -> Found:
    """The same for points of many bricks at once."""
    distance, along = _line(found, a, b)
    at_a, at_b = _across(a.points[at_a] @ along, b.points[at_b] @ along, distance, at_a, at_b)
    if not (at_a.size and at_b.size):
        return found
    if at_a.size * at_b.size <= MANY_POINTS:
        table = cdist(a.points[at_a], b.points[at_b], "sqeuclidean")
        k = int(table.argmin())
        i, j = int(at_a[k // table.shape[1]]), int(at_b[k % table.shape[1]])
    else:
        tree = cKDTree(b.points[at_b], balanced_tree=False, compact_nodes=False)
        distances, which = tree.query(a.points[at_a], distance_upper_bound=distance)
        k = int(distances.argmin())
        if np.isinf(distances[k]):
            return found
        i, j = int(at_a[k]), int(at_b[which[k]])
    step = a.points[i] - b.points[j]
    length = float(step @ step)
    return (length, i, j) if length < found[0] else found
