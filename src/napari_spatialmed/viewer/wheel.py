"""The mouse wheel goes through slices, as in every radiology viewer; with Shift it zooms.  In napari it is the other way round."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from napari.components import ViewerModel

from napari_spatialmed.viewer.settings import wheel_moves_slices

_ZOOM = 1.1
"""For each notch of the wheel, as napari does."""


class Wheel:
    """Turns one viewer's wheel into slices of a viewer: the same, or the one that it follows."""

    def __init__(self, viewer: ViewerModel, leader: ViewerModel) -> None:
        self._viewer, self._leader = weakref.ref(viewer), weakref.ref(leader)
        self._progress = 0.0
        viewer.mouse_wheel_callbacks.append(self._on_wheel)

    def stop(self) -> None:
        """Stop listening."""
        viewer = self._viewer()
        if viewer is not None and self._on_wheel in viewer.mouse_wheel_callbacks:
            viewer.mouse_wheel_callbacks.remove(self._on_wheel)

    def _on_wheel(self, viewer: ViewerModel, event: Any) -> None:
        leader = self._leader()
        if leader is None or viewer.dims.ndisplay != 2 or viewer.dims.ndim != 3 or not wheel_moves_slices():
            return
        # Some systems turn the wheel sideways while Shift is held.
        notches = float(np.clip(sum(event.delta), -1, 1))
        if tuple(event.modifiers) == ("Shift",):
            viewer.scene.camera.zoom *= _ZOOM**notches
            event.handled = True
        elif not event.modifiers:
            self._scroll(leader, viewer.dims.order[0], notches if event.native.inverted() else -notches)
            event.handled = True

    def _scroll(self, leader: ViewerModel, axis: int, notches: float) -> None:
        """Go on by whole slices; a touch pad sends small parts of a notch."""
        self._progress += notches
        whole = int(self._progress)
        if whole:
            self._progress -= whole
            leader.dims.set_current_step(axis, leader.dims.current_step[axis] + whole)
