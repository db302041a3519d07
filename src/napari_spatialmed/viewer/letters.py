"""R/L, A/P, S/I at the canvas's edges, in 2D and in 3D: they prove the view to whoever reads it."""

from __future__ import annotations

import weakref

import numpy as np
from napari.components import ViewerModel
from napari.components.overlays import TextOverlay

from napari_spatialmed.viewer.space import AXIS_ENDS

_EDGES = {"left": "middle_left", "right": "middle_right", "top": "top_center", "bottom": "bottom_center"}
_BLANK = " "
"""Written where there is no letter.  The texts are drawn from the beginning, so that the half second which their first
drawing takes falls into laying out the window, not into opening a scan."""
_INK = "#f0f2f4"
_BOX = (0.05, 0.055, 0.06, 0.5)
"""Behind a letter in 2D: white letters on bright bone or fluid can't be read without.  In 3D they stand on the dark
background, and four boxes would make each frame take a third longer."""
_NAMED_FROM = 0.35
"""In an oblique view a direction is named at an edge if it contributes at least this cosine."""


class OrientationLetters:
    """Keeps four letters of one viewer true to its axes and camera."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._shown = False
        self._overlays = {
            edge: TextOverlay(
                position=position,
                font_size=14,
                text=_BLANK,
                visible=True,
                color=_INK,
                box=False,
                box_color=_BOX,
            )
            for edge, position in _EDGES.items()
        }
        for edge, overlay in self._overlays.items():
            viewer.canvas.overlays[f"spatialmed_{edge}"] = overlay
        viewer.dims.events.order.connect(self.refresh)
        viewer.dims.events.ndisplay.connect(self.refresh)
        viewer.scene.camera.events.angles.connect(self.refresh)
        viewer.scene.camera.events.orientation.connect(self.refresh)

    def letters(self) -> dict[str, str]:
        """Edge of the canvas → letters."""
        viewer = self._viewer()
        if viewer is None or viewer.dims.ndim != 3:
            return dict.fromkeys(_EDGES, "")
        order = viewer.dims.order
        if viewer.dims.ndisplay == 2:
            vertical, horizontal = AXIS_ENDS[order[1]], AXIS_ENDS[order[2]]
            down, right = viewer.scene.camera.orientation2d
            top, bottom = vertical if down == "down" else vertical[::-1]
            left, right_end = horizontal if right == "right" else horizontal[::-1]
            return {"left": left, "right": right_end, "top": top, "bottom": bottom}
        up = np.asarray(viewer.scene.camera.up_direction, float)
        # Left-handed scenes (a flipped axis) turn the cross product round.
        hand = 1.0 if viewer.scene.camera.handedness == "right" else -1.0
        to_right = hand * np.cross(np.asarray(viewer.scene.camera.view_direction, float), up)
        return {
            "left": _named(-to_right, order),
            "right": _named(to_right, order),
            "top": _named(up, order),
            "bottom": _named(-up, order),
        }

    def refresh(self) -> None:
        """Write the letters anew."""
        viewer = self._viewer()
        flat = viewer is not None and viewer.dims.ndisplay == 2
        for edge, letter in self.letters().items():
            overlay = self._overlays[edge]
            box = flat and self._shown and bool(letter)
            if overlay.box != box:
                overlay.box = box
            text = letter if self._shown and letter else _BLANK
            if overlay.text != text:
                overlay.text = text

    def show(self, visible: bool) -> None:
        """Show or hide all four."""
        self._shown = visible
        self.refresh()

    def remove(self) -> None:
        """Take them off the canvas and stop listening."""
        viewer = self._viewer()
        if viewer is None:
            return
        for events in (viewer.dims.events.order, viewer.dims.events.ndisplay):
            events.disconnect(self.refresh)
        viewer.scene.camera.events.angles.disconnect(self.refresh)
        viewer.scene.camera.events.orientation.disconnect(self.refresh)
        for edge in self._overlays:
            viewer.canvas.overlays.pop(f"spatialmed_{edge}", None)


def _named(direction: np.ndarray, order: tuple[int, ...]) -> str:
    """The letters of a direction of the displayed axes, strongest first."""
    named = []
    for component, axis in sorted(zip(direction, order, strict=True), key=lambda pair: -abs(pair[0])):
        if abs(component) >= _NAMED_FROM:
            named.append(AXIS_ENDS[axis][1 if component > 0 else 0])
    return "".join(named)
