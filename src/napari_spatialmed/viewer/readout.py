"""What lies under the cursor, written at the canvas's edge: structure, patient coordinates, intensity."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.components import ViewerModel
from napari.components.overlays import TextOverlay

from napari_spatialmed.viewer.clicks import place_at
from napari_spatialmed.viewer.messages import shown
from napari_spatialmed.viewer.space import BETWEEN, ras_from_world, ras_text

if TYPE_CHECKING:
    from napari_spatialmed.viewer.scene import Scene

SEPARATOR = "  ·  "
_NARROW_PX, _VERY_NARROW_PX = 900, 560
_KEY = "spatialmed_readout"


class Readout:
    """Follows the cursor of one viewer."""

    def __init__(self, viewer: ViewerModel, scene: Scene) -> None:
        self._viewer = weakref.ref(viewer)
        self._scene = weakref.ref(scene)
        self.overlay = TextOverlay(position="bottom_left", font_size=10, visible=False, box=True)
        viewer.canvas.overlays[_KEY] = self.overlay
        viewer.mouse_move_callbacks.append(self._on_move)

    def stop(self) -> None:
        """Take it off the canvas and stop listening."""
        viewer = self._viewer()
        if viewer is not None:
            viewer.mouse_move_callbacks.remove(self._on_move)
            viewer.canvas.overlays.pop(_KEY, None)

    def say(self, text: str) -> None:
        """Write this until the mouse moves; on a small canvas in lines, or it would cover letters and scale bar."""
        viewer = self._viewer()
        width = _NARROW_PX if viewer is None else viewer.canvas.size[1]
        if width < _NARROW_PX:
            text = text.replace(SEPARATOR, "\n")
        if width < _VERY_NARROW_PX:
            text = text.replace(BETWEEN, "\n")
        if text != self.overlay.text:
            self.overlay.text = text
        self.overlay.visible = bool(text)

    def _on_move(self, viewer: ViewerModel, event: Any) -> None:
        scene = self._scene()
        if scene is None or scene.case is None:
            self.overlay.visible = False
            return
        self.say(readout_text(scene, np.asarray(event.position, float), event.view_direction))


def readout_text(scene: Scene, position: np.ndarray, direction: np.ndarray | None) -> str:
    """One line for a cursor position; empty outside of the scan."""
    case = scene.case
    place = place_at(scene, position, direction)
    if case is None or place is None:
        return ""
    name, world = place
    index = np.rint(world / case.spacing).astype(int)
    parts = [case[name].title if name is not None else "", ras_text(ras_from_world(case, world))]
    if case.image is not None:
        value = float(case.image[tuple(index)])
        parts.append(f"{value:.0f} HU" if case.modality == "CT" else f"{value:.5g}")
    return shown(SEPARATOR.join(p for p in parts if p))
