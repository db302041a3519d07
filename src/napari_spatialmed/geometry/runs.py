"""Label maps as runs: stretches of one label along a row of voxels.

A scan has some fifty times fewer runs than voxels, so whatever can be summed over a run in closed form is computed
here with numpy alone, slab by slab, without a copy of the map.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SLAB_VOXELS = 1 << 21
"""Voxels looked at together: small enough to stay in the processor's cache, large enough to amortise Python."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Foreground runs of a slab, in memory order.

    Attributes
    ----------
    row
        Row number within the slab, ``(slice − first slice) · P + p``; shape (n,).
    first, last
        Inclusive positions along the last axis; shape (n,).
    label
        Value of each run; shape (n,).
    """

    row: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    label: NDArray[Any]


def slabs(shape: tuple[int, ...], start: int = 0, stop: int | None = None) -> Iterator[tuple[int, int]]:
    """Slices `start` to `stop` of axis 0, in portions of about `SLAB_VOXELS`."""
    stop = shape[0] if stop is None else stop
    step = max(1, SLAB_VOXELS // max(1, shape[1] * shape[2]))
    for i in range(start, stop, step):
        yield i, min(i + step, stop)


def run_starts(slab: NDArray[Any]) -> NDArray[np.int64]:
    """Flat positions where a run begins, background included; every row begins one."""
    flat = slab.reshape(-1)
    begins = np.empty(flat.size, bool)
    begins[:1] = True
    np.not_equal(flat[1:], flat[:-1], out=begins[1:])
    begins[:: slab.shape[-1]] = True
    return np.flatnonzero(begins)


def foreground_runs(slab: NDArray[Any]) -> Runs:
    """Runs with a nonzero label.

    Parameters
    ----------
    slab
        Label map of some slices, shape (I, P, L), C-contiguous.
    """
    starts = run_starts(slab)
    width = slab.shape[-1]
    values = slab.reshape(-1)[starts]
    kept = np.flatnonzero(values)
    stops = np.append(starts[1:], slab.size)[kept] - 1
    starts = starts[kept]
    row = starts // width
    return Runs(row, starts - row * width, stops - row * width, values[kept])


def compact(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Distinct values and, for each element, which of them it is: ``np.unique`` with its inverse, without sorting."""
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
        present = np.flatnonzero(np.bincount(values))
        table = np.zeros(int(present[-1]) + 1 if present.size else 1, np.int64)
        table[present] = np.arange(present.size)
        return present.astype(values.dtype), table[values]
    found, inverse = np.unique(values, return_inverse=True)
    return found, inverse.astype(np.int64, copy=False)
