"""The history of a question: who changed what, when and why, word by word, and any earlier text restored."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Literal

from qtpy.QtCore import Signal
from qtpy.QtGui import QTextCharFormat, QTextCursor
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QListWidget, QSplitter, QTextEdit, QVBoxLayout, QWidget

from napari_spatialmed.benchmark import Event, QuestionState, Version
from napari_spatialmed.questions import LETTERS, Question
from napari_spatialmed.viewer.frames import framed
from napari_spatialmed.viewer.messages import shown

Change = Literal["same", "added", "removed"]


def question_text(question: Question) -> str:
    """A question as one text: stem, options, answer."""
    options = [f"{letter}. {text}" for letter, text in zip(LETTERS, question.options, strict=False)]
    return "\n".join(
        [
            question.stem,
            *options,
            f"Answer: {question.answer} {question.unit if question.is_open else ''}".rstrip(),
        ]
    )


def word_diff(old: str, new: str) -> Iterator[tuple[Change, str]]:
    """What changed, word by word."""
    a, b = (re.findall(r"\s+|[^\s]+", text) for text in (old, new))
    for tag, a0, a1, b0, b1 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            yield "same", "".join(a[a0:a1])
            continue
        if a1 > a0:
            yield "removed", "".join(a[a0:a1])
        if b1 > b0:
            yield "added", "".join(b[b0:b1])


def event_line(event: Event, *, name: str | None = None) -> str:
    """One event in words; `name` stands in for who did it."""
    said = event.payload
    text = {
        "question_proposed": "proposed",
        "case_registered": "registered the case",
        "commented": "commented",
        "flagged": "raised a flag" if getattr(said, "raised", True) else "lowered the flag",
        "question_edited": "edited",
        "review_submitted": "reviewed",
        "conflict_resolved": "settled a conflict",
        "made_stale": "marked stale",
        "verdict_given": "gave verdicts",
        "undone": "took back a change",
        "redone": "brought a change back",
    }.get(event.kind, event.kind.replace("_", " "))
    reason = getattr(said, "reason", "") or getattr(said, "note", "") or getattr(said, "text", "")
    return shown(
        f"{event.time[:16].replace('T', ' ')}  {name or event.actor}  {text}"
        + (f": {reason}" if reason else "")
    )


_HIDDEN_WHILE_BLIND = frozenset({"review_submitted", "verdict_given", "adjudicated", "flagged", "commented"})
"""What others did that a reviewer must not see before they have scored (rule H1)."""


def shown_events(state: QuestionState, reviewer: str, *, blind: bool) -> list[tuple[Event, str]]:
    """A question's events that this reviewer may see, each in words; while blind, without others' names."""
    found = []
    for event in state.history:
        own = event.actor == reviewer
        if event.kind == "draft_saved" or (blind and not own and event.kind in _HIDDEN_WHILE_BLIND):
            continue
        found.append((event, event_line(event, name=None if own or not blind else "someone")))
    return found


class HistoryDialog(QDialog):
    """Emits ``restore(question id, version id)``."""

    restore = Signal(str, str)

    def __init__(
        self, state: QuestionState, reviewer: str, *, blind: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._versions: list[Version | None] = []
        self._state = state
        self.setWindowTitle(f"History of {state.id}")
        self.events = QListWidget()
        self.events.setAccessibleName("What happened to this question")
        self.text = QTextEdit()
        self.text.setAccessibleName("The text after it; added words underlined, removed ones struck through")
        self.text.setReadOnly(True)
        self.text.setAcceptRichText(False)
        by_event = {version.event.id: version for version in state.versions}
        for event, line in shown_events(state, reviewer, blind=blind):
            version = by_event.get(event.id)
            mark = f"r{version.revision}  " if version else "      "
            self.events.addItem(mark + line)
            self._versions.append(version)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.restore_button = self.buttons.addButton(
            "Restore this text", QDialogButtonBox.ButtonRole.ActionRole
        )
        splitter = QSplitter()
        splitter.addWidget(self.events)
        splitter.addWidget(self.text)
        layout = QVBoxLayout(self)
        layout.addWidget(splitter, 1)
        layout.addWidget(self.buttons)
        self.resize(860, 420)
        framed(self)
        self.events.currentRowChanged.connect(self._show)
        self.restore_button.clicked.connect(self._restore)
        self.buttons.rejected.connect(self.reject)
        last = max((n for n, v in enumerate(self._versions) if v is not None), default=-1)
        self.events.setCurrentRow(last)

    def _show(self, row: int) -> None:
        version = self._versions[row] if 0 <= row < len(self._versions) else None
        self.restore_button.setEnabled(version is not None and version.content != self._state.current.content)
        self.text.clear()
        if version is None:
            return
        before = next((v for v in reversed(self._versions[:row]) if v is not None), None)
        old = question_text(before.question) if before else question_text(version.question)
        write_diff(self.text.textCursor(), old, question_text(version.question))

    def _restore(self) -> None:
        version = self._versions[self.events.currentRow()]
        if version is not None:
            self.restore.emit(self._state.id, version.id)
            self.accept()


def write_diff(cursor: QTextCursor, old: str, new: str) -> None:
    """Write a text with its changes marked."""
    for change, words in word_diff(old, new):
        _insert(cursor, change, words)


def _insert(cursor: QTextCursor, change: Change, words: str) -> None:
    form = QTextCharFormat()
    # Underlined and struck through: the change is not told by colour.
    form.setFontUnderline(change == "added")
    form.setFontStrikeOut(change == "removed")
    form.setFontWeight(700 if change == "added" else 400)
    cursor.insertText(shown(words), form)
