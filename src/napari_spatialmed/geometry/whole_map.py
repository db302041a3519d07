"""Boundaries, patterns and pieces of all structures in whole-map passes: quicker than one by one when most are wanted."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.geometry.components import Pieces, label_runs, pieces_of_runs, run_table
from napari_spatialmed.geometry.mesh import pattern_histograms
from napari_spatialmed.geometry.surfaces import all_surfaces
from napari_spatialmed.geometry.survey import Survey


def all_boundaries(
    labels: NDArray[Any], survey: Survey, wanted: Container[int]
) -> tuple[Iterator[tuple[int, NDArray[np.int32]]], frozenset[tuple[int, int]]]:
    """Boundary voxels' array indices of each wanted label, shape (n, 3), and the pairs of labels that share faces."""
    surfaces = all_surfaces(labels)

    def each() -> Iterator[tuple[int, NDArray[np.int32]]]:
        for row, label in enumerate(survey.labels.tolist()):
            if label in wanted:
                flat = surfaces.flat[surfaces.starts[row] : surfaces.starts[row + 1]]
                yield label, np.column_stack(np.unravel_index(flat, labels.shape)).astype(np.int32)

    return each(), frozenset((int(a), int(b)) for a, b in surfaces.pairs)


def all_patterns(
    labels: NDArray[Any], survey: Survey, wanted: Container[int]
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """How often each pattern of 2×2×2 voxels occurs around each wanted label; shape (256,)."""
    histograms = pattern_histograms(labels, survey.labels)
    for row, label in enumerate(survey.labels.tolist()):
        if label in wanted:
            yield label, histograms[row]


def all_pieces(labels: NDArray[Any], survey: Survey, wanted: Container[int]) -> Iterator[tuple[int, Pieces]]:
    """Connected pieces (26-neighbourhood) of each wanted label."""
    runs = run_table(labels)
    piece = label_runs(runs)
    order = np.argsort(runs.label, kind="stable")
    bounds = np.append(np.searchsorted(runs.label[order], survey.labels), len(order))
    for row, label in enumerate(survey.labels.tolist()):
        if label in wanted:
            mine = order[bounds[row] : bounds[row + 1]]
            own = np.unique(piece[mine], return_inverse=True)[1]
            yield label, pieces_of_runs(runs.pick(mine), own)
