"""The whole-map pass: counts, moments and boxes of every label, from one reading of the map.

Sums are kept per slice and label, so that an edit rescans only its own slices, and all of them are sums of integers
below 2⁵³: exact in floating point, whatever the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.geometry.runs import compact, foreground_runs, slabs

_SUMS = ("n", "p", "l", "pp", "ll", "pl")


@dataclass(frozen=True, slots=True)
class SliceSums:
    """What was found of each label in each slice; one row per (slice, label) that occurs.

    Attributes
    ----------
    slice_index, label
        Shape (rows,).
    sums
        Count, Σp, Σl, Σp², Σl², Σpl; shape (rows, 6).
    low, high
        Inclusive bounds of (p, l); shape (rows, 2).
    reach
        Least and greatest patient coordinate of voxel centres along R, A, S without the affine's translation; shape
        (rows, 2, 3).  Only for oblique grids, else of shape (rows, 0, 3).
    """

    slice_index: NDArray[np.int64]
    label: NDArray[np.int64]
    sums: NDArray[np.float64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    reach: NDArray[np.float64]

    def outside(self, start: int, stop: int) -> SliceSums:
        """The rows of all slices but `start` to `stop`."""
        return self.pick((self.slice_index < start) | (self.slice_index >= stop))

    def pick(self, kept: NDArray[Any]) -> SliceSums:
        """The rows chosen by a mask or index."""
        return SliceSums(
            self.slice_index[kept],
            self.label[kept],
            self.sums[kept],
            self.low[kept],
            self.high[kept],
            self.reach[kept],
        )


@dataclass(frozen=True)
class Survey:
    """Counts, moments and boxes of every label in a map.

    Attributes
    ----------
    labels
        Labels that occur, ascending, without 0; shape (n,).
    counts
        Voxels of each; shape (n,).
    first_moments
        Sums of the voxel indices (i, p, l); shape (n, 3).
    second_moments
        Sums of the indices' products; shape (n, 3, 3).
    index_min, index_max
        Inclusive index box; shape (n, 3).
    reach
        Least and greatest patient coordinates (R, A, S) of voxel centres in mm; shape (n, 2, 3).
    affine
        4×4, index → RAS mm.
    shape
        Of the map.
    """

    labels: NDArray[np.int64]
    counts: NDArray[np.int64]
    first_moments: NDArray[np.float64]
    second_moments: NDArray[np.float64]
    index_min: NDArray[np.int64]
    index_max: NDArray[np.int64]
    reach: NDArray[np.float64]
    affine: NDArray[np.float64]
    shape: tuple[int, ...]

    def row(self, label: int) -> int:
        """Where `label` stands in the arrays.

        Raises
        ------
        KeyError
            If the map holds no voxel of it.
        """
        at = int(np.searchsorted(self.labels, label))
        if at == len(self.labels) or self.labels[at] != label:
            raise KeyError(label)
        return at

    def __contains__(self, label: int) -> bool:
        at = int(np.searchsorted(self.labels, label))
        return at < len(self.labels) and int(self.labels[at]) == label

    @cached_property
    def voxel_ml(self) -> float:
        """Volume of a voxel in mL: the affine's determinant."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000.0

    @cached_property
    def volumes_ml(self) -> NDArray[np.float64]:
        """Voxels × voxel volume; shape (n,)."""
        return np.asarray(self.counts * self.voxel_ml)

    @cached_property
    def index_centroids(self) -> NDArray[np.float64]:
        """Mean voxel index; shape (n, 3)."""
        return np.asarray(self.first_moments / self.counts[:, None])

    @cached_property
    def centroids_ras_mm(self) -> NDArray[np.float64]:
        """Mean of voxel centres, through the affine; shape (n, 3)."""
        return self.index_centroids @ self.affine[:3, :3].T + self.affine[:3, 3]

    @cached_property
    def covariances_mm2(self) -> NDArray[np.float64]:
        """Covariance (over N) of voxel centres in patient axes, without the voxel's own s²/12; shape (n, 3, 3)."""
        mean = self.index_centroids
        spread = self.second_moments / self.counts[:, None, None] - mean[:, :, None] * mean[:, None, :]
        turn = self.affine[:3, :3]
        return np.asarray(turn @ spread @ turn.T)

    @cached_property
    def voxel_width_mm(self) -> NDArray[np.float64]:
        """Width of one voxel projected on R, A, S; shape (3,)."""
        return np.asarray(np.abs(self.affine[:3, :3]).sum(axis=1))

    @cached_property
    def extents_mm(self) -> NDArray[np.float64]:
        """Span of voxel centres along R, A, S plus one voxel's projected width; shape (n, 3)."""
        return np.asarray(self.reach[:, 1] - self.reach[:, 0] + self.voxel_width_mm)

    @cached_property
    def touches_border(self) -> NDArray[np.bool_]:
        """Whether a voxel lies in the map's outermost layer; shape (n,)."""
        return np.asarray(((self.index_min == 0) | (self.index_max == np.array(self.shape) - 1)).any(axis=1))


def survey(labels: NDArray[Any], affine: NDArray[np.float64]) -> Survey:
    """Counts, moments and boxes of every label, in one pass over the map.

    Parameters
    ----------
    labels
        Label map of integers, shape (I, P, L) or any other order the affine speaks of; 0 is background.
    affine
        4×4, array index → patient RAS+ in mm; may be oblique, left-handed or sheared.

    Notes
    -----
    Needs about a hundredth of the map's memory.  Box along a patient axis on oblique grids: voxel centres are projected,
    not the index box's corners, which would inflate it.
    """
    return reduce_slices(scan_slices(labels, affine), affine, labels.shape)


