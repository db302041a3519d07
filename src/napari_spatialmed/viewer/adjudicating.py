"""Settling what the scores don't settle: which questions wait for it, and the dialog in which one person decides."""

from __future__ import annotations

import itertools
import math

from qtpy.QtCore import Signal
from qtpy.QtGui import QTextCursor
from qtpy.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QPlainTextEdit,
    QRadioButton,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from napari_spatialmed.benchmark import REVIEWERS_NEEDED, QuestionState, decide
from napari_spatialmed.viewer.frames import framed
from napari_spatialmed.viewer.history_dialog import question_text, write_diff
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel
from napari_spatialmed.viewer.review_panel import review_line


def may_decide(state: QuestionState, actor: str) -> bool:
    """Whether this person may see the scores: they have scored the present text, or the reviews are complete without them."""
    return actor in state.reviews or len(state.scores) >= REVIEWERS_NEEDED


def disagreement(state: QuestionState, actor: str) -> float | None:
    """How far a question's scores lie apart, where somebody has to settle it.

    Returns
    -------
    float or None
        The mean squared difference between two reviewers' scores, 0–4; infinite for two texts in conflict.  None where
        nothing is to be settled (nobody says 0 against another's 1 or 2, or it was decided) or where `actor` may not
        know it yet.
    """
    if state.conflict:
        return math.inf
    scores = state.scores
    if 0 not in scores or max(scores) == 0 or state.adjudication is not None or not may_decide(state, actor):
        return None
    squares = [(a - b) ** 2 for a, b in itertools.combinations(scores, 2)]
    return sum(squares) / len(squares)


class AdjudicationDialog(QDialog):
    """Emits ``decided(question id, keep, note)`` for scores, or ``chosen(question id, version id, note)`` for two texts."""

    decided = Signal(str, bool, str)
    chosen = Signal(str, str, str)

    def __init__(self, state: QuestionState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.setWindowTitle(f"Adjudicate {state.id}")
        self.choices = QButtonGroup(self)
        self.note = QPlainTextEdit()
        self.note.setAccessibleName("Why")
        self.note.setTabChangesFocus(True)
        self.note.setFixedHeight(60)
        self.message = MessageLine()
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        layout = QVBoxLayout(self)
        if state.conflict:
            self._add_texts(layout)
        else:
            self._add_scores(layout)
        layout.addWidget(PlainLabel("Why? A note is needed where it goes against the scores."))
        layout.addWidget(self.note)
        layout.addWidget(self.message)
        layout.addWidget(self.buttons)
        self.buttons.accepted.connect(self._decide)
        self.buttons.rejected.connect(self.reject)
        self.resize(560, 420)
        framed(self)

    def _add_scores(self, layout: QVBoxLayout) -> None:
        state = self._state
        layout.addWidget(PlainLabel(question_text(state.question)))
        lines = [review_line(review) for review in state.all_reviews()]
        layout.addWidget(PlainLabel("\n".join(lines) or "Nobody has scored it."))
        by_rule = decide(state.scores)
        layout.addWidget(
            PlainLabel(f"By the rule (mean of {REVIEWERS_NEEDED} above 1): {by_rule}.", quiet=True)
        )
        for number, text in enumerate(("Drop", "Keep")):
            self._add_choice(layout, number, text)

    def _add_texts(self, layout: QVBoxLayout) -> None:
        texts = self._state.conflict
        layout.addWidget(PlainLabel("Two people edited the same revision. Which text shall stand?"))
        for number, version in enumerate(texts):
            text = f"{version.event.actor}, {version.event.time[:16].replace('T', ' ')}"
            self._add_choice(layout, number, text)
            shown_text = QTextEdit()
            shown_text.setReadOnly(True)
            shown_text.setAccessibleName(f"Text by {version.event.actor}")
            cursor: QTextCursor = shown_text.textCursor()
            write_diff(cursor, question_text(texts[0].question), question_text(version.question))
            layout.addWidget(shown_text, 1)

    def _add_choice(self, layout: QVBoxLayout, number: int, text: str) -> None:
        button = QRadioButton(text.replace("&", "&&"))
        self.choices.addButton(button, number)
        layout.addWidget(button)

    def _decide(self) -> None:
        number, note, state = self.choices.checkedId(), self.note.toPlainText().strip(), self._state
        if number < 0:
            self.message.say("Choose one first.", "warning")
            return
        if state.conflict:
            self.chosen.emit(state.id, state.conflict[number].id, note)
            self.accept()
            return
        by_rule = decide(state.scores) if state.accepted else "rejected"
        if by_rule != ("dropped", "kept")[number] and not note:
            self.message.say(f"The scores say {by_rule}: deciding otherwise needs a note.", "warning")
            self.note.setFocus()
            return
        self.decided.emit(state.id, bool(number), note)
        self.accept()
