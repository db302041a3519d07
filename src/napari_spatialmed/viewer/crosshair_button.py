"""The button of the Case dock that draws crosshairs in the 2D views, or none."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton, QWidget

from napari_spatialmed.viewer.crosshair import CrosshairSwitch


class CrosshairButton(QPushButton):
    """Follows the switch, whichever way it was turned."""

    def __init__(self, switch: CrosshairSwitch, parent: QWidget | None = None) -> None:
        super().__init__("┼", parent)
        self.setCheckable(True)
        self.setChecked(switch.on)
        self.setToolTip("Crosshair in the 2D views, or none (Shift+H)")
        self.setAccessibleName("Crosshair")
        # In widths of letters, so that it grows with the font.
        self.setStyleSheet("QPushButton { min-width: 1.2em; max-width: 1.6em; }")
        self.toggled.connect(switch.turn)
        switch.changed.connect(self._show)

    def _show(self, on: bool) -> None:
        self.setChecked(on)
