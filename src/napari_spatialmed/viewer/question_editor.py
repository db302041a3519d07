"""A question's text, editable in place: each field is handed over when it is left; the rules are re-checked as one types."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QObject, QTimer, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from napari_spatialmed.benchmark.state import with_change
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.questions import LETTERS, Question
from napari_spatialmed.viewer.messages import MAX_SHOWN, PlainLabel

CHECK_AFTER_MS = 120


class QuestionEditor(QWidget):
    """Stem, options and answer of one question.

    Signals: ``left(field, value)`` when a changed field is left, ``typed(question)`` while one types, with the question as
    it would read.
    """

    left = Signal(str, object)
    typed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._question: Question | None = None
        self.stem = QPlainTextEdit()
        self.stem.setAccessibleName("Stem")
        self.stem.setPlaceholderText("The question")
        self.stem.setTabChangesFocus(True)
        self.stem.setFixedHeight(66)
        self.stem.installEventFilter(self)
        self.stem.textChanged.connect(self._typing)
        self.heading = PlainLabel(quiet=True)
        self.options: list[QLineEdit] = []
        self.letters = QButtonGroup(self)
        self.grid = QGridLayout()
        self.grid.setColumnStretch(1, 1)
        self.open_answer = PlainLabel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.heading)
        layout.addWidget(self.stem)
        layout.addLayout(self.grid)
        layout.addWidget(self.open_answer)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(CHECK_AFTER_MS)
        self._timer.timeout.connect(self._emit_typed)
        self.letters.idClicked.connect(self._answer_chosen)

    @property
    def question(self) -> Question | None:
        """The question as it was when shown."""
        return self._question

    def show_question(self, question: Question | None, heading: str = "") -> bool:
        """Show a question, or nothing; False if it stood there already, so that what is being typed stays."""
        before, self._question = self._question, question
        self.setEnabled(question is not None)
        self.heading.setText(heading)
        if _texts(before) == _texts(question):
            return False
        self._timer.stop()
        self.stem.blockSignals(True)
        self.stem.setPlainText("" if question is None else question.stem[:MAX_SHOWN])
        self.stem.blockSignals(False)
        self._show_options(() if question is None else question.options)
        for n, button in enumerate(self.letters.buttons()):
            button.setChecked(question is not None and question.answer == LETTERS[n])
        self.open_answer.setVisible(question is not None and question.is_open)
        if question is not None and question.is_open:
            spread = "" if question.uncertainty is None else f" ± {question.uncertainty:.2g}"
            self.open_answer.setText(f"Answer, computed: {question.answer}{spread} {question.unit}")
        return True

    def edited(self) -> Question | None:
        """The question as it reads now; None while it can't be one (an empty option, say)."""
        if self._question is None:
            return None
        try:
            return with_change(self._question, "question", self._values())
        except SpatialMedError:
            return None

    def commit(self) -> None:
        """Hand over every field that was changed and not yet left."""
        question = self._question
        if question is None:
            return
        for field, value in self._values().items():
            if value != _plain(getattr(question, field)):
                self.left.emit(field, value)

    def _values(self) -> dict[str, Any]:
        assert self._question is not None
        values: dict[str, Any] = {"stem": self.stem.toPlainText().strip()}
        if self._question.options:
            values["options"] = [line.text().strip() for line in self.options]
            values["answer"] = LETTERS[max(self.letters.checkedId(), 0)]
        return values

    def _show_options(self, options: tuple[str, ...]) -> None:
        while len(self.options) > len(options):
            line = self.options.pop()
            button = self.letters.button(len(self.options))
            self.letters.removeButton(button)
            for widget in (line, button):
                self.grid.removeWidget(widget)
                widget.deleteLater()
        while len(self.options) < len(options):
            n = len(self.options)
            button, line = QRadioButton(LETTERS[n]), QLineEdit()
            button.setToolTip("The correct answer")
            button.setAccessibleName(f"{LETTERS[n]} is the correct answer")
            line.setAccessibleName(f"Option {LETTERS[n]}")
            line.editingFinished.connect(self.commit)
            line.textEdited.connect(self._typing)
            self.letters.addButton(button, n)
            self.grid.addWidget(button, n, 0)
            self.grid.addWidget(line, n, 1)
            # Made after the rest of the dock: without this, Tab would reach them last.
            QWidget.setTabOrder(self.options[-1] if self.options else self.stem, button)
            QWidget.setTabOrder(button, line)
            self.options.append(line)
        for line, text in zip(self.options, options, strict=True):
            line.setText(text)
            line.setCursorPosition(0)

    def _answer_chosen(self, _n: int) -> None:
        self._emit_typed()
        self.commit()

    def _typing(self, *_: object) -> None:
        self._timer.start()

    def _emit_typed(self) -> None:
        question = self.edited()
        if question is not None:
            self.typed.emit(question)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.stem and event.type() == QEvent.Type.FocusOut:
            self.commit()
        return super().eventFilter(watched, event)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _texts(question: Question | None) -> object:
    """What is shown of a question."""
    return question and (
        question.id,
        question.stem,
        question.options,
        question.answer,
        question.unit,
        question.uncertainty,
    )
