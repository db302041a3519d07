"""What voxel values are allowed to be: whole, not negative and finite for labels; real and finite for scans."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case.model import CaseError

ROUNDING = 1e-3
"""Labels this close to a whole number are rounded to it: what a scale factor stored in float32 leaves behind."""
LARGEST_LABEL = 2**31 - 1


def label_values(
    array: NDArray[Any], *, where: Path | str | None = None
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """The labels as the smallest unsigned integers that hold them.

    Parameters
    ----------
    array
        Label map of any numeric type.
    where
        The file it comes from, for the error.

    Returns
    -------
    labels, notes
        Unsigned integers of the same shape; what had to be done, in words.

    Raises
    ------
    CaseError
        If a value is complex, not finite, negative, too large or further than 1e-3 from a whole number.
    """
    array = np.asarray(array)
    notes: tuple[str, ...] = ()
    if array.dtype.kind == "b":
        return array.astype(np.uint8), notes
    if array.dtype.kind not in "uif":
        raise CaseError(
            f"voxels of type {array.dtype} can't be labels",
            where=where,
            hint="A label map holds one whole number per voxel.",
        )
    if array.size == 0:
        raise CaseError(
            "the label map holds no voxels", where=where, hint="Save it again from the program that made it."
        )
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = int(np.count_nonzero(~np.isfinite(array)))
        raise CaseError(
            f"{bad} voxels of the label map are not a number (NaN or infinite)",
            where=where,
            hint="Replace them by 0 in the program that made the map.",
        )
    if array.dtype.kind == "f":
        rounded = np.rint(array)
        worst = float(np.max(np.abs(array - rounded)))
        if worst > ROUNDING:
            n = int(np.count_nonzero(np.abs(array - rounded) > ROUNDING))
            raise CaseError(
                f"{n} voxels are not whole numbers (up to {worst:.3g} off), as after smooth interpolation or in a probability map",
                where=where,
                hint="Resample label maps with nearest neighbour, or threshold the map, and open the result.",
            )
        if worst > 0:
            notes = (f"label values were up to {worst:.1g} off whole numbers and were rounded",)
        array, low, high = rounded, float(rounded.min()), float(rounded.max())
    if low < 0:
        raise CaseError(
            f"the label map holds negative values (down to {low:.0f})",
            where=where,
            hint="Labels start at 0 for background; is this the scan instead of its labels?",
        )
    if high > LARGEST_LABEL:
        raise CaseError(
            f"the label map holds values up to {high:.0f}",
            where=where,
            hint="Labels up to 2147483647 can be read.",
        )
    return array.astype(np.min_scalar_type(int(high)), copy=False), notes
