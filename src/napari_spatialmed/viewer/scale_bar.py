"""napari's scale bar, no longer than a narrow picture has room for beside the letter at its lower edge."""

from __future__ import annotations

import weakref

from napari.components import ViewerModel

INK = "#d8dde3"
_LONGEST_PX = 150
"""What napari gives it by itself."""
_BESIDE_PX = 32
"""Half the letter, the bar's distance from the edge, and something between the two."""
_LENGTHS_MM = tuple(n * 10.0**power for power in range(-6, 6) for n in (1, 2, 5))


class ScaleBar:
    """Keeps the bar of one viewer clear of the letter."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        viewer.canvas.events.size.connect(self._fit)
        viewer.scene.camera.events.zoom.connect(self._fit)

    def show(self) -> None:
        """Put it into the picture."""
        viewer = self._viewer()
        if viewer is not None:
            bar = viewer.canvas.overlays.scale_bar
            bar.visible, bar.colored, bar.color = True, True, INK
            self._fit()

    def stop(self) -> None:
        """Stop listening."""
        viewer = self._viewer()
        if viewer is not None:
            viewer.canvas.events.size.disconnect(self._fit)
            viewer.scene.camera.events.zoom.disconnect(self._fit)

    def _fit(self) -> None:
        viewer = self._viewer()
        if viewer is None:
            return
        room = viewer.canvas.size[1] / 2 - _BESIDE_PX
        length = None
        if room < _LONGEST_PX:
            room_mm = room / viewer.scene.camera.zoom
            length = max((n for n in _LENGTHS_MM if n <= room_mm), default=None)
        bar = viewer.canvas.overlays.scale_bar
        if bar.length != length:
            bar.length = length
            # napari draws another length only once the zoom is another, too; at another size of its font it looks again.
            bar.events.font_size.emit(bar.font_size)
