"""What lies around a structure: shells of some millimetres, shared faces, and the dilated overlap with another."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


def ball(turn: NDArray[np.float64], radius_mm: float) -> NDArray[np.int64]:
    """Index offsets within `radius_mm`; at least the six face neighbours, so that thick slices have a shell too."""
    reach = np.ceil(radius_mm * np.linalg.norm(np.linalg.inv(turn), axis=1)).astype(int)
    grid = np.stack(
        np.meshgrid(*(np.arange(-r, r + 1) for r in np.maximum(reach, 1)), indexing="ij"), axis=-1
    ).reshape(-1, 3)
    near = np.linalg.norm(grid @ turn.T, axis=1) <= radius_mm + 1e-9
    faces = np.abs(grid).sum(axis=1) == 1
    return np.asarray(grid[near | faces])


def shell(
    labels: NDArray[Any],
    members: frozenset[int],
    boundary: NDArray[np.int32],
    affine: NDArray[np.float64],
    radius_mm: float,
) -> NDArray[Any]:
    """Labels of all voxels within `radius_mm` of a set of structures, without their own.

    Parameters
    ----------
    members
        Labels taken together as the structure.
    boundary
        Their boundary voxels' array indices, shape (n, 3).

    Returns
    -------
    One label per shell voxel, background included; shape (m,).
    """
    offsets = ball(np.asarray(affine, np.float64)[:3, :3], radius_mm)
    reach = np.abs(offsets).max(axis=0)
    low = np.maximum(boundary.min(axis=0) - reach, 0)
    high = np.minimum(boundary.max(axis=0) + reach + 1, labels.shape)
    # The crop is padded by the ball's reach, so that no offset leaves it.
    near = np.zeros(tuple(high - low + 2 * reach), bool)
    strides = np.array([near.shape[1] * near.shape[2], near.shape[2], 1])
    at = (boundary - low + reach) @ strides
    flat = near.reshape(-1)
    for step in offsets @ strides:
        flat[at + step] = True
    inside = near[tuple(slice(r, r + n) for r, n in zip(reach, high - low, strict=True))]
    found = labels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))][inside]
    return np.asarray(found[~np.isin(found, list(members))])


def rim_of(
    labels: NDArray[Any], members: list[int], low: NDArray[np.int64], high: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Voxels outside of some labels that share a face with them; the map counts as surrounded by such voxels.

    Parameters
    ----------
    members
        Labels taken together.
    low, high
        Inclusive index box that holds them.

    Returns
    -------
    Array indices, shape (n, 3); those beyond the map's border are -1 or its size.
    """
    start = np.maximum(low - 1, 0)
    crop = labels[tuple(slice(a, b + 2) for a, b in zip(start, high, strict=True))]
    inside = np.pad(np.isin(crop, members), 1)
    rim = ndimage.binary_dilation(inside) & ~inside
    return np.asarray((np.argwhere(rim) - 1 + start).astype(np.int32))


def contacts_of(
    labels: NDArray[Any], label: int, boundary: NDArray[np.int32]
) -> dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Faces that a structure shares with each of its neighbours.

    Parameters
    ----------
    boundary
        Its boundary voxels' array indices, shape (n, 3).

    Returns
    -------
    By neighbour's label: number of faces perpendicular to each array axis, shape (3,); and the voxels on either side,
    shape (m, 3).
    """
    strides = np.array([labels.shape[1] * labels.shape[2], labels.shape[2], 1])
    flat = labels.reshape(-1)
    at = boundary @ strides
    met, others, axes = [], [], []
    for axis in range(3):
        for step, edge in ((-1, 0), (1, labels.shape[axis] - 1)):
            inner = np.flatnonzero(boundary[:, axis] != edge)
            other = flat[at[inner] + step * strides[axis]]
            kept = np.flatnonzero((other != 0) & (other != label))
            met.append(inner[kept])
            others.append(other[kept])
            axes.append(np.full(kept.size, 2 * axis + (step > 0)))
    voxel, other, side = np.concatenate(met), np.concatenate(others), np.concatenate(axes)
    order = np.argsort(other, kind="stable")
    voxel, other, side = voxel[order], other[order], side[order]
    beside = boundary[voxel].astype(np.int64)
    beyond = beside.copy()
    beyond[np.arange(len(side)), side // 2] += 2 * (side % 2) - 1
    starts = np.flatnonzero(np.diff(other.astype(np.int64), prepend=-1))
    return {
        int(other[a]): (
            np.bincount(side[a:b] // 2, minlength=3),
            np.concatenate([beside[a:b], beyond[a:b]]),
        )
        for a, b in itertools.pairwise([*starts.tolist(), other.size])
    }


def face_areas_mm2(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area of a voxel's face perpendicular to each array axis; shape (3,)."""
    i, p, q = np.asarray(affine, np.float64)[:3, :3].T
    return np.array([np.linalg.norm(np.cross(u, v)) for u, v in ((p, q), (i, q), (i, p))])
