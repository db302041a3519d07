"""Room for the numbers beside napari's sliders: it gives them the width of its default font, which cuts them in a larger one."""

from __future__ import annotations

from napari.components import ViewerModel
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QLabel, QLineEdit, QScrollBar, QWidget

_LABELS, _MARGIN_PX = "slice_label", 8
"""napari's name of these numbers; what a field needs beside its digits."""
_SLIDER_PX = 100
"""napari gives a slider 150 at least."""


class SliderNumbers(QObject):
    """Widens them, whenever napari sets their width or their font changes.

    Parameters
    ----------
    viewer
        Its sliders come and go with its axes.
    sliders
        napari's widget around them, whose child this becomes.
    """

    def __init__(self, viewer: ViewerModel, sliders: QWidget) -> None:
        super().__init__(sliders)
        self._sliders = sliders
        viewer.dims.events.ndim.connect(self._watch)
        self._watch()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Qt: a number was resized, styled, or is seen."""
        kinds = (QEvent.Type.Resize, QEvent.Type.FontChange, QEvent.Type.StyleChange, QEvent.Type.Show)
        if event is not None and event.type() in kinds and isinstance(watched, QLabel | QLineEdit):
            self._widen()
        return False

    def _watch(self) -> None:
        for label in self._labels():
            label.installEventFilter(self)
        # What the numbers take the sliders give, or on a small screen the window would grow.
        for slider in self._sliders.findChildren(QScrollBar):
            slider.setMinimumWidth(_SLIDER_PX)
        self._widen()

    def _labels(self) -> list[QWidget]:
        return self._sliders.findChildren(QWidget, _LABELS)

    def _widen(self) -> None:
        for label in self._labels():
            if isinstance(label, QLabel | QLineEdit):
                wanted = label.fontMetrics().horizontalAdvance(label.text()) + _MARGIN_PX
                if label.width() < wanted:
                    label.setFixedWidth(wanted)
