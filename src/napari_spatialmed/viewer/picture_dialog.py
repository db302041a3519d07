"""Save what the canvas shows, or a whole turn of the 3D view: kind, size, caption, progress, cancel."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.frames import framed
from napari_spatialmed.viewer.memory import recall, remember
from napari_spatialmed.viewer.messages import MessageLine, not_a_device
from napari_spatialmed.viewer.pictures import (
    PictureError,
    Turn,
    Turntable,
    film_is_possible,
    record_turn,
    save_picture,
)
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.work import Work

STILL = "Picture (PNG)"
_KINDS = {
    STILL: ("picture.png", "PNG (*.png)"),
    "Turntable (animated GIF)": ("turntable.gif", "GIF (*.gif)"),
    "Turntable (animated PNG)": ("turntable.png", "PNG (*.png)"),
    "Turntable (MP4)": ("turntable.mp4", "MP4 (*.mp4)"),
    "Turntable (folder of PNGs)": ("turntable", "Folder (*)"),
}
_SIZES: dict[str, tuple[int, int] | None] = {
    "As on the screen": None,
    "1280 × 960": (960, 1280),
    "1920 × 1440": (1440, 1920),
    "2560 × 1920": (1920, 2560),
}


class PictureDialog(QDialog):
    """Stays open, so that several pictures can be saved."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Save a picture")
        self._session = session
        self.work = Work(self)
        self.work.returned.connect(self._saved)
        self.work.failed.connect(self._fail)
        self.work.cancelled.connect(self._cancelled)
        self.work.finished.connect(self._enable)
        self._make_widgets()
        self._list_kinds()
        session.scene.view_changed.connect(self._list_kinds)
        framed(self)
        self.setMinimumWidth(420)

    def _make_widgets(self) -> None:
        self.kind = QComboBox(self)
        self.kind.setToolTip("A turntable is a whole turn of the 3D view: switch to 3D first")
        self.kind.currentTextChanged.connect(self._enable)
        self.size_box = QComboBox(self)
        self.size_box.addItems(list(_SIZES))
        self.size_box.setToolTip("Width × height in pixels")
        self.frames, self.seconds = QSpinBox(self), QDoubleSpinBox(self)
        self.frames.setRange(8, 120)
        self.frames.setValue(36)
        self.frames.setToolTip("Pictures in one whole turn")
        self.seconds.setRange(1, 60)
        self.seconds.setValue(6)
        self.seconds.setSuffix(" s")
        self.seconds.setToolTip("How long a turn takes when played")
        self.caption = QLineEdit(self)
        case = self._session.case
        self.caption.setText("" if case is None else case.id)
        self.caption.setToolTip(
            "Written under the picture; at first the case's id, because file names may name a patient"
        )
        self.form = QFormLayout()
        for title, field in (
            ("Kind", self.kind),
            ("Size", self.size_box),
            ("Pictures", self.frames),
            ("Duration", self.seconds),
            ("Caption", self.caption),
        ):
            field.setAccessibleName(title)
            self.form.addRow(title, field)
        self.message = MessageLine(self)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.save_button = self.buttons.addButton("Save…", QDialogButtonBox.ButtonRole.ActionRole)
        self.save_button.setToolTip("Choose a file and save")
        self.save_button.clicked.connect(self._choose)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(self.form)
        layout.addWidget(BusyBar(self.work, self))
        layout.addWidget(self.message)
        layout.addWidget(not_a_device(self))
        layout.addWidget(self.buttons)

    def save(self, path: Path) -> None:
        """Save what is chosen to this path."""
        scene, caption = self._session.scene, self.caption.text()
        size = _SIZES[self.size_box.currentText()]
        self.message.clear()
        if self.kind.currentText() == STILL:
            try:
                self._saved(save_picture(scene.screenshot(size=size), caption, path))
            except PictureError as error:
                self._fail(error)
            return
        turn = Turn(self.frames.value(), self.seconds.value(), size)
        self.work.run("Turntable", record_turn, Turntable(scene), turn, caption, path)
        self._enable()

    def done(self, result: int) -> None:
        """Qt: a turn under way ends with the dialog."""
        self._session.scene.view_changed.disconnect(self._list_kinds, missing_ok=True)
        self.work.cancel()
        super().done(result)

    def _choose(self) -> None:
        name, kinds = _KINDS[self.kind.currentText()]
        start = str(Path(recall("results_folder", "")) / name)
        text, _ = QFileDialog.getSaveFileName(self, "Save the picture", start, kinds)
        if text:
            path, ending = Path(text), Path(name).suffix
            remember("results_folder", str(path.parent))
            self.save(path if path.suffix.casefold() == ending else path.with_name(path.name + ending))

    def _list_kinds(self) -> None:
        """What can be saved of the view on show: the dialog stays open while that turns."""
        kind, flat = self.kind.currentText(), self._session.scene.viewer.dims.ndisplay == 2
        self.kind.clear()
        for title in _KINDS:
            if title == STILL or (not flat and (film_is_possible() or "MP4" not in title)):
                self.kind.addItem(title)
        self.kind.setCurrentIndex(max(self.kind.findText(kind), 0))

    def _enable(self) -> None:
        turning = self.kind.currentText() != STILL
        for field in (self.frames, self.seconds):
            self.form.setRowVisible(field, turning)
        self.save_button.setEnabled(not self.work.running)

    def _saved(self, path: Path) -> None:
        self.message.say(f"Saved {path.name}.", "good")

    def _fail(self, error: PictureError) -> None:
        self.message.fail(error)

    def _cancelled(self) -> None:
        self.message.say("Cancelled; nothing was written.")
