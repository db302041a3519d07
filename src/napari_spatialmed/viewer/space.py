"""Between the patient's space and what napari shows.

The viewer shows a case's arrays with `scale` in mm and nothing else: display world = index · spacing, in (I, P, L)
order.  Patient coordinates come from the case's own affine, which may be oblique.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_spatialmed.case import Case

AXIS_ENDS = (("S", "I"), ("A", "P"), ("R", "L"))
"""What lies at the first and the last index of each array axis."""
PLANES = {0: "axial", 1: "coronal", 2: "sagittal"}
"""Array axis → the plane across it."""
BETWEEN = "  "
"""Between numbers that belong together; where there is no room they stand below one another."""


def world_from_ras(case: Case, points: ArrayLike) -> NDArray[np.float64]:
    """Patient RAS mm, shape (…, 3) → napari's world coordinates."""
    inverse = np.linalg.inv(case.affine)
    index = np.asarray(points, np.float64) @ inverse[:3, :3].T + inverse[:3, 3]
    return np.asarray(index * case.spacing)


def ras_from_world(case: Case, points: ArrayLike) -> NDArray[np.float64]:
    """napari's world coordinates, shape (…, 3) → patient RAS mm."""
    index = np.asarray(points, np.float64) / case.spacing
    return np.asarray(index @ case.affine[:3, :3].T + case.affine[:3, 3])


def ras_text(ras: ArrayLike, decimals: int = 1) -> str:
    """A place in words that need no table: ``L 12.3  P 40.0  S 7.1 mm``."""
    right, anterior, superior = (float(v) for v in np.asarray(ras))
    sides = (("R" if right >= 0 else "L", right), ("A" if anterior >= 0 else "P", anterior))
    return (
        BETWEEN.join(
            f"{letter} {abs(v):.{decimals}f}"
            for letter, v in (*sides, ("S" if superior >= 0 else "I", superior))
        )
        + " mm"
    )
