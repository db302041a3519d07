"""Boundaries, meshes and pieces of all structures in whole-map passes: quicker than one by one when most are wanted."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.geometry.components import label_runs, pieces_of_runs, run_table
from napari_spatialmed.geometry.mesh import area_and_volume, pattern_histograms
from napari_spatialmed.geometry.surfaces import Surfaces
from napari_spatialmed.geometry.survey import Survey


def all_structures(
    labels: NDArray[Any], survey: Survey, surfaces: Surfaces, wanted: Container[int]
) -> Iterator[tuple[str, int, Any, Any]]:
    """What `CaseGeometry` keeps of each wanted label: kind (``boundary``, ``mesh``, ``pieces``), label, key and value."""
    for row, label in enumerate(survey.labels.tolist()):
        if label in wanted:
            flat = surfaces.flat[surfaces.starts[row] : surfaces.starts[row + 1]]
            yield (
                "boundary",
                label,
                None,
                np.column_stack(np.unravel_index(flat, labels.shape)).astype(np.int32),
            )
    histograms = pattern_histograms(labels, survey.labels)
    for row, label in enumerate(survey.labels.tolist()):
        if label in wanted:
            yield (
                "mesh",
                label,
                None,
                area_and_volume(histograms[row], int(survey.counts[row]), survey.affine),
            )
    runs = run_table(labels)
    piece = label_runs(runs)
    order = np.argsort(runs.label, kind="stable")
    bounds = np.append(np.searchsorted(runs.label[order], survey.labels), len(order))
    for row, label in enumerate(survey.labels.tolist()):
        if label in wanted:
            mine = order[bounds[row] : bounds[row + 1]]
            own = np.unique(piece[mine], return_inverse=True)[1]
            yield "pieces", label, 26, pieces_of_runs(runs.pick(mine), own)
