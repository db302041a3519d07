"""Smooth surfaces of structures for the 3D view, built once each from a crop of the label map.

They are for looking at: volumes and areas come from the geometry floor, never from here.  All structures of a case
share one budget of faces, since every face costs time in every frame; a large organ gets larger cells than a small
one, though less than in proportion.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from skimage.measure import marching_cubes

FACES_OF_ALL_SURFACES = 180_000
"""About what software OpenGL turns in a seventh of a second; thin parts add some to them."""
CELLS_PER_SURFACE = 150_000
"""Of one structure's grid: marching cubes holds Python's lock, so one call must stay short."""
SMOOTHING_CELLS = 0.7
SMOOTHING_VOXELS = 1.1
"""Where a cell is one voxel there is no mean of several that would smooth its steps."""
_MARGIN = 3
_FACES_PER_CELL_OF_BOX = 1.1
"""Measured on organs: faces of a surface for each cell-sized patch of its box's six sides."""

Surface = tuple[NDArray[np.float32], NDArray[np.int32]]
"""Vertices (N, 3) in display world mm, faces (M, 3)."""


def cell_sizes(
    boxes_mm: NDArray[np.float64], spacing: ArrayLike, *, faces: int | None = FACES_OF_ALL_SURFACES
) -> NDArray[np.float64]:
    """Edge in mm of the cells that each structure's surface is built on, so that all together have about `faces`.

    Parameters
    ----------
    boxes_mm
        Sides of the structures' boxes, shape (n, 3).
    spacing
        mm per voxel of each axis: no cell is smaller.
    faces
        The budget; None for cells as fine as they can be in a single call of marching cubes.

    Returns
    -------
    ndarray
        Shape (n,).
    """
    boxes = np.maximum(np.asarray(boxes_mm, np.float64), np.asarray(spacing, np.float64))
    if not len(boxes):
        return np.zeros(0)
    area = 2 * (boxes * np.roll(boxes, 1, axis=1)).sum(axis=1)
    size = np.linalg.norm(boxes, axis=1)
    finest = float(np.min(np.asarray(spacing, np.float64)))
    least = np.maximum(np.cbrt(boxes.prod(axis=1) / CELLS_PER_SURFACE), finest)
    if faces is None:
        return np.asarray(least)
    # A cell's edge grows with the root of the structure's size.  Cells that can't be finer leave faces to the others.
    sizes = least
    factor = np.sqrt(_FACES_PER_CELL_OF_BOX * (area / size).sum() / faces)
    for _ in range(8):
        sizes = np.maximum(factor * np.sqrt(size), least)
        factor *= np.sqrt(_FACES_PER_CELL_OF_BOX * (area / sizes**2).sum() / faces)
    return np.asarray(sizes)


def structure_surface(
    labels: NDArray[Any],
    label: int,
    box: tuple[slice, ...],
    spacing: ArrayLike,
    *,
    cell_mm: float = 0.0,
) -> Surface | None:
    """A smooth closed surface of one structure.

    Parameters
    ----------
    labels
        Shape (I, P, L).
    box
        Index box that holds the structure.
    spacing
        mm per voxel of each axis.
    cell_mm
        Edge of the cells that the surface is built on; voxels are never split.

    Returns
    -------
    Surface or None
        None if nothing of the label is in the box.
    """
    mm = np.asarray(spacing, np.float64)
    share, starts, stride = _shares(labels, label, box, np.maximum(1, np.rint(cell_mm / mm)).astype(int))
    # Along coarser axes a cell is already smooth.
    edge = mm * stride
    smoothing = np.where(stride == 1, SMOOTHING_VOXELS, SMOOTHING_CELLS)
    field = ndimage.gaussian_filter(share, smoothing * np.sqrt(edge.min() / edge), truncate=2.5)
    # A thing thinner than a cell fills no cell by half; it is drawn all the same.
    level = min(0.5, 0.5 * float(field.max()))
    if level <= 0:
        return None
    _keep_thin_parts(field, share, level)
    vertices, faces, _, _ = marching_cubes(field, level, allow_degenerate=False)
    index = vertices * stride + (stride - 1) / 2 + starts
    return (index * mm).astype(np.float32), faces.astype(np.int32)


def _keep_thin_parts(field: NDArray[np.float32], share: NDArray[np.float32], level: float) -> None:
    """Raise the field, in place, where smoothing took a whole part away: a thin plate, a vessel, a piece of one voxel.

    Not where it only rounds corners off: there the surface is at most a cell away.
    """
    kept = (field >= level).ravel()
    cells = np.flatnonzero((share.ravel() > 0) & ~kept)
    steps = np.array([share.shape[1] * share.shape[2], share.shape[2], 1])
    around = (np.indices((3, 3, 3)).reshape(3, -1).T - 1) @ steps
    # The margin of empty cells has room for all neighbours.
    lost = cells[~kept[cells[:, None] + around].any(axis=1)]
    if not len(lost):
        return
    corners = np.array(np.unravel_index(lost, share.shape))
    corner, stop = corners.min(axis=1), corners.max(axis=1)
    part = tuple(slice(int(a) - 2, int(b) + 3) for a, b in zip(corner, stop, strict=True))
    thin = np.zeros(share.shape, bool)
    thin.ravel()[lost] = True
    beside = ndimage.maximum_filter(thin[part], 5)
    peak = ndimage.maximum_filter(field[part] * thin[part], 5)
    # To the height that a structure which is thin everywhere has over its own, lower level.
    raised = np.minimum(field[part] * (2 * level / np.maximum(peak, np.finfo(np.float32).tiny)), 1)
    np.copyto(field[part], np.maximum(field[part], raised), where=beside)


def _shares(
    labels: NDArray[Any], label: int, box: tuple[slice, ...], stride: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """How much of each cell is the structure, 0–1; where the first cell begins, in voxels; voxels per cell.

    A margin of empty cells closes the surface where the structure ends at the border of the scan.
    """
    begins = np.array([s.start for s in box])
    sides = np.array([s.stop for s in box]) - begins
    cells = -(-sides // stride) + 2 * _MARGIN
    voxels = np.zeros(cells * stride, bool)
    inner = tuple(slice(int(m), int(m + n)) for m, n in zip(_MARGIN * stride, sides, strict=True))
    np.equal(labels[box], label, out=voxels[inner])
    i, p, q = (int(n) for n in cells)
    di, dp, dq = (int(n) for n in stride)
    # Axis by axis, the outermost first: whole rows are added at once, and what is left to add shrinks.
    sums = voxels.view(np.uint8).reshape(i, di, -1).sum(axis=1, dtype=np.uint16)
    sums = sums.reshape(i, p, dp, -1).sum(axis=2, dtype=np.uint32)
    shares = sums.reshape(i, p, q, dq).sum(axis=3, dtype=np.float32) / np.float32(di * dp * dq)
    return shares, begins - _MARGIN * stride, stride
