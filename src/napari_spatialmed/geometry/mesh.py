"""Surface area and mesh volume of all structures, without making a mesh.

Marching cubes looks at cells of 2×2×2 voxel centres; what it puts into a cell depends only on which of the eight
corners are inside.  So area and volume are a histogram of the 256 corner patterns times a table.  The table is made
once per grid from scikit-image's classic marching cubes, cell by cell: the sums equal pyradiomics' mesh exactly.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import marching_cubes

from napari_spatialmed.geometry.runs import slabs

CORNERS = tuple((i, p, q) for i in (0, 1) for p in (0, 1) for q in (0, 1))
"""Offsets of a cell's corners; corner k is bit k of a pattern."""
ITK_CORNERS = ((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0))
"""The corners in pyradiomics' order, along (superior, posterior, left)."""


def pattern_histograms(labels: NDArray[Any], known: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each corner pattern occurs around each structure.

    Parameters
    ----------
    labels
        Label map, shape (I, P, L); outside the map nothing is inside a structure, so meshes close at its border.
    known
        The labels to count, ascending; shape (n,).

    Returns
    -------
    Shape (n, 256); patterns 0 and 255 (no surface) are not counted.
    """
    out = np.zeros(len(known) * 256, np.int64)
    shape = tuple(n + 2 for n in labels.shape[1:])
    for start, stop in slabs(labels.shape):
        first = start - 1
        last = stop + (stop == labels.shape[0])
        padded = np.zeros((last - first, *shape), labels.dtype)
        inside = slice(max(first, 0), min(last, labels.shape[0]))
        padded[inside.start - first : inside.stop - first, 1:-1, 1:-1] = labels[inside]
        _count_patterns(padded, known, out)
    return out.reshape(-1, 256)


def _count_patterns(padded: NDArray[Any], known: NDArray[np.int64], out: NDArray[np.int64]) -> None:
    flat = padded.reshape(-1)
    width, area = padded.shape[2], padded.shape[1] * padded.shape[2]
    steps = [i * area + p * width + q for i, p, q in CORNERS]
    size = flat.size - steps[-1]
    # A cell is mixed if an edge of it joins two values.  Cells that run over a row's end see padding there, on both
    # sides, and so never a label twice.
    along = flat[:-1] != flat[1:]
    mixed = flat[:size] != flat[area : area + size]
    mixed |= flat[:size] != flat[width : width + size]
    mixed |= flat[area : area + size] != flat[area + width : area + width + size]
    for step in (0, width, area, area + width):
        mixed |= along[step : step + size]
    cells = np.flatnonzero(mixed)
    corners = [flat[cells + step] for step in steps]
    table = np.full(int(max(flat.max(), known[-1] if len(known) else 0)) + 1, -1, np.int64)
    table[known] = np.arange(len(known))
    for k, corner in enumerate(corners):
        # Each label of a cell is handled once, at its first corner.
        fresh = corner != 0
        for earlier in corners[:k]:
            fresh &= earlier != corner
        at = np.flatnonzero(fresh)
        if not at.size:
            continue
        mine = corner[at]
        pattern = np.full(at.size, 1 << k, np.uint8)
        for j in range(k + 1, 8):
            pattern |= (corners[j][at] == mine).view(np.uint8) << np.uint8(j)
        which = table[mine]
        which <<= 8
        which |= pattern
        np.add(out, np.bincount(which[which >= 0], minlength=out.size), out=out)


@lru_cache(maxsize=1)
def _cells() -> tuple[tuple[NDArray[np.float64], ...], NDArray[np.float64]]:
    """Triangles and enclosed volume of the unit cell for each pattern of `ITK_CORNERS`.

    A cell whose last corner is inside is triangulated as its complement, as pyradiomics does; the two differ only
    where inside corners meet diagonally.
    """
    triangles: list[NDArray[np.float64]] = [np.zeros((0, 3, 3))]
    volumes = np.zeros(256)
    for pattern in range(1, 128):
        cell = np.zeros((2, 2, 2), np.float32)
        for k, corner in enumerate(ITK_CORNERS):
            cell[corner] = pattern >> k & 1
        vertices, faces, _, _ = marching_cubes(cell, 0.5, method="lorensen")
        corners = vertices[faces].astype(np.float64)
        triangles.append(corners)
        outward = np.cross(corners[:, 2] - corners[:, 0], corners[:, 1] - corners[:, 0]) / 2.0
        # Divergence theorem over the triangles and the inside part of the cell's three far faces.
        flux = float((outward * corners.mean(axis=1)).sum())
        volumes[pattern] = (flux + sum(_face_area(np.take(cell, 1, axis)) for axis in range(3))) / 3.0
    triangles += triangles[::-1]
    volumes[128:] = 1.0 - volumes[127::-1]
    return tuple(triangles), volumes


def _face_area(face: NDArray[np.float32]) -> float:
    """Inside part of a cell's unit face; corners that meet diagonally are kept apart."""
    inside = int(face.sum())
    if inside == 2 and face[0, 0] == face[1, 1]:
        return 0.25
    return (0.0, 0.125, 0.5, 0.875, 1.0)[inside]


@lru_cache(maxsize=16)
def _tables(axes: tuple[float, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Area in mm² and volume in voxels, less the corners' own eighths, for each pattern of `CORNERS`."""
    turn = np.array(axes).reshape(3, 3)
    order, forward = _itk_order(turn)
    triangles, volumes = _cells()
    frame = turn[:, order] * np.where(forward, 1.0, -1.0)
    areas = np.zeros(256)
    for k, corners in enumerate(triangles):
        points = corners @ frame.T
        areas[k] = (
            np.linalg.norm(np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]), axis=1).sum()
            / 2.0
        )
    area, volume = np.zeros(256), np.zeros(256)
    bits = [
        ITK_CORNERS.index(tuple(c[o] if f else 1 - c[o] for o, f in zip(order, forward, strict=True)))  # type: ignore[arg-type]
        for c in CORNERS
    ]
    for pattern in range(256):
        same = sum(1 << bits[k] for k in range(8) if pattern >> k & 1)
        area[pattern] = areas[same]
        volume[pattern] = volumes[same] - pattern.bit_count() / 8.0
    return area, volume


def _itk_order(turn: NDArray[np.float64]) -> tuple[list[int], list[bool]]:
    """Array axes closest to (superior, posterior, left), and whether each runs that way.

    The triangulation isn't symmetric under reflection; looking at every cell in one order makes the result
    independent of the array's.
    """
    wanted = np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]])
    cosines = wanted @ (turn / np.linalg.norm(turn, axis=0))
    left = np.abs(cosines)
    order = [0, 0, 0]
    for _ in range(3):
        row, column = divmod(int(left.argmax()), 3)
        order[row] = column
        left[row, :] = -1.0
        left[:, column] = -1.0
    return order, [bool(cosines[row, order[row]] > 0) for row in range(3)]


def area_and_volume(
    histogram: NDArray[np.int64], count: int, affine: NDArray[np.float64]
) -> tuple[float, float]:
    """Mesh area in mm² and mesh volume in mm³ from a structure's histogram of patterns and its voxel count.

    Parameters
    ----------
    histogram
        As from `pattern_histograms`, shape (256,).
    """
    turn = np.asarray(affine, np.float64)[:3, :3]
    area, volume = _tables(tuple(np.round(turn, 12).ravel().tolist()))
    # A whole-inside cell holds exactly its corners' eighths, so only mixed cells correct the voxel count.
    return float(histogram @ area), float((count + histogram @ volume) * abs(np.linalg.det(turn)))
