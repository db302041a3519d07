"""The row of the Case dock that cuts the 3D view open; on show in 3D only."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSlider, QWidget

from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.space import AXIS_ENDS, PLANES

UNCUT = "Whole"


class CutRow(QWidget):
    """Across which plane, where, and which side."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._cut = session.scene.cut
        self.planes = QComboBox(self)
        self.planes.addItem(UNCUT, None)
        for axis, plane in PLANES.items():
            self.planes.addItem(f"Cut {plane}", axis)
        self.planes.setAccessibleName("Cut the 3D view")
        self.planes.setToolTip("Cut the surfaces open along a plane, with the scan's slice in it")
        self.planes.activated.connect(self._choose)
        self.place = QSlider(Qt.Orientation.Horizontal, self)
        self.place.setAccessibleName("Place of the cut")
        self.place.valueChanged.connect(self._cut.move)
        self.flip = QPushButton("Flip", self)
        self.flip.setToolTip("Take the other side away")
        self.flip.clicked.connect(self._flip)
        self.ends = (QLabel(self), QLabel(self))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for part, stretch in (
            (self.planes, 2),
            (self.ends[0], 0),
            (self.place, 3),
            (self.ends[1], 0),
            (self.flip, 0),
        ):
            layout.addWidget(part, stretch)
        self._cut.changed.connect(self._show)
        session.scene.view_changed.connect(self._show)
        session.case_changed.connect(self._show)
        self._show()

    def _choose(self) -> None:
        self._cut.across(self.planes.currentData())

    def _flip(self) -> None:
        self._cut.flip()

    def _show(self) -> None:
        case, axis = self._session.case, self._cut.axis
        self.setVisible(case is not None and self._session.scene.viewer.dims.ndisplay == 3)
        self.planes.setCurrentIndex(self.planes.findData(axis))
        for part in (self.place, self.flip, *self.ends):
            part.setEnabled(axis is not None)
        if case is None or axis is None:
            return
        self.place.blockSignals(True)
        self.place.setRange(0, case.labels.shape[axis] - 1)
        self.place.setValue(self._cut.index)
        self.place.blockSignals(False)
        self.place.setToolTip(f"Slice {self._cut.index + 1} of {case.labels.shape[axis]}")
        for label, letter in zip(self.ends, AXIS_ENDS[axis], strict=True):
            label.setText(letter)
