"""Smooth surfaces of structures for the 3D view, built once each from a crop of the label map.

They are for looking at: volumes and areas come from the geometry floor, never from here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from skimage.measure import marching_cubes

VOXELS_PER_SURFACE = 150_000
"""A crop larger than this is strided first: marching cubes holds Python's lock, so one call must stay short."""
SMOOTHING_VOXELS = 0.8
_MARGIN = 2

Surface = tuple[NDArray[np.float32], NDArray[np.int32]]
"""Vertices (N, 3) in display world mm, faces (M, 3)."""


def structure_surface(
    labels: NDArray[Any],
    label: int,
    box: tuple[slice, ...],
    spacing: ArrayLike,
    *,
    voxels: int = VOXELS_PER_SURFACE,
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
    voxels
        Size of the strided crop above which detail is given up.

    Returns
    -------
    Surface or None
        None if nothing of the label is in the box.
    """
    starts = np.array([max(s.start - _MARGIN, 0) for s in box])
    stops = np.array([min(s.stop + _MARGIN, n) for s, n in zip(box, labels.shape, strict=True)])
    crop = labels[tuple(slice(a, b) for a, b in zip(starts, stops, strict=True))] == label
    if not crop.any():
        return None
    mm = np.asarray(spacing, np.float64)
    stride = _stride(crop.shape, mm, voxels)
    # Smoothing before striding keeps thin structures from breaking up; closing the ends keeps the border from gaping.
    field = np.pad(crop, [(s + 1, 2 * s) for s in stride]).astype(np.float32)
    sigma = SMOOTHING_VOXELS * np.maximum(stride, 1) * mm.min() / mm * np.maximum(mm / mm.min(), 1) ** 0.5
    field = ndimage.gaussian_filter(field, np.minimum(sigma, 3.0), truncate=2.5)
    field = np.ascontiguousarray(field[tuple(slice(None, None, s) for s in stride)])
    level = min(0.5, 0.5 * float(field.max()))
    if level <= 0:
        return None
    vertices, faces, _, _ = marching_cubes(field, level, allow_degenerate=False)
    index = vertices * stride + starts - (np.asarray(stride) + 1)
    return (index * mm).astype(np.float32), faces.astype(np.int32)


def _stride(shape: tuple[int, ...], mm: NDArray[np.float64], voxels: int) -> tuple[int, ...]:
    """Whole strides that bring a crop below `voxels`, taken from the finest axis first."""
    stride = np.ones(3, int)
    while np.prod([-(-n // s) for n, s in zip(shape, stride, strict=True)]) > voxels:
        stride[int(np.argmin(stride * mm))] += 1
    return tuple(int(s) for s in stride)
