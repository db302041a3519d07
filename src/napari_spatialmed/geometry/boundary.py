"""Boundary voxels of one structure, from the crop it lies in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def boundary_of(
    labels: NDArray[Any], label: int, low: NDArray[np.int64], high: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Voxels of `label` with a face neighbour outside it; the map's border counts as outside.

    Parameters
    ----------
    labels
        Label map, shape (I, P, L).
    low, high
        Inclusive index box of the structure.

    Returns
    -------
    Array indices in ascending order, shape (n, 3).
    """
    mask = labels[tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))] == label
    # Outside the structure's own box nothing is inside it, so the crop's border is boundary by itself.
    inner = np.zeros_like(mask)
    core = inner[1:-1, 1:-1, 1:-1]
    if core.size:
        np.logical_and(mask[:-2, 1:-1, 1:-1], mask[2:, 1:-1, 1:-1], out=core)
        for other in (
            mask[1:-1, :-2, 1:-1], mask[1:-1, 2:, 1:-1], mask[1:-1, 1:-1, :-2], mask[1:-1, 1:-1, 2:],
        ):  # fmt: skip
            core &= other
    np.greater(mask, inner, out=inner)
    flat = np.flatnonzero(inner)
    index = np.column_stack(np.unravel_index(flat, mask.shape)).astype(np.int32)
    return np.asarray(index + low.astype(np.int32))
