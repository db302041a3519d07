"""The lower part of the Ask dock: the answer as it comes, what it is worth, and all answers side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from napari_spatialmed.evaluation import Response
from napari_spatialmed.questions import Question
from napari_spatialmed.viewer.answers_table import AnswersTable, verdict_text
from napari_spatialmed.viewer.messages import PlainLabel, clean


class AskAnswers(QWidget):
    """Emits ``chosen(response)`` when one of the answers is picked."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setPlaceholderText("The model's answer appears here as it comes.")
        self.text.setAccessibleName("The model's answer")
        self.text.setMinimumHeight(90)
        self.verdict = PlainLabel()
        font = self.verdict.font()
        font.setBold(True)
        self.verdict.setFont(font)
        self.table = AnswersTable()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.verdict)
        layout.addWidget(self.table, 1)
        self.table.chosen.connect(self.chosen)

    def clear(self) -> None:
        """Nothing is shown of the last answer; the table stays."""
        self.text.clear()
        self.verdict.setText("")

    def stream(self, piece: Any) -> None:
        """Add a piece of text."""
        cursor = self.text.textCursor()
        cursor.movePosition(cursor.MoveOperation.End)
        cursor.insertText(clean(piece))
        self.text.setTextCursor(cursor)

    def list_answers(self, responses: Sequence[Response]) -> None:
        """Show these answers side by side, newest first."""
        self.table.show_responses(responses)

    def show_answer(self, response: Response, question: Question | None) -> None:
        """One answer whole, and right or wrong beside the truth."""
        self.text.setPlainText(clean(response.text or response.error_message))
        self.verdict.setText(verdict_text(response, question))
