"""What napari's menus and command palette call; names as in ``napari.yaml``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import napari

from napari_spatialmed.case import Case
from napari_spatialmed.viewer.case_dock import CaseDock
from napari_spatialmed.viewer.measure_dock import MeasureDock
from napari_spatialmed.viewer.opening import show_open
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.workspace import open_workspace, show_dock

SHAPE = ("surface_area_mm2", "sphericity", "elongation", "flatness", "longest_diameter_mm")
SIZES = ("volume_ml", "extent_mm", "longest_diameter_mm", "components")
DISTANCES = ("surface_distance_mm", "centre_distance_mm", "direction")


def workspace(viewer: napari.viewer.Viewer) -> None:
    """Lay out all docks."""
    open_workspace(viewer)


def open_case(viewer: napari.viewer.Viewer) -> None:
    """Bring the Case dock to the front, with its form to open files."""
    dock = show_dock(viewer, "Case")
    if isinstance(dock, CaseDock):
        dock.opening.expand(animate=False)


def show_case(
    viewer: napari.viewer.Viewer,
    case: Case | None = None,
    benchmark: Path | None = None,
    question: str | None = None,
) -> None:
    """Lay out the workspace, around a case if one is given, at a question of the benchmark; what the command line calls."""
    open_workspace(viewer)
    if case is not None:
        show_open(session_for(viewer), case)
    if benchmark is not None:
        open_benchmark(viewer, benchmark, question)


def open_benchmark(viewer: napari.viewer.Viewer, path: Path, question: str | None = None) -> None:
    """Open a benchmark file in the Curate dock, at a question."""
    dock: Any = show_dock(viewer, "Curate")
    dock.open_benchmark(path, question)


def curate(viewer: napari.viewer.Viewer) -> None:
    """Bring the Curate dock to the front."""
    show_dock(viewer, "Curate")


def measure_sizes(viewer: napari.viewer.Viewer) -> None:
    """Measure sizes of the selected structures."""
    _measure(viewer, SIZES)


def measure_distances(viewer: napari.viewer.Viewer) -> None:
    """Measure distances and directions between the selected structures."""
    _measure(viewer, DISTANCES)


def measure_shapes(viewer: napari.viewer.Viewer) -> None:
    """Measure shapes of the selected structures."""
    _measure(viewer, SHAPE)


def _measure(viewer: napari.viewer.Viewer, calculators: Sequence[str]) -> None:
    dock = show_dock(viewer, "Measure")
    if isinstance(dock, MeasureDock):
        dock.calculators.tick(list(calculators))
        dock.measure()
