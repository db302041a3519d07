"""Boundary voxels of all structures and the faces they share, from one pass over the map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.geometry.runs import slabs


@dataclass(frozen=True, slots=True)
class Surfaces:
    """Boundary voxels by label, and shared faces by pair of labels.

    Attributes
    ----------
    labels
        Labels that occur, ascending; shape (n,).
    starts
        Where each label's boundary voxels begin in `flat`; shape (n + 1,).
    flat
        Positions in the flattened map, ascending within a label.
    pairs
        Labels a < b that share faces; shape (m, 2).
    faces
        Number of shared faces perpendicular to each array axis; shape (m, 3).
    """

    labels: NDArray[np.int64]
    starts: NDArray[np.int64]
    flat: NDArray[Any]
    pairs: NDArray[np.int64]
    faces: NDArray[np.int64]


def all_surfaces(labels: NDArray[Any]) -> Surfaces:
    """Boundary voxels (6-neighbourhood; the map's border counts) and shared faces of all labels.

    Parameters
    ----------
    labels
        Label map, shape (I, P, L), C-contiguous.
    """
    labels = np.ascontiguousarray(labels)
    flats, values = [], []
    shared: dict[int, NDArray[np.int64]] = {}
    wide = np.int32 if labels.size < 2**31 else np.int64
    rows, width = labels.shape[1:]
    slice_size = rows * width
    carried = np.ones(slice_size, bool)
    for start, stop in slabs(labels.shape):
        # One slice more than the slab, so that each face is seen once, by the voxel before it.
        reach = labels[start : stop + 1].reshape(-1)
        size = (stop - start) * slice_size
        edge = np.zeros(size + slice_size, bool)
        edge[:slice_size] = carried
        differ = np.empty(size, bool)
        for axis, step in ((0, slice_size), (1, width), (2, 1)):
            seen = min(size, reach.size - step)
            np.not_equal(reach[:seen], reach[step : step + seen], out=differ[:seen])
            differ[seen:] = False
            if axis == 1:
                differ.reshape(-1, rows, width)[:, -1] = False
            elif axis == 2:
                differ[width - 1 :: width] = False
            edge[:size] |= differ
            edge[step : step + size] |= differ
            _count_faces(shared, reach, np.flatnonzero(differ), step, axis)
        box = edge[:size].reshape(-1, rows, width)
        box[:, [0, -1]] = True
        box[:, :, [0, -1]] = True
        if stop == labels.shape[0]:
            box[-1] = True
        carried = edge[size:].copy()
        slab = reach[:size]
        np.logical_and(edge[:size], slab, out=edge[:size])
        at = np.flatnonzero(edge[:size])
        values.append(slab[at])
        flats.append((at + start * slice_size).astype(wide))
    value = np.concatenate(values) if values else np.zeros(0, labels.dtype)
    flat = np.concatenate(flats) if flats else np.zeros(0, wide)
    order = np.argsort(value, kind="stable")
    value = value[order]
    begins = (
        np.flatnonzero(np.concatenate([[True], value[1:] != value[:-1]]))
        if value.size
        else np.zeros(0, np.int64)
    )
    codes = np.array(sorted(shared), np.int64)
    return Surfaces(
        value[begins].astype(np.int64),
        np.append(begins, value.size),
        flat[order],
        np.column_stack([codes >> 32, codes & 0xFFFFFFFF]),
        np.array([shared[int(code)] for code in codes], np.int64).reshape(-1, 3),
    )


def _count_faces(
    shared: dict[int, NDArray[np.int64]], flat: NDArray[Any], at: NDArray[np.int64], step: int, axis: int
) -> None:
    """Add the faces between voxels `at` and those `step` further on, where both are labelled."""
    a, b = flat[at], flat[at + step]
    narrow = a.dtype.itemsize == 1
    bits = 8 if narrow else 32
    wide = np.dtype(np.uint16 if narrow else np.int64)
    code: NDArray[Any] = np.left_shift(a.astype(wide), bits, dtype=wide) | b.astype(wide)
    if narrow:
        found = np.bincount(code, minlength=1 << 16)
        codes = np.flatnonzero(found)
        counts = found[codes]
    else:
        codes, counts = np.unique(code[(a != 0) & (b != 0)], return_counts=True)
    first, second = codes >> bits, codes & ((1 << bits) - 1)
    both = np.flatnonzero((first != 0) & (second != 0))
    for x, y, n in zip(first[both].tolist(), second[both].tolist(), counts[both].tolist(), strict=True):
        key = (min(x, y) << 32) | max(x, y)
        if key not in shared:
            shared[key] = np.zeros(3, np.int64)
        shared[key][axis] += n
