"""The Curate dock: a reviewer's queue, the question editable in place, evidence in the scene, scores; saved as it happens.

It needs no model, no key and no network.  The parts (`queue_panel`, `question_editor`, `question_checks`, `review_panel`,
`remark_line`) only emit signals; `saved_changes` writes, `scan_of_question` brings the scan, and this joins them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari.viewer import Viewer
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_spatialmed.benchmark import QuestionState, visible_to
from napari_spatialmed.questions import Question
from napari_spatialmed.viewer.adjudicating import may_decide
from napari_spatialmed.viewer.benchmark_bar import BenchmarkBar
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.curate_buttons import CurateButtons
from napari_spatialmed.viewer.curate_dialogs import CurateDialogs
from napari_spatialmed.viewer.evidence import show_evidence
from napari_spatialmed.viewer.frames import framed, scrolled
from napari_spatialmed.viewer.keys import KEYS, bind, is_typing, show_keys
from napari_spatialmed.viewer.memory import recall
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, not_a_device
from napari_spatialmed.viewer.question_checks import QuestionChecks
from napari_spatialmed.viewer.question_editor import QuestionEditor
from napari_spatialmed.viewer.queue_panel import QueuePanel
from napari_spatialmed.viewer.remark_line import RemarkLine
from napari_spatialmed.viewer.review_entry import ReviewEntry
from napari_spatialmed.viewer.review_panel import CANNOT_JUDGE, ReviewPanel, others_text
from napari_spatialmed.viewer.rule_marks import RuleMarks
from napari_spatialmed.viewer.saved_changes import SavedChanges
from napari_spatialmed.viewer.scan_of_question import ScanOfQuestion
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.stale_watch import StaleWatch

LEAST_WIDTH = 430
"""In pixels: narrower, the buttons' words would be cut."""


class CurateDock(QWidget):
    """Reviews and edits the questions of the session's benchmark, one at a time."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.session = session_for(napari_viewer)
        self.changes = SavedChanges(self.session, self)
        self.scan = ScanOfQuestion(self.session, self)
        self.marks = RuleMarks(self.session, self)
        self.watch = StaleWatch(self.session, self)
        self.dialogs = CurateDialogs(self.session, self.changes, self)
        self._build()
        self.entry = ReviewEntry(self.review, self.changes, self)
        self._connect()
        bind(self, {name: self.action(name) for name in KEYS})
        framed(self)
        self.entry.keep_time(self.buttons.time_action.isChecked())
        self.reload()

    # ---- what it looks like

    def _build(self) -> None:
        self.bar = BenchmarkBar(self.session)
        self.queue = QueuePanel()
        self.editor = QuestionEditor()
        self.checks = QuestionChecks()
        self.review = ReviewPanel()
        self.remark_line = RemarkLine(self.session, self.changes)
        self.others = PlainLabel()
        self.message = MessageLine()
        self.buttons = CurateButtons(keeps_time=recall("time_per_item", False))
        inside = QWidget()
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        outside.addWidget(scrolled(inside, LEAST_WIDTH))
        layout = QVBoxLayout(inside)
        for part in (self.bar, self.queue, BusyBar(self.session.opening), self.editor, self.checks):
            layout.addWidget(part)
        layout.setStretchFactor(self.queue, 1)
        for part in (self.review, self.message, self.buttons, self.remark_line, self.others, not_a_device()):
            layout.addWidget(part)

    def _connect(self) -> None:
        session = self.session
        session.benchmark_changed.connect(self.reload)
        session.case_changed.connect(self._on_case)
        session.question_changed.connect(self._on_question)
        session.opening.failed.connect(self.message.fail)
        self.scan.missing.connect(self._scan_missing)
        self.watch.checked.connect(self._labels_checked)
        self.watch.failed.connect(self.message.fail)
        self.marks.changed.connect(self._load_queue)
        self.changes.saved.connect(self._saved)
        self.changes.failed.connect(self.message.fail)
        self.queue.chosen.connect(self._turn_to)
        self.editor.left.connect(self._field_left)
        self.editor.typed.connect(self._check)
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
        for part in (self, self.dialogs, self.remark_line):
            found: Callable[[], object] | None = getattr(part, name, None)
            if found is not None:
                return found
        raise AttributeError(name)

    def _pressed(self, name: str) -> None:
        self.action(name)()

    # ---- the queue

    def open_benchmark(self, path: Path) -> None:
        """Open a benchmark file and resume."""
        self.bar.open(path)

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
            self.session.set_question(self.queue.first_to_do)
        self._show()

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

    # ---- the question at hand

    def _on_question(self, question: str | None) -> None:
        self.queue.select(question)
        self.remark_line.cancel()
        self._show()
        self.entry.question_turned()
        state = self.state
        if state is None:
            return
        self.scan.bring(state.case)
        self._on_show(state)

    def _on_case(self) -> None:
        state = self.state
        if state is not None:
            self._check(self.editor.edited() or state.question)
            self._on_show(state)

    def _on_show(self, state: QuestionState) -> None:
        """Draw the evidence if the scan is there, and see to it that the next one will be."""
        if self.session.case is not None and self.session.case.id == state.case:
            show_evidence(self.session, state.question)
            following = self.queue.next_case()
            if following is not None:
                self.scan.foresee(following)

    def _scan_missing(self, case_id: str) -> None:
        self.message.say(
            f"The scan of this question ({case_id}) was never opened on this machine. Open it in the Case dock; it is recognised by its content.",
            "warning",
        )

    def _show(self) -> None:
        state = self.state
        self.entry.show(state, self.reviewer)
        if state is None:
            self.editor.show_question(None)
            self.checks.clear()
            self.others.setText("")
            return
        seen = visible_to(self.reviewer, state)
        parts = [state.question.task, state.question.key.form, f"revision {seen.revision}"]
        if state.stale_reason:
            parts.append(f"⟳ {state.stale_reason}")
        if self.editor.show_question(seen.question, " · ".join(parts)):
            self.checks.show_question(seen.question)
            self._check(seen.question)
        self.editor.setEnabled(not state.conflict)
        self.others.setText(others_text(state, self.reviewer))
        self.buttons.enable("adjudicate", bool(state.conflict) or may_decide(state, self.reviewer))
        self.buttons.enable("provenance", not seen.blind)

    # ---- rules

    def _check(self, question: Question) -> None:
        self.checks.check(question, self.session.geometry)

    def _labels_checked(self, right: tuple[str, ...], stale: tuple[str, ...]) -> None:
        self.marks.forget_case()
        if self.state is not None:
            self._check(self.editor.edited() or self.state.question)
        if stale:
            self.message.say(
                f"Labels edited: {len(stale)} questions no longer hold and are stale; {len(right)} were recomputed and stand.",
                "warning",
            )
        elif right:
            self.message.say(f"Labels edited: {len(right)} answers recomputed, all stand.", "good")

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
            self.message.say("Choose 0, 1, 2 or “cannot judge” first.", "warning")
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

    def evidence(self) -> None:
        """Draw what the answer rests on."""
        if self.state is not None:
            show_evidence(self.session, self.state.question)

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
        """Show the keys."""
        show_keys(self)
