"""Scoring one question: 0, 1, 2 or "cannot judge", with reasons and a comment."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_spatialmed.benchmark import REASONS, QuestionState, Review, visible_to
from napari_spatialmed.benchmark.events import Score
from napari_spatialmed.viewer.keys import key_text

CANNOT_JUDGE = 9
CHOOSE_FIRST = "Choose 0, 1, 2 or “cannot judge” first."
SCORES = {0: "0 unqualified", 1: "1 acceptable", 2: "2 well qualified", CANNOT_JUDGE: "cannot judge"}
"""Button id, which is its key too → what it says."""


class ReviewPanel(QWidget):
    """Emits ``changed`` when something is chosen or typed, and ``submitted`` when asked to submit."""

    changed = Signal()
    submitted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scores = QButtonGroup(self)
        self.scores.setExclusive(True)
        score_row = QHBoxLayout()
        score_row.setSpacing(3)
        for number, text in SCORES.items():
            button = QPushButton(text)
            button.setCheckable(True)
            button.setToolTip(f"Key {number}")
            self.scores.addButton(button, number)
            score_row.addWidget(button)
        self.reasons_button = QPushButton()
        self.reasons_button.setToolTip("Why you score as you do: any number of reasons")
        self.reasons_menu = QMenu(self.reasons_button)
        self.reasons_menu.setToolTipsVisible(True)
        self.reason_actions: dict[str, QAction] = {}
        for code, text in REASONS.items():
            action = self.reasons_menu.addAction(text)
            action.setCheckable(True)
            action.toggled.connect(self._reasons_changed)
            self.reason_actions[code] = action
        self.reasons_button.setMenu(self.reasons_menu)
        self.comment = QLineEdit()
        self.comment.setPlaceholderText(f"Comment ({key_text('comment')})")
        self.comment.setAccessibleName("Comment of your review")
        self.comment.textEdited.connect(self.changed)
        self.submit_button = QPushButton("Submit, next")
        row = QHBoxLayout()
        row.addWidget(self.reasons_button)
        row.addWidget(self.comment, 1)
        row.addWidget(self.submit_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(score_row)
        layout.addLayout(row)
        self.scores.idClicked.connect(self._chosen)
        self.submit_button.clicked.connect(self.submitted)
        self._reasons_changed()

    @property
    def score(self) -> Score | None:
        """0, 1, 2; None for "cannot judge" or nothing chosen (`has_choice` tells them apart)."""
        return {0: 0, 1: 1, 2: 2}.get(self.scores.checkedId())  # type: ignore[return-value]

    @property
    def has_choice(self) -> bool:
        """Whether one of the four was chosen."""
        return self.scores.checkedButton() is not None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Codes of the chosen reasons."""
        return tuple(code for code, action in self.reason_actions.items() if action.isChecked())

    def choose(self, number: int) -> None:
        """Choose a score, or `CANNOT_JUDGE`."""
        self.scores.button(number).setChecked(True)
        self._chosen(number)

    def show_review(self, score: int | None, reasons: tuple[str, ...], comment: str, *, chosen: bool) -> None:
        """Show a review as it stands, without a signal."""
        self.blockSignals(True)
        self.scores.setExclusive(False)
        for number in SCORES:
            self.scores.button(number).setChecked(
                chosen and number == (CANNOT_JUDGE if score is None else score)
            )
        self.scores.setExclusive(True)
        for code, action in self.reason_actions.items():
            action.setChecked(code in reasons)
        self.comment.setText(comment)
        self._reasons_changed()
        self.blockSignals(False)

    def _chosen(self, _number: int) -> None:
        self._offer_submitting()
        self.changed.emit()

    def _reasons_changed(self, *_: object) -> None:
        count = len(self.reasons)
        self.reasons_button.setText(f"Reasons ({count})" if count else "Reasons")
        self._offer_submitting()
        self.changed.emit()

    def _offer_submitting(self) -> None:
        self.submit_button.setEnabled(self.has_choice)
        self.submit_button.setToolTip(f"Key {key_text('submit')}" if self.has_choice else CHOOSE_FIRST)


def review_line(review: Review) -> str:
    """One review in words."""
    score = "cannot judge" if review.score is None else str(review.score)
    parts = [
        f"{review.reviewer}: {review.stale or score}",
        *(REASONS[r] for r in review.reasons if r in REASONS),
    ]
    if review.comment:
        parts.append(f"“{review.comment}”")
    return " · ".join(parts)


def others_text(state: QuestionState, reviewer: str) -> str:
    """What this reviewer may read of what was said of a question; others' scores only after their own (rule H1)."""
    seen = visible_to(reviewer, state)
    lines = []
    if state.conflict:
        lines.append(
            f"⚠ Two people edited the same revision. Choose one: Adjudicate ({key_text('adjudicate')})."
        )
    if seen.own is not None and seen.own.stale:
        lines.append(f"⟳ Your score is {seen.own.stale}")
    lines += [f"⚑ {flag.author}: {flag.text or 'flagged'}" for flag in seen.flags]
    lines += [f"{remark.author}: “{remark.text}”" for remark in seen.comments]
    if seen.blind:
        lines.append("Others' scores and the models' votes show after you have submitted.")
        return "\n".join(lines)
    lines += [review_line(r) for r in seen.reviews if r.reviewer != reviewer]
    votes = " ".join(f"{v.member}: {v.reason}" for v in seen.verdicts if v.passed is not True)
    lines.append(f"Status: {state.status}. {votes}".rstrip())
    if state.adjudication is not None:
        decision = state.adjudication
        lines.append(
            f"{decision.actor} decided: {'keep' if decision.keep else 'drop'}. {decision.note}".rstrip()
        )
    return "\n".join(lines)
