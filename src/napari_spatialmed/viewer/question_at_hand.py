"""The question at hand as the Curate dock shows it: its text, its scan, its evidence, what the rules say; nothing of it is written here."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal

from napari_spatialmed.benchmark import QuestionState, visible_to
from napari_spatialmed.questions import Question
from napari_spatialmed.viewer.adjudicating import may_decide
from napari_spatialmed.viewer.curate_panel import CuratePanel
from napari_spatialmed.viewer.evidence import show_evidence
from napari_spatialmed.viewer.review_entry import ReviewEntry
from napari_spatialmed.viewer.review_panel import others_text
from napari_spatialmed.viewer.rule_marks import RuleMarks
from napari_spatialmed.viewer.scan_of_question import ScanOfQuestion
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.stale_watch import StaleWatch


class QuestionAtHand(QObject):
    """Follows the session's question and case.

    Emits ``wanted(question id)`` where a scan came on show in another way, and its own questions should be at hand.
    """

    wanted = Signal(str)

    def __init__(
        self, session: Session, panel: CuratePanel, entry: ReviewEntry, marks: RuleMarks, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session, self._panel, self._entry, self._marks = session, panel, entry, marks
        self.scan = ScanOfQuestion(session, self)
        self.watch = StaleWatch(session, self)
        session.case_changed.connect(self._on_case)
        session.question_changed.connect(self._on_question)
        self.scan.missing.connect(self._scan_missing)
        self.watch.checked.connect(self._labels_checked)
        self.watch.failed.connect(panel.message.fail)
        panel.editor.typed.connect(self.check)

    @property
    def state(self) -> QuestionState | None:
        """The question with its history."""
        return self._session.question_state

    def show(self, reviewer: str) -> None:
        """Show it as this reviewer may see it."""
        panel, state = self._panel, self.state
        self._entry.show(state, reviewer)
        if state is None:
            panel.editor.show_question(None)
            panel.checks.clear()
            panel.others.setText("")
            return
        seen = visible_to(reviewer, state)
        parts = [state.question.task, state.question.key.form, f"revision {seen.revision}"]
        if state.stale_reason:
            parts.append(f"⟳ {state.stale_reason}")
        if panel.editor.show_question(seen.question, " · ".join(parts)):
            panel.checks.show_question(seen.question)
            self.check(seen.question)
        panel.editor.setEnabled(not state.conflict)
        panel.others.setText(others_text(state, reviewer))
        panel.buttons.enable("adjudicate", bool(state.conflict) or may_decide(state, reviewer))
        panel.buttons.enable("provenance", not seen.blind)

    def check(self, question: Question) -> None:
        """Say what the rules make of it."""
        self._panel.checks.check(question, self._session.geometry)

    def evidence(self) -> None:
        """Draw what the answer rests on."""
        if self.state is not None:
            show_evidence(self._session, self.state.question)

    # ---- the session changed

    def _on_question(self, question: str | None) -> None:
        self._panel.queue.select(question)
        self._panel.remark_line.cancel()
        benchmark = self._session.benchmark
        self.show("" if benchmark is None else benchmark.actor)
        self._entry.question_turned()
        state = self.state
        if state is not None:
            self.scan.bring(state.case)
            self._on_show(state)

    def _on_case(self) -> None:
        case, state = self._session.case, self.state
        if case is not None and not self.scan.bringing and (state is None or state.case != case.id):
            of_case = self._panel.queue.first_of(case.id)
            if of_case is not None:
                self.wanted.emit(of_case)
                return
            if not self._panel.queue.is_empty:
                self._panel.message.say("This benchmark has no questions about the scan on show.")
        if state is not None:
            self.check(self._panel.editor.edited() or state.question)
            self._on_show(state)

    def _on_show(self, state: QuestionState) -> None:
        """Draw the evidence if the scan is there, and see to it that the next one will be."""
        if self._session.case is not None and self._session.case.id == state.case:
            show_evidence(self._session, state.question)
            following = self._panel.queue.next_case()
            if following is not None:
                self.scan.foresee(following)

    def _scan_missing(self, case_id: str) -> None:
        self._panel.message.say(
            f"The scan of this question ({case_id}) was never opened on this machine. Open its folder in the Case list, or the scan in the Case dock; it is recognised by its content.",
            "warning",
        )

    def _labels_checked(self, right: tuple[str, ...], stale: tuple[str, ...]) -> None:
        self._marks.forget_case()
        if self.state is not None:
            self.check(self._panel.editor.edited() or self.state.question)
        if stale:
            self._panel.message.say(
                f"Labels edited: {len(stale)} questions no longer hold and are stale; {len(right)} were recomputed and stand.",
                "warning",
            )
        elif right:
            self._panel.message.say(f"Labels edited: {len(right)} answers recomputed, all stand.", "good")
