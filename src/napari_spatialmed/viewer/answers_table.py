"""What models answered: one row a response, several models and ways of asking side by side."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_spatialmed.evaluation import Response
from napari_spatialmed.questions import LETTERS, Question
from napari_spatialmed.viewer.messages import shown

COLUMNS = ("Model", "Asked", "Answer", "Truth", "Outcome", "s", "Tokens")
MARKS = {"correct": "✓ correct", "wrong": "✗ wrong"}


class AnswersTable(QTableWidget):
    """Emits ``chosen(response)`` when a row is selected."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self._responses: tuple[Response, ...] = ()
        self.setHorizontalHeaderLabels(list(COLUMNS))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMaximumSectionSize(160)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setAccessibleName("Answers so far")
        self.setMinimumHeight(84)
        self.cellClicked.connect(self._clicked)

    def show_responses(self, responses: Sequence[Response]) -> None:
        """Show these, newest first."""
        self._responses = tuple(reversed(responses))
        self.setRowCount(len(self._responses))
        for row, response in enumerate(self._responses):
            cells = (
                response.model,
                response.arm + (f" +{response.rotation}" if response.rotation else ""),
                _answer_text(response),
                response.answer,
                MARKS.get(response.outcome or "", response.outcome or "not judged"),
                f"{response.seconds:.1f}",
                f"{response.tokens_in} + {response.tokens_out}",
            )
            for column, text in enumerate(cells):
                # A model's maker stands before a slash: the name is what tells models apart in a narrow column.
                item = QTableWidgetItem(shown(text.rpartition("/")[2] if column == 0 else text))
                item.setToolTip(shown(text if column == 0 else response.reason or text))
                self.setItem(row, column, item)

    def _clicked(self, row: int, _column: int) -> None:
        self.chosen.emit(self._responses[row])


def _answer_text(response: Response) -> str:
    if response.parsed is None:
        return "–"
    return f"{response.parsed:g}" if isinstance(response.parsed, float) else str(response.parsed)


def verdict_text(response: Response, question: Question | None) -> str:
    """Right or wrong beside the truth, in one line."""
    if response.outcome is None:
        return "Not judged: the question was typed freely."
    truth = response.answer
    if question is not None and question.id == response.question:
        # The letter is the one shown in this rotation, the text is the same in all.
        truth = f"{response.answer} ({question.answer_text})" if question.options else question.answer_text
    said = _answer_text(response)
    if question is not None and question.options and said in LETTERS and said:
        turned = (
            question.options[response.rotation % len(question.options) :]
            + question.options[: response.rotation % len(question.options)]
        )
        said = f"{said} ({turned[LETTERS.index(said)]})"
    mark = MARKS.get(response.outcome, response.outcome)
    return f"{mark}. The model: {said}. The labels: {truth}." + (
        f" {response.reason}" if response.parsed is None else ""
    )
