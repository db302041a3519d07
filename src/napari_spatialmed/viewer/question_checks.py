"""What the rules say of the question at hand as it reads now, and what its answer comes to on the labels as they are."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_spatialmed.benchmark import IMPORTED_FORM
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import Question, Recomputed, Verdict, check_text, recompute
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.messages import PlainLabel
from napari_spatialmed.viewer.rule_marks import verdicts_on
from napari_spatialmed.viewer.work import Job, Work

NO_KEY = "Imported without an answer key: the answer can't be recomputed."


class QuestionChecks(QWidget):
    """Rules of text at once, rules of truth in the background.

    Signals: ``checked(question, verdicts)`` once text and labels were both looked at, ``failed(error)``.
    """

    checked = Signal(object, object)
    failed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._checking, self._recomputing = Work(self), Work(self)
        self.verdict_label = PlainLabel()
        self.truth_label = PlainLabel(quiet=True)
        self.busy = BusyBar(self._recomputing)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.verdict_label, self.truth_label, self.busy):
            layout.addWidget(widget)
        self.truth_label.hide()
        self._checking.returned.connect(self._arrived)
        self._recomputing.returned.connect(self._recomputed)
        self._recomputing.failed.connect(self.failed)

    def text(self) -> str:
        """What it says of the rules."""
        return self.verdict_label.text()

    def clear(self) -> None:
        """Nothing is at hand."""
        self._checking.cancel()
        self.verdict_label.setText("")
        self._say_truth("")

    def show_question(self, question: Question) -> None:
        """Another question is at hand: what was recomputed is of the one before."""
        self._recomputing.cancel()
        self._say_truth("")

    def check(self, question: Question, geometry: CaseGeometry | None) -> None:
        """Check a question as it reads; `geometry` is of the case on show, whichever that is."""
        self._checking.cancel()
        if question.key.form == IMPORTED_FORM:
            self.verdict_label.setText(NO_KEY)
            return
        at_once = check_text(question)
        if geometry is None or geometry.case.id != question.case:
            self._say(at_once, "Its scan isn't open: the answer itself was not checked.")
            return
        self._say(at_once, "Checking the answer on the labels …")
        self._checking.run("Checking rules", _check, geometry, question)

    def recompute(self, question: Question, geometry: CaseGeometry | None) -> str:
        """Compute the answer from the labels; returns why that can't be done, or an empty text."""
        if question.key.form == IMPORTED_FORM:
            return "This question was imported without an answer key: there is nothing to recompute."
        if geometry is None or geometry.case.id != question.case:
            return "Open the question's scan first."
        self._recomputing.run("Recomputing", _recompute, geometry, question)
        return ""

    def _arrived(self, result: tuple[Question, list[Verdict]]) -> None:
        question, verdicts = result
        self._say(verdicts)
        self.checked.emit(question, verdicts)

    def _say(self, verdicts: Sequence[Verdict], pending: str = "") -> None:
        lines = [f"✗ {v.rule}: {v.reason}" for v in verdicts if v.passed is False]
        lines += [f"? {v.rule}: {v.reason}" for v in verdicts if v.passed is None]
        if pending:
            lines.append(pending)
        self.verdict_label.setText("\n".join(lines) or f"✓ {len(verdicts)} rule checks passed")

    def _recomputed(self, result: tuple[Question, Recomputed]) -> None:
        question, now = result
        mark = "✓" if now.matches else "✗"
        stored = f"{question.answer} ({question.answer_text})" if question.options else question.answer_text
        computed = now.answer or ("undecidable" if now.truth is None else "no option")
        self._say_truth(f"{mark} stored {stored}, now {computed}. {now.reason}".rstrip())

    def _say_truth(self, text: str) -> None:
        self.truth_label.setText(text)
        self.truth_label.setVisible(bool(text))


def _check(job: Job, geometry: CaseGeometry, question: Question) -> tuple[Question, list[Verdict]]:
    return question, verdicts_on(question, geometry)


def _recompute(job: Job, geometry: CaseGeometry, question: Question) -> tuple[Question, Recomputed]:
    return question, recompute(question, geometry)
