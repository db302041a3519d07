"""Spares the 3D view a reload when only the slice of the 2D views moves, or the range of its sliders.

napari gives every visible layer its data anew whenever its sliders change, though a surface in 3D has none: with a few
hundred thousand faces that is a second of the window's time at each jump to a place and each choice of a structure.
"""

from __future__ import annotations

import weakref

from napari.components import ViewerModel
from napari.layers import Surface
from napari.utils.events import EventEmitter

from napari_spatialmed.viewer.layer_changes import OWNER


class Unmoved:
    """Keeps one viewer's surfaces of ours as they are while its sliders move."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._held: tuple[Surface, ...] = ()
        self._moves = 0
        # A plugin's callback always comes after napari's own, but an emitter counts as napari's and can come first.
        self._moving = EventEmitter(type_name="moving")
        self._moving.connect(self._hold)
        for moved in (viewer.dims.events.point, viewer.dims.events.current_step):
            moved.connect(self._moving, position="first")
            moved.connect(self._release)

    def stop(self) -> None:
        """Stop listening."""
        viewer = self._viewer()
        if viewer is not None:
            for moved in (viewer.dims.events.point, viewer.dims.events.current_step):
                moved.disconnect(self._moving)
                moved.disconnect(self._release)

    def _hold(self) -> None:
        viewer = self._viewer()
        self._moves += 1
        if viewer is None or self._moves > 1 or viewer.dims.ndisplay != 3:
            return
        self._held = tuple(
            layer for layer in viewer.layers if isinstance(layer, Surface) and OWNER in layer.metadata
        )
        for layer in self._held:
            layer.events.set_data.block()

    def _release(self) -> None:
        self._moves -= 1
        if self._moves == 0:
            held, self._held = self._held, ()
            for layer in held:
                layer.events.set_data.unblock()
