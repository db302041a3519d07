"""Connected pieces of one structure, from the crop it lies in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


@dataclass(frozen=True, slots=True)
class Pieces:
    """A structure's connected pieces, largest first.

    Attributes
    ----------
    sizes
        Voxels; shape (n,).
    centroids
        Mean voxel index; shape (n, 3).
    index_min, index_max
        Inclusive boxes; shape (n, 3).
    """

    sizes: NDArray[np.int64]
    centroids: NDArray[np.float64]
    index_min: NDArray[np.int64]
    index_max: NDArray[np.int64]


def pieces_of(
    labels: NDArray[Any], label: int, low: NDArray[np.int64], high: NDArray[np.int64], connectivity: int = 26
) -> Pieces:
    """Connected pieces of `label` inside its inclusive index box.

    Parameters
    ----------
    connectivity
        Neighbours of a voxel: 6 by face, 18 also by edge, 26 also by corner.
    """
    mask = labels[tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))] == label
    rank = {6: 1, 18: 2, 26: 3}[connectivity]
    found, count = ndimage.label(mask, ndimage.generate_binary_structure(3, rank))
    sizes = np.bincount(found.ravel(), minlength=count + 1)[1:]
    boxes = ndimage.find_objects(found)
    index_min = np.array([[s.start for s in box] for box in boxes]) + low
    index_max = np.array([[s.stop - 1 for s in box] for box in boxes]) + low
    where = np.flatnonzero(found)
    which = found.ravel()[where] - 1
    sums = [np.bincount(which, weights=axis, minlength=count) for axis in np.unravel_index(where, mask.shape)]
    centroids = np.column_stack(sums) / sizes[:, None] + low
    order = np.lexsort((*index_min.T[::-1], -sizes))
    return Pieces(sizes[order], centroids[order], index_min[order], index_max[order])
