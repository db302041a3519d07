"""Which structure lies under a click in 3D: a ray of our own through the label map.

napari's picker also hits hidden labels; this one skips what isn't shown, and takes a fraction of a millisecond.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def first_label_on_ray(
    labels: NDArray[Any],
    spacing: ArrayLike,
    position: ArrayLike,
    direction: ArrayLike,
    shown: NDArray[np.bool_],
    *,
    kept: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> tuple[int, NDArray[np.float64]] | None:
    """The first shown label along a ray, and where it was hit.

    Parameters
    ----------
    labels
        Shape (I, P, L), unsigned integers.
    spacing
        mm per voxel of each axis.
    position, direction
        A point of the ray and where it goes, in display world mm.
    shown
        By label: whether it can be hit; ``shown[0]`` is False.
    kept
        Where the scene is cut: a point of the plane in display world mm, and the direction of the side that stays.

    Returns
    -------
    tuple or None
        ``(label, point in world mm)``.
    """
    step_mm = np.asarray(spacing, np.float64)
    origin = np.asarray(position, np.float64) / step_mm
    heading = np.asarray(direction, np.float64) / step_mm
    with np.errstate(divide="ignore", invalid="ignore"):
        to_low = (-0.5 - origin) / heading
        to_high = (np.asarray(labels.shape) - 0.5 - origin) / heading
    parallel = heading == 0
    if np.any(parallel & ((origin < -0.5) | (origin > np.asarray(labels.shape) - 0.5))):
        return None
    near = np.where(parallel, -np.inf, np.minimum(to_low, to_high)).max()
    far = np.where(parallel, np.inf, np.maximum(to_low, to_high)).min()
    if kept is not None:
        near, far = _within_half_space(near, far, np.asarray(position, np.float64), direction, kept)
    if not near < far:
        return None
    # Half a voxel per step: nothing that fills a voxel is stepped over by more than a corner.
    count = int(np.ceil((far - near) * np.abs(heading).max() * 2)) + 1
    along = np.linspace(near, far, count)
    points = origin + along[:, None] * heading
    index = np.clip(np.rint(points).astype(np.intp), 0, np.asarray(labels.shape) - 1)
    values = labels[index[:, 0], index[:, 1], index[:, 2]]
    hits = np.flatnonzero(shown[np.minimum(values, shown.size - 1)] & (values < shown.size))
    if not hits.size:
        return None
    first = hits[0]
    # On the scan's own border a ray begins half a voxel outside of the last voxel's middle, which would round to none.
    return int(values[first]), np.clip(points[first], 0, np.asarray(labels.shape) - 1) * step_mm


def _within_half_space(
    near: float,
    far: float,
    position: NDArray[np.float64],
    direction: ArrayLike,
    kept: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> tuple[float, float]:
    """The part of a ray, in multiples of its direction, that lies in a half space; empty if none does."""
    point, normal = kept
    slope = float(np.asarray(direction, np.float64) @ normal)
    ahead = float((point - position) @ normal)
    if slope == 0:
        return (near, far) if ahead <= 0 else (near, near)
    return (max(near, ahead / slope), far) if slope > 0 else (near, min(far, ahead / slope))
