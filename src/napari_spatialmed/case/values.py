"""What voxel values are allowed to be: whole, not negative and finite for labels; real and finite for scans.

Values arrive in pieces and leave in the smallest type that holds them, so that a bad one is found early and a map of
64-bit floats never lies in memory as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case.model import CaseError

ROUNDING = 1e-3
"""Labels this close to a whole number are rounded to it: what a scale factor stored in float32 leaves behind."""
LARGEST_LABEL = 2**31 - 1
_PIECE = 1 << 22

Pieces = Iterable[NDArray[Any]]
Scale = tuple[float, float]
AS_STORED: Scale = (1.0, 0.0)


def collect_labels(
    pieces: Pieces, count: int, *, scale: Scale = AS_STORED, where: Path | str | None = None
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Labels from pieces of voxels, as the smallest unsigned integers that hold them.

    Parameters
    ----------
    pieces
        1D arrays of any real type, ``count`` values together.
    scale
        (slope, intercept) that turn what is stored into values.
    where
        The file they come from, for the error.

    Returns
    -------
    labels, notes
        1D unsigned integers; what had to be done, in words.

    Raises
    ------
    CaseError
        If a value isn't a number, is negative, too large or further than 1e-3 from a whole number.
    """
    labels: NDArray[Any] = np.empty(count, np.uint8)
    at, worst = 0, 0.0
    for piece in pieces:
        values = piece if scale == AS_STORED else piece * scale[0] + scale[1]
        if values.dtype.kind not in "buif":
            raise CaseError(
                f"voxels of type {values.dtype} can't be labels",
                where=where,
                hint="A label map holds one whole number per voxel.",
            )
        if values.dtype.kind == "f":
            values, off = _rounded(values, where)
            worst = max(worst, off)
        if values.dtype != np.uint8 and values.size:
            low, high = float(values.min()), float(values.max())
            if low < 0:
                raise CaseError(
                    f"the label map holds negative values (such as {low:.0f})",
                    where=where,
                    hint="Labels start at 0 for background; is this the scan instead of its labels?",
                )
            if high > LARGEST_LABEL:
                raise CaseError(
                    f"the label map holds values up to {high:.0f}",
                    where=where,
                    hint=f"Labels up to {LARGEST_LABEL} can be read.",
                )
            if high > np.iinfo(labels.dtype).max:
                labels = labels.astype(np.min_scalar_type(int(high)))
        labels[at : at + values.size] = values
        at += values.size
    return labels, (
        (f"label values were up to {worst:.1g} off whole numbers and were rounded",) if worst else ()
    )


def _rounded(values: NDArray[Any], where: Path | str | None) -> tuple[NDArray[Any], float]:
    """Whole numbers from floats that are nearly whole, and how far off they were."""
    if not np.isfinite(values).all():
        raise CaseError(
            "the label map holds voxels that are no numbers (NaN or infinite)",
            where=where,
            hint="Set them to 0 in the program that made the map.",
        )
    whole = np.rint(values)
    off = float(np.max(np.abs(values - whole), initial=0.0))
    if off > ROUNDING:
        example = values[np.argmax(np.abs(values - whole))]
        raise CaseError(
            f"the label map holds values that are not whole numbers (such as {example:.8g}), as after smooth interpolation or in a probability map",
            where=where,
            hint="Resample label maps with nearest neighbour, or threshold the map, and open the result.",
        )
    return whole, off


