"""From any axis order to (I, P, L): by flips and transposes alone, with the affine carried along.

The result is the array the viewer shows and the geometry measures; nothing is resampled here.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

Affine = NDArray[np.float64]

# RAS directions that the array's axes should grow along: inferior, posterior, left.
_TARGETS = np.array([[0.0, 0.0, -1.0], [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]])


def axis_order(affine: Affine) -> tuple[tuple[int, int, int], tuple[bool, bool, bool]]:
    """Which file axis becomes which array axis, and which of them must be flipped.

    Of the six assignments of file axes to (I, P, L), the one whose directions agree best with the patient's is taken
    (largest sum of absolute cosines), so that oblique axes are never used twice.

    Returns
    -------
    order
        ``order[k]`` is the file axis that becomes array axis ``k``.
    flipped
        Whether array axis ``k`` runs against the file axis.
    """
    columns = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    # Each axis' line in space, whichever way it runs: its first large component is positive.
    leading = np.array([c[np.argmax(np.abs(c) > 1e-6)] for c in columns.T])
    lines = columns * np.where(leading < 0, -1.0, 1.0)
    cosines = _TARGETS @ columns

    def agreement(order: tuple[int, ...]) -> tuple[float, ...]:
        # Exact ties (an axis at 45°) are broken by the lines themselves, so that every file of the same scan agrees.
        total = sum(abs(cosines[k, order[k]]) for k in range(3))
        return (round(float(total), 6), *np.round(lines[:, order].ravel(), 5).tolist())

    best = max(itertools.permutations(range(3)), key=agreement)

    def against(target: int) -> bool:
        cosine = cosines[target, best[target]]
        return bool(cosine < 0 if abs(cosine) > 1e-6 else leading[best[target]] < 0)

    return (best[0], best[1], best[2]), (against(0), against(1), against(2))


def to_display_order(array: NDArray[Any], affine: Affine) -> tuple[NDArray[Any], Affine]:
    """Reorder a volume to (I, P, L).

    Parameters
    ----------
    array
        Any 3D volume.
    affine
        4×4, its array index → RAS mm.

    Returns
    -------
    array, affine
        A C-contiguous array in (I, P, L) order and the affine that keeps every voxel where it was in the patient.
    """
    order, flipped = axis_order(affine)
    moved = np.transpose(array, order)
    columns = affine[:3, :3][:, order].copy()
    origin = affine[:3, 3].copy()
    for axis in range(3):
        if flipped[axis]:
            origin += columns[:, axis] * (moved.shape[axis] - 1)
            columns[:, axis] *= -1
            moved = np.flip(moved, axis)
    result = np.eye(4)
    result[:3, :3] = columns
    result[:3, 3] = origin
    return np.ascontiguousarray(moved), result + 0.0
