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
_LETTERS = (("R", "L"), ("A", "P"), ("S", "I"))


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
    cosines = _TARGETS @ columns
    # Rounded so that exact ties (45° rotations) fall the same way for every flip of the same scan.
    best = max(
        itertools.permutations(range(3)),
        key=lambda order: (round(sum(abs(cosines[k, order[k]]) for k in range(3)), 6), order),
    )
    order = (best[0], best[1], best[2])
    flipped = (bool(cosines[0, order[0]] < 0), bool(cosines[1, order[1]] < 0), bool(cosines[2, order[2]] < 0))
    return order, flipped


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


def axis_letters(affine: Affine) -> str:
    """Where each array axis grows to, e.g. ``RAS`` or ``IPL``."""
    order, flipped = axis_order(affine)
    letters = [""] * 3
    for target, (axis, against) in enumerate(zip(order, flipped, strict=True)):
        plus = "IPL"[target]
        pair = next(p for p in _LETTERS if plus in p)
        letters[axis] = (pair[0] if plus == pair[1] else pair[1]) if against else plus
    return "".join(letters)
