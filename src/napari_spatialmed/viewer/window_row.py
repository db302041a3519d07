"""The row of the Case dock for the scan's grey scale: presets, width and level."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QWidget

from napari_spatialmed.viewer.number_box import NumberBox
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.window_level import decimals

OWN = "Own"
"""Shown for a window that is none of the presets."""


class WindowRow(QWidget):
    """Follows the scan's window, whichever way it was changed."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._window = session.scene.window_level
        self.presets = QComboBox(self)
        self.presets.setPlaceholderText(OWN)
        self.presets.setToolTip(
            "Window presets: which intensities are spread over the grey scale.\n"
            "Next preset: Shift+W. By hand: Ctrl and drag in a picture, to the right wider, up a higher level."
        )
        self.presets.setAccessibleName("Window preset")
        # It gives way where the dock is narrow: the numbers beside it say the same.
        self.presets.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.width_box = self._number(
            "W", "Width of the window: how many values are spread over the grey scale"
        )
        self.level_box = self._number("L", "Level of the window: the value shown in middle grey")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.presets, 4)
        layout.addWidget(self.width_box, 3)
        layout.addWidget(self.level_box, 3)
        self.presets.activated.connect(self._choose)
        self.width_box.valueChanged.connect(self._type)
        self.level_box.valueChanged.connect(self._type)
        session.scene.looks_changed.connect(self._show)

    def show_case(self) -> None:
        """Offer the presets and the range of the case on show."""
        scene = self._session.scene
        self.presets.clear()
        self.presets.addItems(list(scene.windows))
        (low, high), step = self._window.range, self._window.step
        for box, least, most in ((self.width_box, step, high - low), (self.level_box, low, high)):
            box.blockSignals(True)
            box.setDecimals(decimals(step))
            box.setSingleStep(max(step, round((high - low) / 200 / step) * step))
            box.setRange(least, max(most, least))
            box.blockSignals(False)
        self._show()
        self.setVisible(self._window.value is not None)

    def _number(self, letter: str, tip: str) -> NumberBox:
        box = NumberBox(self)
        box.setPrefix(f"{letter} ")
        box.setAccessibleName(tip.partition(":")[0])
        box.setToolTip(tip)
        box.refused.connect(self._session.scene.say)
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        # Room for a minus sign and five digits.
        box.setMinimumWidth(box.fontMetrics().horizontalAdvance("W -00000") + 12)
        return box

    def _choose(self) -> None:
        limits = self._session.scene.windows.get(self.presets.currentText())
        if limits is not None:
            self._session.scene.set_window(*limits)

    def _type(self) -> None:
        self._window.set(self.width_box.value(), self.level_box.value())

    def _show(self) -> None:
        value = self._window.value
        if value is None:
            return
        for box, number in zip((self.width_box, self.level_box), value, strict=True):
            if box.value() != number:
                box.blockSignals(True)
                box.setValue(number)
                box.blockSignals(False)
        self.presets.setCurrentIndex(self.presets.findText(self._window.preset or ""))
