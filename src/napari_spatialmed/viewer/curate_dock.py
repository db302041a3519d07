"""The Curate dock: a reviewer's queue, the question editable in place, evidence in the scene, scores; saved as it happens.

It needs no model, no key and no network.  The parts (`curate_panel`) only emit signals; `question_at_hand` shows the question
with its scan and evidence, `saved_changes` writes, and this joins them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from napari.viewer import Viewer
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_spatialmed.benchmark import QuestionState
from napari_spatialmed.viewer.curate_buttons import NEEDS_QUESTION, NO_QUESTION
from napari_spatialmed.viewer.curate_dialogs import CurateDialogs
from napari_spatialmed.viewer.curate_panel import CuratePanel
from napari_spatialmed.viewer.frames import framed
from napari_spatialmed.viewer.keys import KEYS, bind, is_typing, show_keys
from napari_spatialmed.viewer.question_at_hand import QuestionAtHand
from napari_spatialmed.viewer.review_entry import ReviewEntry
from napari_spatialmed.viewer.review_panel import CANNOT_JUDGE, CHOOSE_FIRST
from napari_spatialmed.viewer.rule_marks import RuleMarks
from napari_spatialmed.viewer.saved_changes import SavedChanges
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.stale_watch import StaleWatch


class CurateDock(QWidget):
    """Reviews and edits the questions of the session's benchmark, one at a time."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.session = session_for(napari_viewer)
        self.changes = SavedChanges(self.session, self)
        self.marks = RuleMarks(self.session, self)
        self.dialogs = CurateDialogs(self.session, self.changes, self)
        self.watch = StaleWatch(self.session, self)
        panel = CuratePanel(self.session, self.changes, self.watch.work)
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        outside.addWidget(panel)
        self.bar, self.queue, self.editor, self.checks = panel.bar, panel.queue, panel.editor, panel.checks
        self.review, self.remark_line, self.others = panel.review, panel.remark_line, panel.others
        self.message, self.buttons = panel.message, panel.buttons
        self.entry = ReviewEntry(self.review, self.changes, self)
        self.at_hand = QuestionAtHand(self.session, panel, self.entry, self.marks, self.watch, self)
        self._connect()
        bind(self, {name: partial(self._pressed, name) for name in KEYS})
        framed(self)
        self.entry.keep_time(self.buttons.time_action.isChecked())
        self.reload()

    def _connect(self) -> None:
        session = self.session
        session.benchmark_changed.connect(self.reload)
        self.at_hand.scan.failed.connect(self.message.fail)
        session.cases.said.connect(self.message.say)
        session.others.came.connect(self.message.say)
        session.others.failed.connect(self.message.fail)
        self.at_hand.wanted.connect(self._turn_to)
        self.marks.changed.connect(self._load_queue)
        self.changes.saved.connect(self._saved)
        self.changes.failed.connect(self.message.fail)
        self.queue.chosen.connect(self._turn_to)
        self.editor.left.connect(self._field_left)
        self.checks.checked.connect(self.marks.note)
        self.checks.failed.connect(self.message.fail)
        self.review.submitted.connect(self._submit_review)
        self.review.changed.connect(self.message.clear)
        self.dialogs.refused.connect(self._refused)
        self.dialogs.imported.connect(self._imported)
        self.buttons.pressed.connect(self._pressed)
        self.buttons.time_wanted.connect(self.entry.keep_time)

    def action(self, name: str) -> Callable[[], object]:
        """What a key of `keys.KEYS` or a button of this name does."""
        for part in (self, self.dialogs, self.remark_line, self.at_hand):
            found: Callable[[], object] | None = getattr(part, name, None)
            if found is not None:
                return found
        raise AttributeError(name)

    def _pressed(self, name: str) -> None:
        if self.state is None and name in NEEDS_QUESTION:
            self.message.say(NO_QUESTION)
        else:
            self.action(name)()

    # ---- the queue

    def open_benchmark(self, path: Path, question: str | None = None) -> None:
        """Open a benchmark file and resume, or go to a question."""
        self.bar.open(path, question=question)

    @property
    def state(self) -> QuestionState | None:
        """The question at hand with its history."""
        return self.session.question_state

    @property
    def reviewer(self) -> str:
        """Under whose name the file is open."""
        benchmark = self.session.benchmark
        return "" if benchmark is None else benchmark.actor

    def reload(self) -> None:
        """Read the queue anew; resume at the first question to do if none is at hand."""
        self._load_queue()
        for widget in (self.editor, self.checks, self.review):
            widget.setVisible(not self.queue.is_empty)
        if self.state is None:
            self.session.set_question(self._first())
        self.at_hand.show(self.reviewer)
        benchmark = self.session.benchmark
        for name, step in (("undo", "undoable"), ("redo", "redoable")):
            possible = benchmark is not None and getattr(benchmark.state, step)(benchmark.actor) is not None
            self.buttons.enable(name, "" if possible else f"There is nothing of yours to {name}.")

    def _first(self) -> str | None:
        """Where to resume: on the scan on show, if something waits there."""
        case = self.session.case
        here = None if case is None else self.queue.first_of(case.id, to_do=True)
        return here or self.queue.first_to_do

    def _load_queue(self) -> None:
        benchmark = self.session.benchmark
        self.queue.load(None if benchmark is None else benchmark.state, self.reviewer, self.marks.broken)
        self.queue.select(self.session.question)

    def _turn_to(self, question: str | None) -> None:
        if question is not None and question != self.session.question:
            self.editor.commit()
            if self.state is not None:
                self.entry.keep_draft(self.state, self.reviewer)
            self.session.set_question(question)

    def next(self) -> None:
        """Go to the next question of the list."""
        self._turn_to(self.queue.beside(1))

    def previous(self) -> None:
        """Go to the previous question of the list."""
        self._turn_to(self.queue.beside(-1))

    def _go_on(self, ahead: list[str]) -> None:
        """To the first of these that waits."""
        following = self.queue.next_to_do(ahead)
        if following is None:
            self.message.say("Nothing left to do in this list.", "good")
        else:
            self.session.set_question(following)

    def find(self) -> None:
        """Put the cursor into the search."""
        self.queue.search.setFocus()

    # ---- changes, each saved when made

    def _saved(self, text: str) -> None:
        self.message.say(text, "good")

    def _field_left(self, field: str, value: object) -> None:
        state, shown = self.state, self.editor.question
        if state is not None and shown is not None and shown.id == state.id:
            self.changes.make("edit", state.id, field, value)

    def score_0(self) -> None:
        """Choose 0."""
        self._choose(0)

    def score_1(self) -> None:
        """Choose 1."""
        self._choose(1)

    def score_2(self) -> None:
        """Choose 2."""
        self._choose(2)

    def cannot_judge(self) -> None:
        """Choose "cannot judge"."""
        self._choose(CANNOT_JUDGE)

    def _choose(self, number: int) -> None:
        if self.state is not None and self.review.isEnabled():
            self.review.choose(number)

    def submit(self) -> None:
        """Submit the review and go on; while typing, leave the field instead."""
        if self.remark_line.is_written_in:
            self.remark_line.finish()
            self.queue.table.setFocus()
        elif is_typing():
            self.leave()
        else:
            self._submit_review()

    def _submit_review(self) -> None:
        state = self.state
        if state is None:
            return
        if not self.review.has_choice:
            self.message.say(CHOOSE_FIRST, "warning")
            return
        entered = self.entry.entered
        self.editor.commit()
        ahead = self.queue.ahead()
        if self.entry.submit(state, entered):
            self._go_on(ahead)

    def edit(self) -> None:
        """Put the cursor into the stem."""
        self.editor.stem.setFocus()

    def leave(self) -> None:
        """Leave the text field; what changed is saved."""
        self.remark_line.cancel()
        self.editor.commit()
        self.queue.table.setFocus()

    def comment(self) -> None:
        """Put the cursor into the review's comment."""
        self.review.comment.setFocus()

    def skip(self) -> None:
        """Put the question aside."""
        ahead = self.queue.ahead()
        if self.state is not None and self.changes.make("skip", self.state.id) is not None:
            self._go_on(ahead)

    def undo(self) -> None:
        """Take back one's last change, and turn to its question."""
        self.editor.commit()
        self.session.set_question(self.changes.reverse("undo") or self.session.question)

    def redo(self) -> None:
        """Bring it back."""
        self.session.set_question(self.changes.reverse("redo") or self.session.question)

    # ---- looking closer

    def recompute(self) -> None:
        """Compute the answer from the labels as they are, and show stored against now."""
        if self.state is not None:
            problem = self.checks.recompute(self.state.question, self.session.geometry)
            if problem:
                self.message.say(problem, "warning")

    def _refused(self, text: str) -> None:
        self.message.say(text, "warning")

    def _imported(self, text: str) -> None:
        self.session.benchmark_changed.emit()
        self.message.say(text, "good")

    def keys(self) -> None:
        """Show all keys."""
        show_keys(self)
