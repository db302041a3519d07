"""An edit of a label map: which slices to scan anew, and which structures it changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.geometry.survey import SliceSums, join, scan_slices

Region = Sequence[slice | tuple[int, int] | None] | slice
"""What an edit changed: a slice of axis 0, or one slice (or half-open pair) per axis; None for a whole axis."""


def rescan(
    rows: SliceSums, labels: NDArray[Any], affine: NDArray[np.float64], region: Region
) -> tuple[SliceSums, set[int]]:
    """The sums of an edited map, of which only the edited slices are read.

    Parameters
    ----------
    rows
        Sums of all slices before the edit.
    labels
        The map after it.

    Returns
    -------
    sums of all slices, labels whose voxels may have changed (those that were or are in the region)
    """
    index = _index(region)
    start, stop, _ = index[0].indices(labels.shape[0])
    before = rows.pick((rows.slice_index >= start) & (rows.slice_index < stop))
    now = scan_slices(labels, affine, start, stop)
    changed = {int(v) for v in np.unique(labels[index]) if v} | _differing(before, now)
    return join([rows.outside(start, stop), now]), changed


def _index(region: Region) -> tuple[slice, ...]:
    axes = (region,) if isinstance(region, slice) else tuple(region)
    return tuple(
        slice(None) if a is None else a if isinstance(a, slice) else slice(int(a[0]), int(a[1])) for a in axes
    )


def _differing(before: SliceSums, now: SliceSums) -> set[int]:
    """Labels whose sums differ in any slice."""
    rows = [
        {(int(i), int(v)): tuple(s) for i, v, s in zip(x.slice_index, x.label, x.sums, strict=True)}
        for x in (before, now)
    ]
    return {key[1] for key in rows[0].keys() | rows[1].keys() if rows[0].get(key) != rows[1].get(key)}