def label_values(array: NDArray[Any]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Any array of labels as the smallest unsigned integers; see :func:`collect_labels`."""
    array = np.asarray(array)
    labels, notes = collect_labels(_flat_pieces(array), array.size)
    return labels.reshape(array.shape), notes


def collect_image(
    pieces: Pieces,
    count: int,
    stored: np.dtype[Any],
    *,
    scale: Scale = AS_STORED,
    where: Path | str | None = None,
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """A scan from pieces of voxels: integers where its values are whole, float32 otherwise.

    So a CT is the same array, and the case has the same id, whether it was stored as int16 or as 64-bit floats.

    Raises
    ------
    CaseError
        If the voxels are no real numbers, or none of them is finite.
    """
    if stored.kind not in "buif":
        raise CaseError(
            f"voxels of type {stored} can't be a scan",
            where=where,
            hint="A scan holds one real number per voxel.",
        )
    plain = scale == AS_STORED and stored.kind in "bui" and stored.itemsize <= 2
    image: NDArray[Any] = np.empty(count, stored.newbyteorder("=") if plain else np.int16)
    at, finite = 0, True
    for piece in pieces:
        values = piece if scale == AS_STORED else piece * np.float64(scale[0]) + scale[1]
        if not plain:
            finite = finite and bool(np.isfinite(values).all())
            wanted = _type_for(values, image.dtype)
            if wanted != image.dtype:
                image = image.astype(wanted)
        image[at : at + values.size] = values
        at += values.size
    return (image, ()) if finite else _without_gaps(image, where)


def image_values(
    array: NDArray[Any], *, where: Path | str | None = None
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Any array of intensities in its smallest exact type; see :func:`collect_image`."""
    array = np.asarray(array)
    image, notes = collect_image(_flat_pieces(array), array.size, array.dtype, where=where)
    return image.reshape(array.shape), notes


def _type_for(values: NDArray[Any], now: np.dtype[Any]) -> np.dtype[Any]:
    """The smallest type that holds these values and all before them."""
    if now.kind == "f" or not values.size:
        return now
    if values.dtype.kind == "f":
        # A look at a few values saves rounding the whole piece of a scan with fractions.
        for some in (values[:: max(1, values.size // 1024)], values):
            if not np.isfinite(some).all() or not np.array_equal(some, np.rint(some)):
                return np.dtype(np.float32)
    low, high = min(int(values.min()), np.iinfo(now).min), max(int(values.max()), 0)
    if now == np.int16 and low == -(2**15) and int(values.min()) >= -(2**15) and high < 2**15:
        return now
    return np.dtype(np.int32) if low >= -(2**31) and high < 2**31 else np.dtype(np.float32)


def _without_gaps(image: NDArray[Any], where: Path | str | None) -> tuple[NDArray[Any], tuple[str, ...]]:
    """NaN and infinite voxels set to the lowest value of the scan."""
    count, low = 0, np.inf
    for piece in _flat_pieces(image):
        good = np.isfinite(piece)
        count += piece.size - int(np.count_nonzero(good))
        low = min(low, float(np.min(piece, where=good, initial=np.inf)))
    if not np.isfinite(low):
        raise CaseError(
            "no voxel of the scan is a number",
            where=where,
            hint="Save it again from the program that made it.",
        )
    for piece in _flat_pieces(image):
        piece[~np.isfinite(piece)] = low
    return image, (
        f"{count} voxels of the scan are no numbers (NaN or infinite) and were set to its lowest value, {low:.5g}",
    )


def _flat_pieces(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    flat = array.reshape(-1)
    return (flat[at : at + _PIECE] for at in range(0, flat.size, _PIECE))


def labels_present(labels: NDArray[Any]) -> list[int]:
    """The labels that occur, without 0, in ascending order."""
    found: set[int] = set()
    for piece in _flat_pieces(labels):
        # Only where a run starts: a tenth or less of the voxels.
        starts = np.flatnonzero(piece[1:] != piece[:-1]) + 1
        found.update(np.unique(piece[starts]).tolist(), piece[:1].tolist())
    return sorted(found - {0})


def label_counts(labels: NDArray[Any]) -> NDArray[np.int64]:
    """How many voxels hold each label, by label; in pieces, since counting needs 8 bytes a voxel."""
    counts = np.zeros(int(labels.max(initial=0)) + 1, np.int64)
    for piece in _flat_pieces(labels):
        found = np.bincount(piece)
        counts[: found.size] += found
    return counts
