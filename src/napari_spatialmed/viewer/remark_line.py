"""One line for what a reviewer has to say apart from a score: why they flag a question, or a remark on it."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from napari_spatialmed.viewer.messages import PlainLabel
from napari_spatialmed.viewer.saved_changes import SavedChanges
from napari_spatialmed.viewer.session import Session

PROMPTS = {
    "flag": ("Flag", "Why? May stay empty. Enter raises the flag"),
    "remark": ("Remark", "On the question, apart from your score. Enter saves"),
}


class RemarkLine(QWidget):
    """Hidden until a flag is raised or a remark is wanted; another question closes it."""

    def __init__(self, session: Session, changes: SavedChanges, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._changes = session, changes
        self._kind = ""
        self.title = PlainLabel()
        self.line = QLineEdit()
        self.save_button = QPushButton("Save")
        self.cancel_button = QPushButton("Cancel")
        self.line.setAccessibleName("Remark")
        self.save_button.setToolTip("Save the remark (Enter)")
        self.cancel_button.setToolTip("Write no remark (Escape)")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.title)
        layout.addWidget(self.line, 1)
        layout.addWidget(self.save_button)
        layout.addWidget(self.cancel_button)
        self.save_button.clicked.connect(self.finish)
        self.cancel_button.clicked.connect(self.cancel)
        self.hide()

    @property
    def is_written_in(self) -> bool:
        """Whether the focus is in it."""
        return self.line.hasFocus()

    def remark(self) -> None:
        """Ask for a remark, which is not part of a review."""
        self._ask("remark")

    def flag(self) -> None:
        """Ask why the flag is raised; or lower it, if it is up."""
        state, benchmark = self._session.question_state, self._session.benchmark
        if state is None or benchmark is None:
            return
        if any(flag.author == benchmark.actor for flag in state.flags):
            self._changes.make("flag", state.id, raised=False, said="Flag lowered · ")
        else:
            self._ask("flag")

    def _ask(self, kind: str) -> None:
        if self._session.question_state is None:
            return
        self._kind = kind
        title, hint = PROMPTS[kind]
        self.title.setText(title)
        self.line.clear()
        self.line.setPlaceholderText(hint)
        self.line.setAccessibleName(f"{title}: {hint}")
        self.show()
        self.line.setFocus()

    def finish(self) -> None:
        """Save what was written; an empty remark is none, a flag needs no reason."""
        text, state = self.line.text().strip(), self._session.question_state
        self.hide()
        if state is None:
            return
        if self._kind == "flag":
            self._changes.make("flag", state.id, text, said="Flag raised · ")
        elif text:
            self._changes.make("comment", state.id, text, said="Remark · ")

    def cancel(self) -> None:
        """Forget it."""
        self.hide()
