"""Cutting the 3D view open: surfaces end at a plane across one axis, and the slice of the scan lies in it."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Surface
from numpy.typing import NDArray
from psygnal import Signal

from napari_spatialmed.viewer.layer_changes import OWNER

if TYPE_CHECKING:
    from napari_spatialmed.viewer.scene import Scene

HalfSpace = tuple[NDArray[np.float64], NDArray[np.float64]]
"""A point of a plane in display world mm, and the direction of the side that stays."""


class Cut:
    """Where one viewer's surfaces are cut.

    Signal: ``changed()``.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel, scene: Scene) -> None:
        self._viewer = weakref.ref(viewer)
        self._scene = weakref.ref(scene)
        self.axis: int | None = None
        """Across which axis of (I, P, L), None where nothing is cut."""
        self.index = 0
        """The slice, as an index of that axis."""
        self.flipped = False
        """Whether the side before the slice is taken away instead of the one behind it."""
        viewer.layers.events.inserted.connect(self._on_inserted)

    def stop(self) -> None:
        """Stop listening."""
        viewer = self._viewer()
        if viewer is not None:
            viewer.layers.events.inserted.disconnect(self._on_inserted)

    @property
    def half_space(self) -> HalfSpace | None:
        """What of the scene stays; None where nothing is cut."""
        scene = self._scene()
        if self.axis is None or scene is None or scene.case is None:
            return None
        point, normal = np.zeros(3), np.zeros(3)
        point[self.axis] = self.index * scene.case.spacing[self.axis]
        # Cut from the side that one looks from first: superior, anterior, right.
        normal[self.axis] = -1.0 if self.flipped else 1.0
        return point, normal

    def across(self, axis: int | None) -> None:
        """Cut across an axis, through its middle at first; None shows everything again."""
        scene = self._scene()
        if scene is None or scene.case is None or axis == self.axis:
            return
        self.axis, self.flipped = axis, False
        if axis is not None:
            self.index = scene.case.labels.shape[axis] // 2
        self._apply()

    def move(self, index: int) -> None:
        """Cut at another slice."""
        if self.axis is not None and index != self.index:
            self.index = index
            self._apply()

    def flip(self) -> None:
        """Take the other side away."""
        if self.axis is not None:
            self.flipped = not self.flipped
            self._apply()

    def forget(self) -> None:
        """Another case: nothing is cut."""
        if self.axis is not None:
            self.axis = None
            self._cut_layers()
            self.changed.emit()

    def _apply(self) -> None:
        viewer, scene = self._viewer(), self._scene()
        if viewer is None or scene is None:
            return
        if self.axis is None:
            step = viewer.dims.current_step
            scene.case_layers.move_plane(0, int(step[0]) if len(step) == 3 else 0)
        else:
            scene.case_layers.move_plane(self.axis, self.index)
        self._cut_layers()
        self.changed.emit()

    def _cut_layers(self) -> None:
        viewer = self._viewer()
        for layer in () if viewer is None else viewer.layers:
            self._cut_layer(layer)

    def _on_inserted(self, event: Any) -> None:
        if self.axis is not None:
            self._cut_layer(event.value)

    def _cut_layer(self, layer: Any) -> None:
        if not isinstance(layer, Surface) or layer.metadata.get(OWNER) != "surface":
            return
        kept = self.half_space
        planes = (
            [] if kept is None else [{"position": tuple(kept[0]), "normal": tuple(kept[1]), "enabled": True}]
        )
        layer.experimental_clipping_planes = planes
