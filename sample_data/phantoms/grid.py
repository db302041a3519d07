"""Where a scan's voxels lie: the affine of a tilted grid in any axis order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phantoms.shapes import Window, rotation

AXES = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}


def tilted_grid(
    codes: str,
    shape: Sequence[int],
    spacing: Sequence[float],
    centre: Sequence[float],
    tilt: Sequence[float] = (0.0, 0.0, 0.0),
) -> Window:
    """A grid whose axes grow towards `codes` (such as ``LPS``), then tilted.

    Parameters
    ----------
    shape, spacing
        In the file's axis order; spacing in mm.
    centre
        The grid's middle in RAS mm.
    tilt
        Degrees about the A–P, R–L and S–I axes.
    """
    axes = np.zeros((3, 3))
    for column, code in enumerate(codes):
        row, sign = AXES[code]
        axes[row, column] = sign * spacing[column]
    affine = np.eye(4)
    affine[:3, :3] = np.round(rotation(*tilt) @ axes, 6)
    affine[:3, 3] = np.round(np.asarray(centre, float) - affine[:3, :3] @ ((np.asarray(shape) - 1) / 2), 4)
    return Window(affine, (int(shape[0]), int(shape[1]), int(shape[2])))
