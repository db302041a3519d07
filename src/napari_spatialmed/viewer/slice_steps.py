"""Keeps one step of napari's slider one slice of the scan.

Surfaces and drawings lie in millimetres, so with them napari steps by one millimetre: three times for each slice of 3 mm.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from napari.components import ViewerModel

if TYPE_CHECKING:
    from napari_spatialmed.viewer.scene import Scene


class SliceSteps:
    """Watches the slider of one viewer."""

    def __init__(self, viewer: ViewerModel, scene: Scene) -> None:
        self._viewer = weakref.ref(viewer)
        self._scene = weakref.ref(scene)
        viewer.dims.events.range.connect(self.keep)

    def stop(self) -> None:
        """Stop listening."""
        viewer = self._viewer()
        if viewer is not None:
            viewer.dims.events.range.disconnect(self.keep)

    def keep(self) -> None:
        """Let the slider go over the slices of the case on show, one by one."""
        viewer, scene = self._viewer(), self._scene()
        case = None if scene is None else scene.case
        if viewer is None or case is None or viewer.dims.ndim != 3:
            return
        wanted = tuple(
            (0.0, (n - 1) * float(mm), float(mm))
            for n, mm in zip(case.labels.shape, case.spacing, strict=True)
        )
        if tuple(tuple(r) for r in viewer.dims.range) != wanted:
            viewer.dims.range = wanted
