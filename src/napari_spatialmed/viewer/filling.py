"""Structures filled, outlined or off in 2D, by one key: to see the scan under their colours."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_spatialmed.viewer.scene import Scene

_OUTLINE = 0.9
"""Opacity of an outline: a line as faint as a filled structure can't be followed."""


class Filling:
    """Goes round: filled, outlined, off, and filled again as strongly as before."""

    def __init__(self, scene: Scene) -> None:
        self._scene = weakref.ref(scene)
        self._filled: float | None = None

    def forget(self) -> None:
        """The next case comes filled."""
        scene = self._scene()
        labels = None if scene is None else scene.case_layers.labels
        if labels is not None and labels.contour:
            labels.contour = 0

    def next(self) -> None:
        """Go on to the next, and say which it is."""
        scene = self._scene()
        labels = None if scene is None else scene.case_layers.labels
        if scene is None or labels is None or scene.case is None or scene.viewer.dims.ndisplay != 2:
            return
        if labels.contour == 0 and labels.opacity > 0:
            self._filled, labels.contour = float(labels.opacity), 1
            shown, opacity = "outlined", max(_OUTLINE, labels.opacity)
        elif labels.contour:
            labels.contour = 0
            shown, opacity = "off", 0.0
        else:
            shown, opacity = "filled", self._filled or 0.5
        scene.set_label_opacity(opacity)
        scene.say(f"Structures {shown}")
