"""Files that napari hands to us: labelled scans as cases, benchmark files into the Curate dock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari

from napari_spatialmed.viewer.case_files import chosen_files, is_volume
from napari_spatialmed.viewer.commands import open_benchmark
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.workspace import show_dock

LayerData = tuple[Any, ...]
Reader = Callable[[str | list[str]], list[LayerData]]
NO_LAYERS: list[LayerData] = [(None,)]
"""What npe2 understands as: read, but there is nothing to add."""


def case_reader(path: str | list[str]) -> Reader | None:
    """Open a label map, or a label map and its scan, as the session's case."""
    return _open_case if all(is_volume(p) for p in _paths(path)) and len(_paths(path)) <= 2 else None


def benchmark_reader(path: str | list[str]) -> Reader | None:
    """Open a benchmark file for curation."""
    paths = _paths(path)
    return _open_benchmark if len(paths) == 1 and paths[0].name.endswith(".spatialmed.jsonl") else None


def _paths(path: str | list[str]) -> list[Path]:
    return [Path(p) for p in ([path] if isinstance(path, str) else path)]


def _open_case(path: str | list[str]) -> list[LayerData]:
    viewer = napari.current_viewer()
    files = chosen_files(_paths(path))
    if viewer is not None:
        show_dock(viewer, "Case")
        session_for(viewer).open_case_async(files.labels, files.image)
    return NO_LAYERS


def _open_benchmark(path: str | list[str]) -> list[LayerData]:
    viewer = napari.current_viewer()
    if viewer is not None:
        open_benchmark(viewer, _paths(path)[0])
    return NO_LAYERS