def is_oblique(affine: NDArray[np.float64]) -> bool:
    """Whether an array axis is not along a patient axis (beyond 1e-9 of a voxel)."""
    turn = np.abs(np.asarray(affine, np.float64)[:3, :3])
    return bool(((turn > turn.max(axis=0) * 1e-9).sum(axis=0) > 1).any())


def scan_slices(
    labels: NDArray[Any], affine: NDArray[np.float64], start: int = 0, stop: int | None = None
) -> SliceSums:
    """Sums per slice and label of slices `start` to `stop` along axis 0."""
    axes = np.asarray(affine, np.float64)[:3, :3] if is_oblique(affine) else None
    parts = [
        _scan_slab(np.ascontiguousarray(labels[a:b]), a, axes) for a, b in slabs(labels.shape, start, stop)
    ]
    return join(parts)


def join(parts: list[SliceSums]) -> SliceSums:
    """The rows of all parts."""
    if not parts:
        none = np.zeros(0, np.int64)
        return SliceSums(
            none,
            none,
            np.zeros((0, 6)),
            np.zeros((0, 2), np.int64),
            np.zeros((0, 2), np.int64),
            np.zeros((0, 0, 3)),
        )
    return SliceSums(
        *(
            np.concatenate([getattr(p, name) for p in parts])
            for name in ("slice_index", "label", "sums", "low", "high", "reach")
        )
    )


def _scan_slab(slab: NDArray[Any], first_slice: int, axes: NDArray[np.float64] | None) -> SliceSums:
    runs = foreground_runs(slab)
    found, which = compact(runs.label)
    rows_per_slice = slab.shape[1]
    here = runs.row // rows_per_slice
    p = runs.row - here * rows_per_slice
    key = here * len(found) + which
    size = slab.shape[0] * len(found)

    n = (runs.last - runs.first + 1).astype(np.float64)
    mid = (runs.first + runs.last) * 0.5
    sum_l = n * mid
    # Σ l² over a run of n voxels around its middle m is n·m² + n(n² − 1)/12: an integer.
    columns = (n, n * p, sum_l, n * (p * p), np.rint(sum_l * mid + n * (n * n - 1.0) / 12.0), sum_l * p)
    counts = np.bincount(key, minlength=size)
    present = np.flatnonzero(counts)
    sums = np.empty((present.size, len(_SUMS)))
    for k, column in enumerate(columns):
        sums[:, k] = np.bincount(key, weights=column, minlength=size)[present]

    low = np.empty((size, 2), np.int64)
    high = np.empty((size, 2), np.int64)
    # Runs come in ascending p, and of repeated indices numpy keeps the last value written.
    high[key, 0] = p
    low[key[::-1], 0] = p[::-1]
    low[:, 1] = slab.shape[2]
    high[:, 1] = -1
    np.minimum.at(low[:, 1], key, runs.first)
    np.maximum.at(high[:, 1], key, runs.last)

    reach = np.zeros((present.size, 0, 3))
    if axes is not None:
        whole = np.empty((size, 2, 3))
        whole[:, 0], whole[:, 1] = np.inf, -np.inf
        for axis in range(3):
            base = axes[axis, 0] * (here + first_slice) + axes[axis, 1] * p
            for end in (runs.first, runs.last):
                along = base + axes[axis, 2] * end
                np.minimum.at(whole[:, 0, axis], key, along)
                np.maximum.at(whole[:, 1, axis], key, along)
        reach = whole[present]
    return SliceSums(
        present // max(1, len(found)) + first_slice,
        found[present % max(1, len(found))].astype(np.int64),
        sums,
        low[present],
        high[present],
        reach,
    )


def reduce_slices(rows: SliceSums, affine: NDArray[np.float64], shape: tuple[int, ...]) -> Survey:
    """The survey of a whole map from its slices' sums."""
    affine = np.asarray(affine, np.float64)
    order = np.argsort(rows.label, kind="stable")
    rows = rows.pick(order)
    labels, at = np.unique(rows.label, return_index=True)
    if not labels.size:
        return Survey(
            labels, np.zeros(0, np.int64), np.zeros((0, 3)), np.zeros((0, 3, 3)), np.zeros((0, 3), np.int64),
            np.zeros((0, 3), np.int64), np.zeros((0, 2, 3)), affine, tuple(shape),
        )  # fmt: skip
    n, sum_p, sum_l, sum_pp, sum_ll, sum_pl = rows.sums.T
    i = rows.slice_index.astype(np.float64)
    table = np.add.reduceat(
        np.stack([n, n * i, sum_p, sum_l, n * i * i, i * sum_p, i * sum_l, sum_pp, sum_pl, sum_ll], axis=1),
        at,
        axis=0,
    )
    second = table[:, [4, 5, 6, 5, 7, 8, 6, 8, 9]].reshape(-1, 3, 3)
    index_min = np.minimum.reduceat(np.column_stack([rows.slice_index, rows.low]), at, axis=0)
    index_max = np.maximum.reduceat(np.column_stack([rows.slice_index, rows.high]), at, axis=0)
    if rows.reach.shape[1]:
        reach = np.stack(
            [
                np.minimum.reduceat(rows.reach[:, 0], at, axis=0),
                np.maximum.reduceat(rows.reach[:, 1], at, axis=0),
            ],
            axis=1,
        )
    else:
        ends = np.stack([index_min, index_max]) @ affine[:3, :3].T
        reach = np.stack([ends.min(axis=0), ends.max(axis=0)], axis=1)
    return Survey(
        labels, table[:, 0].astype(np.int64), table[:, 1:4], second, index_min, index_max, reach + affine[:3, 3], affine,
        tuple(shape),
    )  # fmt: skip
