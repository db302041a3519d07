"""The Report dock's worst items: what each model answered, the way back to the scene, and a curator's view of the error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation.faithfulness import ErrorClass, override_error
from napari_spatialmed.viewer.messages import PlainLabel
from napari_spatialmed.viewer.report_data import Answered, WorstItem
from napari_spatialmed.viewer.report_tables import fill_table, plain_table
from napari_spatialmed.viewer.session import Session

BY_MACHINE = "as the machine sees it"


class ReportWorst(QWidget):
    """Emits ``overridden`` once a curator's choice is in the benchmark, ``failed(error)`` if it can't be."""

    overridden = Signal()
    failed = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._items: tuple[WorstItem, ...] = ()
        self.worst, self.answers = plain_table("Worst items"), plain_table("Answers")
        self.show_button = QPushButton("Show in the scene")
        self.show_button.setToolTip("Show what the chosen question rests on in the picture")
        self.class_box = QComboBox()
        self.class_box.addItem(BY_MACHINE, None)
        for name in get_args(ErrorClass):
            self.class_box.addItem(name, name)
        self.class_box.setAccessibleName("Kind of error, as you see it")
        self.class_box.setToolTip(
            "Overrules the machine's class of the chosen answer; it is kept in the benchmark."
        )
        self.why_edit = QLineEdit()
        self.why_edit.setPlaceholderText("Why you see it so (optional); kept with your choice")
        self.why_edit.setAccessibleName("Why you see it so")
        row = QHBoxLayout()
        row.addWidget(PlainLabel("Kind of error"))
        row.addWidget(self.class_box, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(self.worst, 2)
        layout.addWidget(self.show_button)
        layout.addWidget(self.answers, 1)
        layout.addWidget(self.why_edit)
        layout.addLayout(row)
        self.worst.currentCellChanged.connect(self._worst_chosen)
        self.answers.currentCellChanged.connect(self._answer_chosen)
        self.show_button.clicked.connect(self.show_question)
        self.class_box.activated.connect(self._override)
        self._answer_chosen()

    def show_items(self, items: Sequence[WorstItem]) -> None:
        """List these, and stay at the row where the reader is."""
        self._items = tuple(items)
        rows = tuple(((w.task, w.task), (w.stem, w.stem), (w.truth, w.truth)) for w in items)
        at = self.worst.currentRow(), self.answers.currentRow()
        fill_table(self.worst, ("Task", "Question", "Truth"), rows, stretch=1)
        if rows:
            self.worst.setCurrentCell(-1, -1)
            self.worst.setCurrentCell(min(max(at[0], 0), len(rows) - 1), 0)
            self.answers.setCurrentCell(min(max(at[1], 0), self.answers.rowCount() - 1), 0)
        self._answer_chosen()

    @property
    def chosen(self) -> WorstItem | None:
        """The worst item of the current row."""
        row = self.worst.currentRow()
        return self._items[row] if 0 <= row < len(self._items) else None

    def _worst_chosen(self, _row: int, _column: int, _before: int, _before_column: int) -> None:
        item = self.chosen
        answers = () if item is None else item.answers
        rows = tuple(
            (
                (a.model, a.explanation),
                (a.outcome, a.outcome),
                (a.parsed, a.explanation),
                (f"{a.error_class}{' (curator)' if a.overridden else ''}", a.explanation),
            )
            for a in answers
        )
        fill_table(self.answers, ("Model", "Outcome", "Answer", "Kind of error"), rows, stretch=3)
        if rows:
            self.answers.setCurrentCell(0, 0)
        self._answer_chosen()

    @property
    def answer(self) -> Answered | None:
        """The answer of the current row."""
        item, row = self.chosen, self.answers.currentRow()
        return item.answers[row] if item is not None and 0 <= row < len(item.answers) else None

    def _answer_chosen(self, *_places: int) -> None:
        answer = self.answer
        self.show_button.setEnabled(bool(self._items))
        for widget in (self.class_box, self.why_edit):
            widget.setEnabled(answer is not None and answer.can_override)
        chosen = answer.error_class if answer is not None and answer.overridden else None
        self.class_box.setCurrentIndex(max(0, self.class_box.findData(chosen)) if chosen else 0)

    def show_question(self) -> None:
        """Turn to the chosen question: the Curate dock opens its scan and draws the evidence."""
        if self.chosen is not None:
            self.session.set_question(self.chosen.question)

    def _override(self) -> None:
        benchmark, answer = self.session.benchmark, self.answer
        if benchmark is None or answer is None or not answer.can_override:
            return
        chosen: ErrorClass | None = self.class_box.currentData()
        if chosen is None and not answer.overridden:
            return
        try:
            override_error(benchmark, answer.key, chosen, self.why_edit.text().strip())
        except SpatialMedError as error:
            self.failed.emit(error)
            return
        self.why_edit.clear()
        self.overridden.emit()
