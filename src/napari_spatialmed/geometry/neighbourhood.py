"""What lies around a structure: shells of some millimetres, shared faces, and the dilated overlap with another."""

from __future__ import annotations

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


def shared_faces(
    labels: NDArray[Any], a: int, b: int, low: NDArray[np.int64], high: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Faces between two labels, looked for in and one voxel around an inclusive index box of one of them.

    Returns
    -------
    Number of faces perpendicular to each array axis, shape (3,); and the voxels of both on either side, shape (n, 3).
    """
    start = np.maximum(low - 1, 0)
    crop = labels[tuple(slice(s, h + 2) for s, h in zip(start, high, strict=True))]
    is_a, is_b = crop == a, crop == b
    counts, places = np.zeros(3, np.int64), []
    for axis in range(3):
        near = tuple(slice(None, -1) if k == axis else slice(None) for k in range(3))
        far = tuple(slice(1, None) if k == axis else slice(None) for k in range(3))
        met = np.argwhere((is_a[near] & is_b[far]) | (is_b[near] & is_a[far]))
        counts[axis] = len(met)
        step = np.zeros(3, np.int64)
        step[axis] = 1
        places += [met, met + step]
    return counts, np.concatenate(places) + start


def face_areas_mm2(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area of a voxel's face perpendicular to each array axis; shape (3,)."""
    i, p, q = np.asarray(affine, np.float64)[:3, :3].T
    return np.array([np.linalg.norm(np.cross(u, v)) for u, v in ((p, q), (i, q), (i, p))])
