"""*Diagnose*: what this machine has and what is missing, to be pasted into a bug report.  Holds nothing secret."""

from __future__ import annotations

from qtpy.QtGui import QFontDatabase, QGuiApplication, QTextCursor
from qtpy.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from napari_spatialmed.diagnosis import report
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.frames import framed
from napari_spatialmed.viewer.messages import MessageLine
from napari_spatialmed.viewer.work import Job, Work


class Diagnose(QWidget):
    """Looks as soon as it is opened; the same text as ``spatialmed doctor``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.work = Work(self)
        self.message = MessageLine(self)
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Diagnosis")
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.copy_button, self.again_button = QPushButton("Copy", self), QPushButton("Look again", self)
        self.copy_button.setToolTip("Take the text to the clipboard, for a bug report")
        self.again_button.setToolTip("Look at this machine once more")
        self.copy_button.clicked.connect(self.copy)
        self.again_button.clicked.connect(self.look)
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy_button)
        buttons.addWidget(self.again_button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.message)
        layout.addWidget(self.text, 1)
        layout.addWidget(BusyBar(self.work, self))
        layout.addLayout(buttons)
        self.work.part.connect(self.text.appendPlainText)
        self.work.returned.connect(self._done)
        self.work.failed.connect(self.message.fail)
        framed(self)
        self.look()

    def look(self) -> None:
        """Look at everything, off the GUI thread."""
        self.text.clear()
        self.message.clear()
        self.work.run("Looking at this machine", _look)

    def copy(self) -> None:
        """Take the text to the clipboard."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.text.toPlainText())
        self.message.say("Copied.", "good")

    def _done(self, complete: bool) -> None:
        self.text.moveCursor(QTextCursor.MoveOperation.Start)
        if complete:
            self.message.say("Everything the main job needs is there.", "good")
        else:
            self.message.say("Something is missing: see the lines with ✗.", "warning")


def _look(job: Job) -> bool:
    def write(line: str) -> None:
        job.check()
        job.part(line)

    return report(write)
