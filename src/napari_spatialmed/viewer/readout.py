"""What lies under the cursor, written at the canvas's edge: structure, patient coordinates, intensity."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

import numpy as np
from napari.components import ViewerModel
from napari.components.overlays import TextOverlay
from numpy.typing import NDArray

from napari_spatialmed.viewer.clicks import place_at
from napari_spatialmed.viewer.messages import shown
from napari_spatialmed.viewer.space import BETWEEN, ras_from_world, ras_text

if TYPE_CHECKING:
    from napari_spatialmed.viewer.scene import Scene

SEPARATOR = "  ·  "
_NARROW_PX, _VERY_NARROW_PX = 900, 560
_LETTER_PX = 10.5
"""Of a letter, with some room: a line that reaches the middle would cover the letter there."""
_KEY = "spatialmed_readout"


class Readout:
    """Follows the cursor of one viewer."""

    def __init__(self, viewer: ViewerModel, scene: Scene) -> None:
        self._viewer = weakref.ref(viewer)
        self._scene = weakref.ref(scene)
        self.overlay = TextOverlay(position="bottom_left", font_size=10, visible=False, box=True)
        viewer.canvas.overlays[_KEY] = self.overlay
        self._hovering = False
        scene.hover.moved.connect(self._on_move)
        scene.hover.left.connect(self._on_left)

    def stop(self) -> None:
        """Take it off the canvas."""
        viewer = self._viewer()
        if viewer is not None:
            viewer.canvas.overlays.pop(_KEY, None)

    def say(self, text: str) -> None:
        """Write this until the mouse moves; on a small canvas in lines, or it would cover letters and scale bar."""
        self._hovering = False
        viewer = self._viewer()
        width = _NARROW_PX if viewer is None else viewer.canvas.size[1]
        if width < max(_NARROW_PX, 2 * (len(text) + 2) * _LETTER_PX):
            text = text.replace(SEPARATOR, "\n")
        if width < _VERY_NARROW_PX:
            text = text.replace(BETWEEN, "\n")
        if text != self.overlay.text:
            self.overlay.text = text
        self.overlay.visible = bool(text)

    def _on_move(self, place: NDArray[np.float64], direction: NDArray[np.float64] | None) -> None:
        scene = self._scene()
        self.say("" if scene is None else readout_text(scene, place, direction))
        self._hovering = True

    def _on_left(self) -> None:
        if self._hovering:
            self.say("")


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
