"""A dock's progress bar with Cancel, bound to the dock's :class:`~napari_spatialmed.viewer.work.Work`."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QWidget

from napari_spatialmed.viewer.messages import shown
from napari_spatialmed.viewer.work import Work


class BusyBar(QWidget):
    """Appears while work runs, shows how far it is and what it does, and can cancel it."""

    def __init__(self, work: Work, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._title = ""
        self.bar = QProgressBar(self)
        self.bar.setAccessibleName("Progress")
        self.bar.setTextVisible(True)
        self.bar.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.cancel_button = QPushButton("Cancel", self)
        self.cancel_button.setAccessibleName("Cancel the running task")
        self.cancel_button.setToolTip("Stop what is running")
        self.cancel_button.clicked.connect(self._cancel)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.bar, 1)
        layout.addWidget(self.cancel_button)
        work.started.connect(self._begin)
        work.progressed.connect(self._advance)
        work.finished.connect(self.hide)
        self.setVisible(work.running)

    def _begin(self, title: str) -> None:
        self._title = shown(title)
        self._advance(-1.0, "")
        self.show()

    def _advance(self, fraction: float, text: str) -> None:
        # A range of 0–0 is Qt's way of saying "busy, don't know how long".
        self.bar.setRange(0, 100 if fraction >= 0 else 0)
        self.bar.setValue(round(fraction * 100) if fraction >= 0 else 0)
        self.bar.setFormat(shown(text or self._title).replace("%", "%%"))
        self.bar.setAccessibleName(shown(text or self._title))
        self.setToolTip("")

    def _cancel(self) -> None:
        self._work.cancel()
