"""The pictures of a view, byte for byte as a model gets them, side by side; a click opens one at full size."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QIcon, QPixmap, QResizeEvent
from qtpy.QtWidgets import QDialog, QListView, QListWidget, QListWidgetItem, QScrollArea, QVBoxLayout, QWidget

from napari_spatialmed.evaluation import Picture, View
from napari_spatialmed.viewer.messages import PlainLabel, shown

THUMBNAIL, SMALLEST = 150, 90
"""Pixels: as large as three have room side by side, within these."""
_BESIDE, _BELOW = 12, 30


class PictureStrip(QListWidget):
    """Thumbnails with captions."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: tuple[Picture, ...] = ()
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setMovement(QListView.Movement.Static)
        self.setSpacing(4)
        self._fit()
        self.setWordWrap(True)
        self.setAccessibleName("Pictures that are sent")
        self.setToolTip("Exactly what is sent. Press Enter or double-click to enlarge.")
        self.itemActivated.connect(self._enlarge)

    def show_view(self, view: View | None) -> None:
        """Show a view's pictures, or nothing."""
        self.clear()
        self._pictures = view.pictures if view is not None else ()
        for picture in self._pictures:
            item = QListWidgetItem(QIcon(_pixmap(picture)), shown(picture.plane))
            item.setToolTip(shown(picture.caption))
            self.addItem(item)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt: make the pictures as large as there is room for three."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = (self.viewport().width() - 4 * self.spacing()) // 3 - _BESIDE - self.spacing()
        size = max(SMALLEST, min(THUMBNAIL, room))
        words = self.fontMetrics().height() + _BELOW
        self.setIconSize(QSize(size, size))
        for n in range(self.count()):
            item = self.item(n)
            if item is not None:
                item.setSizeHint(QSize(size + _BESIDE, size + words))
        bar = self.horizontalScrollBar().sizeHint().height() if self.count() > 3 else 0
        self.setFixedHeight(size + words + bar + 4 * self.spacing())

    def _enlarge(self, item: QListWidgetItem) -> None:
        picture = self._pictures[self.row(item)]
        dialog = QDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle("Sent to the model")
        label = PlainLabel()
        label.setPixmap(_pixmap(picture))
        scroll = QScrollArea(dialog)
        scroll.setWidget(label)
        layout = QVBoxLayout(dialog)
        layout.addWidget(scroll)
        layout.addWidget(
            PlainLabel(
                f"{picture.caption}\n{picture.width} × {picture.height} px, {len(picture.png) / 1024:.0f} kB"
            )
        )
        dialog.resize(min(picture.width + 60, 1100), min(picture.height + 110, 850))
        dialog.show()


def _pixmap(picture: Picture) -> QPixmap:
    pixmap = QPixmap()
    pixmap.loadFromData(picture.png, "PNG")
    return pixmap
