"""Where the mouse points in the picture, kept true while slices go by beneath it."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from napari.components import ViewerModel
from numpy.typing import NDArray
from psygnal import Signal


class Hover:
    """Follows the mouse over one viewer's canvas.

    Signals: ``moved(place, direction)``, the world place in mm and in 3D the direction of the view, when the mouse moves or
    another slice comes under it; ``left()`` when the mouse goes away, or the picture is moved so that it isn't known any
    more what lies under it.
    """

    moved = Signal(object, object)
    left = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._place: NDArray[np.float64] | None = None
        self._flat = True
        viewer.mouse_move_callbacks.append(self._on_move)
        viewer.dims.events.point.connect(self._on_slice)
        viewer.events.mouse_over_canvas.connect(self._on_border)
        for emitter in self._movers(viewer):
            emitter.connect(self._on_picture)

    @staticmethod
    def _movers(viewer: ViewerModel) -> tuple[Any, ...]:
        camera, dims = viewer.scene.camera.events, viewer.dims.events
        return camera.center, camera.zoom, camera.angles, dims.ndisplay, dims.order

    def stop(self) -> None:
        """Stop listening."""
        viewer = self._viewer()
        if viewer is not None:
            viewer.mouse_move_callbacks.remove(self._on_move)
            viewer.dims.events.point.disconnect(self._on_slice)
            viewer.events.mouse_over_canvas.disconnect(self._on_border)
            for emitter in self._movers(viewer):
                emitter.disconnect(self._on_picture)

    def _on_move(self, viewer: ViewerModel, event: Any) -> None:
        self._place = np.array(event.position, float)
        self._flat = event.view_direction is None
        self.moved.emit(self._place, event.view_direction)

    def _on_slice(self) -> None:
        viewer = self._viewer()
        if viewer is None or self._place is None:
            return
        if not (self._flat and viewer.mouse_over_canvas and len(self._place) == viewer.dims.ndim):
            self._on_picture()
            return
        for axis in viewer.dims.not_displayed:
            self._place[axis] = viewer.dims.point[axis]
        self.moved.emit(self._place, None)

    def _on_border(self) -> None:
        viewer = self._viewer()
        if viewer is not None and not viewer.mouse_over_canvas:
            self._on_picture()

    def _on_picture(self) -> None:
        if self._place is not None:
            self._place = None
            self.left.emit()
