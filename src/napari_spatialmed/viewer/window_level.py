"""Window and level of the scan by dragging, as in every radiology viewer: to the right wider, upwards a higher level.

Numbers and presets are in the Case dock's :mod:`window_row`; all go through :meth:`WindowLevel.set`.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtCore import QTimer

from napari_spatialmed.viewer.layer_changes import OWNER
from napari_spatialmed.viewer.readout import SEPARATOR
from napari_spatialmed.viewer.space import BETWEEN

if TYPE_CHECKING:
    from napari_spatialmed.viewer.scene import Scene

DOUBLED_IN_PX = 200.0
"""A drag of this many pixels to the right doubles the width; one upwards raises the level by half of it."""
_STILL_PX = 4
"""A press that moves less is a click, which chooses a structure."""
_FINEST = 1000.0
"""Where intensities have no fixed scale, numbers are steps of about this part of the scan's range."""


class WindowLevel:
    """Width and level of the scan that a scene shows.

    Both are in the scan's own values: HU for CT.
    """

    def __init__(self, viewer: ViewerModel, scene: Scene) -> None:
        self._viewer = weakref.ref(viewer)
        self._scene = weakref.ref(scene)
        # napari's own slider is followed once it rests for a turn: while a case comes, limits change, too.
        self._following = QTimer()
        self._following.setSingleShot(True)
        self._following.setInterval(0)
        self._following.timeout.connect(self._follow)
        self._drag = WindowDrag(viewer, scene)
        viewer.layers.events.inserted.connect(self._on_inserted)

    def stop(self) -> None:
        """Stop listening."""
        self._following.stop()
        self._drag.stop()
        viewer = self._viewer()
        if viewer is not None:
            viewer.layers.events.inserted.disconnect(self._on_inserted)
            for layer in viewer.layers:
                if _is_scan(layer):
                    layer.events.contrast_limits.disconnect(self._on_limits)

    @property
    def value(self) -> tuple[float, float] | None:
        """Width and level; None without a scan."""
        scene = self._scene()
        image = None if scene is None or scene.case is None else scene.case_layers.image
        if image is None:
            return None
        low, high = (float(v) for v in image.contrast_limits)
        return high - low, (high + low) / 2

    @property
    def preset(self) -> str | None:
        """Name of the preset on show; None for one's own window."""
        scene, value = self._scene(), self.value
        if scene is None or value is None:
            return None
        for name, (low, high) in scene.windows.items():
            if np.allclose(value, (high - low, (high + low) / 2), atol=self.step / 2):
                return name
        return None

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest value of the scan and its presets."""
        scene = self._scene()
        prepared = None if scene is None else scene.prepared
        if prepared is None or len(prepared.layers) < 2:
            return 0.0, 1.0
        pairs = [prepared.layers[0][1]["contrast_limits_range"], *prepared.windows.values()]
        return float(min(low for low, _ in pairs)), float(max(high for _, high in pairs))

    @property
    def step(self) -> float:
        """Of what width and level are whole multiples: 1 HU for CT."""
        scene = self._scene()
        if scene is not None and scene.case is not None and scene.case.modality == "CT":
            return 1.0
        low, high = self.range
        return float(10.0 ** math.floor(math.log10(max(high - low, 1e-12) / _FINEST)))

    def set(self, width: float, level: float) -> None:
        """Show this width around this level, or the nearest that the scan's range allows."""
        scene = self._scene()
        if scene is None or self.value is None:
            return
        (low, high), step = self.range, self.step
        width = float(np.clip(round(width / step) * step, step, max(high - low, step)))
        level = float(np.clip(round(level / step) * step, low, high))
        if not np.allclose(self.value or (), (width, level), atol=step / 1000):
            scene.set_window(level - width / 2, level + width / 2)

    def next_preset(self) -> None:
        """Go on to the next preset; from one's own window back to the first."""
        scene, here = self._scene(), self.preset
        names = [] if scene is None else list(scene.windows)
        if scene is not None and names:
            scene.set_window(
                *scene.windows[names[(names.index(here) + 1) % len(names) if here in names else 0]]
            )
            scene.say(f"{self.preset}{SEPARATOR}{self.text()}")

    def text(self) -> str:
        """In words: ``W 350 L 40 HU``."""
        scene, value = self._scene(), self.value
        if scene is None or scene.case is None or value is None:
            return ""
        width, level = (f"{v:.{decimals(self.step)}f}" for v in value)
        return f"W {width}{BETWEEN}L {level}" + (" HU" if scene.case.modality == "CT" else "")

    def _on_inserted(self, event: Any) -> None:
        if _is_scan(event.value):
            event.value.events.contrast_limits.connect(self._on_limits)

    def _on_limits(self) -> None:
        self._following.start()

    def _follow(self) -> None:
        """After napari's own contrast slider: the same in 3D and in the side views."""
        scene = self._scene()
        image = None if scene is None or scene.case is None else scene.case_layers.image
        if scene is None or not scene.has_viewer or image is None:
            return
        low, high = (float(v) for v in image.contrast_limits)
        # napari tells of limits that were set again to what they are, as they are below: that would go on for ever.
        if (low, high) != scene.case_layers.window:
            scene.set_window(low, high)


class WindowDrag:
    """Ctrl and a drag in one 2D view change the window of a scene's scan, unless a tool is chosen."""

    def __init__(self, viewer: ViewerModel, scene: Scene) -> None:
        self._viewer = weakref.ref(viewer)
        self._scene = weakref.ref(scene)
        viewer.mouse_drag_callbacks.append(self._on_press)

    def stop(self) -> None:
        """Stop listening."""
        viewer = self._viewer()
        if viewer is not None and self._on_press in viewer.mouse_drag_callbacks:
            viewer.mouse_drag_callbacks.remove(self._on_press)

    def _on_press(self, viewer: ViewerModel, event: Any) -> Generator[None, None, None]:
        scene = self._scene()
        start = None if scene is None else scene.window_level.value
        tool = getattr(viewer.layers.selection.active, "mode", "pan_zoom")
        if (
            scene is None
            or start is None
            or viewer.dims.ndisplay != 2
            or tuple(event.modifiers) != ("Control",)
            or event.button not in (1, 2)
            or tool not in ("pan_zoom", "transform")
        ):
            return
        at = np.asarray(event.pos, float)
        # Neither shifts nor zooms the picture.
        event.handled = True
        yield
        moving = False
        while event.type == "mouse_move":
            right, down = np.asarray(event.pos, float) - at
            moving = moving or max(abs(right), abs(down)) > _STILL_PX
            if moving:
                window_dragged(scene, start, right, down)
            event.handled = True
            yield
        event.handled = True


def window_dragged(scene: Scene, start: tuple[float, float], right: float, down: float) -> None:
    """Set the window to what it becomes after a drag of so many pixels from a width and level."""
    width, level = start
    scene.window_level.set(width * 2.0 ** (right / DOUBLED_IN_PX), level - down / DOUBLED_IN_PX * width / 2)
    scene.say(scene.window_level.text())


def decimals(step: float) -> int:
    """How many decimals show a whole multiple of a step."""
    return max(0, -math.floor(math.log10(step)))


def _is_scan(layer: Any) -> bool:
    return isinstance(layer, Image) and layer.metadata.get(OWNER) == "scan"
