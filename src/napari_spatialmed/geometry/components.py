"""Connected pieces of structures, by joining runs.

Each run points to a run of its label in the row or slice before that it touches; following the pointers leaves few
groups, and only those few are joined through a graph.  Corner neighbours are looked up only where a label isn't in
one piece already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from napari_spatialmed.geometry.runs import compact, foreground_runs, slabs

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pieces:
    """A structure's connected pieces, largest first (the one that begins first, of equal ones).

    Attributes
    ----------
    sizes
        Voxels; shape (n,).
    centroids
        Mean voxel index; shape (n, 3).
    index_min, index_max
        Inclusive boxes; shape (n, 3).
    """

    sizes: Ints
    centroids: NDArray[np.float64]
    index_min: Ints
    index_max: Ints


@dataclass(frozen=True, slots=True)
class RunTable:
    """All foreground runs of a map, in memory order; `row` counts i·P + p."""

    row: Ints
    first: Ints
    last: Ints
    label: NDArray[Any]
    shape: tuple[int, ...]

    def pick(self, kept: NDArray[Any]) -> RunTable:
        """Some of the runs, in order."""
        return RunTable(self.row[kept], self.first[kept], self.last[kept], self.label[kept], self.shape)


def run_table(labels: NDArray[Any]) -> RunTable:
    """The runs of a label map of shape (I, P, L)."""
    parts = []
    for start, stop in slabs(labels.shape):
        runs = foreground_runs(np.ascontiguousarray(labels[start:stop]))
        parts.append((runs.row + start * labels.shape[1], runs.first, runs.last, runs.label))
    row, first, last, label = (np.concatenate([part[k] for part in parts]) for k in range(4))
    return RunTable(row, first, last, label, labels.shape)


def label_runs(runs: RunTable, connectivity: int = 26) -> Ints:
    """Which connected piece each run belongs to; shape (n,), numbered by first run.

    Parameters
    ----------
    connectivity
        Neighbours of a voxel: 6 by face, 18 also by edge, 26 also by corner.
    """
    piece = _join_faces(runs)
    if connectivity == 6 or not piece.size:
        return piece
    _, which = compact(runs.label)
    # Only labels in several pieces can gain from edges and corners, and every missing link has an end outside the
    # label's largest piece.
    sizes = np.bincount(piece, weights=runs.last - runs.first + 1)
    owner = np.zeros(len(sizes), np.int64)
    owner[piece] = which
    order = np.lexsort((-sizes, owner))
    largest = np.zeros(len(sizes), bool)
    largest[order[np.flatnonzero(np.diff(owner[order], prepend=-1))]] = True
    loose = np.flatnonzero(~largest[piece])
    if not loose.size:
        return piece
    places = _Places.of(runs)
    links = [
        np.column_stack([piece[a], piece[b]])
        for step_i in (-1, 0, 1)
        for step_p in (-1, 0, 1)
        for a, b in places.touching(loose, step_i, step_p, connectivity)
    ]
    return _merge(piece, np.concatenate(links))


@dataclass(frozen=True, slots=True)
class _Places:
    """Runs as stretches of one long line, on which neighbouring rows lie a fixed step apart."""

    begin: Ints
    end: Ints
    label: NDArray[Any]
    slice_step: int
    row_step: int

    @classmethod
    def of(cls, runs: RunTable) -> _Places:
        # An empty row after each slice and two empty voxels after each row: what isn't neighbours never meets.
        row_step = runs.shape[2] + 2
        begin = (runs.row + runs.row // runs.shape[1]) * row_step + runs.first
        return cls(
            begin, begin + (runs.last - runs.first), runs.label, row_step * (runs.shape[1] + 1), row_step
        )

    def touching(self, of: Ints, step_i: int, step_p: int, connectivity: int) -> Iterator[tuple[Ints, Ints]]:
        """Pairs of runs (one of `of`, one in the row a step away) with the same label that touch."""
        off = abs(step_i) + abs(step_p)
        if off == 0 or (connectivity == 6 and off > 1):
            return
        reach = {6: 0, 18: 1 if off == 1 else 0, 26: 1}[connectivity]
        shift = step_i * self.slice_step + step_p * self.row_step
        low = self.begin[of] + (shift - reach)
        high = self.end[of] + (shift + reach)
        at = np.searchsorted(self.end, low)
        while of.size:
            more = np.flatnonzero(self.begin[np.minimum(at, len(self.begin) - 1)] <= high)
            of, at, high = of[more], at[more], high[more]
            exists = at < len(self.begin)
            of, at, high = of[exists], at[exists], high[exists]
            same = np.flatnonzero(self.label[at] == self.label[of])
            yield of[same], at[same]
            at = at + 1


def _join_faces(runs: RunTable) -> Ints:
    places = _Places.of(runs)
    begin, end, label = places.begin, places.end, places.label
    parent = np.arange(len(begin))
    links = []
    for shift in (places.row_step, places.slice_step):
        high = end - shift
        at = np.searchsorted(end, begin - shift)
        of = np.flatnonzero(begin[at] <= high)
        at = at[of]
        while of.size:
            same = np.flatnonzero(label[at] == label[of])
            a, b = of[same], at[same]
            # A run points to the first run it touches; what else it touches is joined afterwards.
            free = parent[a] == a
            parent[a[free]] = b[free]
            links.append(np.column_stack([a[~free], b[~free]]))
            at = at + 1
            more = np.flatnonzero(begin[at] <= high[of])
            of, at = of[more], at[more]
    while True:
        above = parent[parent]
        if np.array_equal(above, parent):
            break
        parent = above
    rest = parent[np.concatenate(links)] if links else np.zeros((0, 2), np.int64)
    return _merge(parent, rest[rest[:, 0] != rest[:, 1]])


def _merge(piece: Ints, links: Ints) -> Ints:
    """Join pieces by links between them and number the result by first run.

    `piece` numbers pieces below its own length; not every number need occur.
    """
    used = np.zeros(piece.size, bool)
    used[piece] = True
    names = np.flatnonzero(used)
    number = np.cumsum(used) - 1
    if len(links):
        ends = number[links]
        graph = coo_array(
            (np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(len(names), len(names))
        )
        joined = connected_components(graph, directed=False)[1].astype(np.int64)
    else:
        joined = np.arange(len(names))
    which = joined[number[piece]]
    starts = np.full(int(joined.max()) + 1 if joined.size else 0, piece.size)
    # Of repeated indices numpy keeps the last value written: from the end, that is the first run.
    starts[which[::-1]] = np.arange(piece.size - 1, -1, -1)
    rank = np.empty(len(starts), np.int64)
    rank[np.argsort(starts)] = np.arange(len(starts))
    return np.asarray(rank[which])


def pieces_of_runs(runs: RunTable, piece: Ints, origin: tuple[int, ...] = (0, 0, 0)) -> Pieces:
    """Sizes, centroids and boxes of the pieces of one structure, in a map where the runs' first voxel is `origin`."""
    count = int(piece.max()) + 1
    n = (runs.last - runs.first + 1).astype(np.float64)
    i, p = np.divmod(runs.row, runs.shape[1])
    i, p, first, last = i + origin[0], p + origin[1], runs.first + origin[2], runs.last + origin[2]
    sizes = np.bincount(piece, weights=n, minlength=count)
    axes = (n * i, n * p, n * (first + last) / 2.0)
    centroids = (
        np.column_stack([np.bincount(piece, weights=w, minlength=count) for w in axes]) / sizes[:, None]
    )
    low = np.full((count, 3), np.iinfo(np.int64).max)
    high = np.full((count, 3), -1)
    for axis, (a, b) in enumerate(((i, i), (p, p), (first, last))):
        np.minimum.at(low[:, axis], piece, a)
        np.maximum.at(high[:, axis], piece, b)
    order = np.argsort(-sizes, kind="stable")
    return Pieces(sizes[order].astype(np.int64), centroids[order], low[order], high[order])


def pieces_of(labels: NDArray[Any], label: int, low: Ints, high: Ints, connectivity: int = 26) -> Pieces:
    """Connected pieces of `label` inside its inclusive index box."""
    mask = labels[tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))] == label
    runs = run_table(mask)
    return pieces_of_runs(runs, label_runs(runs, connectivity), tuple(int(v) for v in low))


def ranks_of(labels: NDArray[Any], label: int, low: Ints, high: Ints, index: NDArray[np.int32]) -> Ints:
    """Which piece of `label` (0 the largest) each of some of its voxels belongs to.

    Parameters
    ----------
    low, high
        Inclusive index box of the structure.
    index
        Voxels of the structure, shape (n, 3).
    """
    mask = labels[tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))] == label
    runs = run_table(mask)
    piece = label_runs(runs)
    sizes = np.bincount(piece, weights=runs.last - runs.first + 1)
    rank = np.empty(len(sizes), np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    inner = index - low
    place = (inner[:, 0] * mask.shape[1] + inner[:, 1]) * mask.shape[2] + inner[:, 2]
    return np.asarray(
        rank[piece[np.searchsorted(runs.row * mask.shape[2] + runs.first, place, side="right") - 1]]
    )
