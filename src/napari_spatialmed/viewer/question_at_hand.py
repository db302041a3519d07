"""The question at hand as the Curate dock shows it: its text, its scan, its evidence, what the rules say; nothing of it is written here."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal

from napari_spatialmed.benchmark import IMPORTED_FORM, QuestionState, visible_to
from napari_spatialmed.questions import Question
from napari_spatialmed.viewer.adjudicating import may_decide
from napari_spatialmed.viewer.curate_buttons import NEEDS_QUESTION, NO_QUESTION
from napari_spatialmed.viewer.curate_dialogs import SCORE_FIRST
from napari_spatialmed.viewer.curate_panel import CuratePanel
from napari_spatialmed.viewer.evidence import show_evidence
from napari_spatialmed.viewer.question_checks import NO_KEY
from napari_spatialmed.viewer.review_entry import ReviewEntry
from napari_spatialmed.viewer.review_panel import others_text
from napari_spatialmed.viewer.rule_marks import RuleMarks
from napari_spatialmed.viewer.scan_of_question import ScanOfQuestion
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.stale_watch import StaleWatch
from napari_spatialmed.wording import counted


class QuestionAtHand(QObject):
    """Follows the session's question and case.

    Emits ``wanted(question id)`` where a scan came on show in another way, and its own questions should be at hand.
    """

    wanted = Signal(str)

    def __init__(
        self,
        session: Session,
        panel: CuratePanel,
        entry: ReviewEntry,
        marks: RuleMarks,
        watch: StaleWatch,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session, self._panel, self._entry, self._marks = session, panel, entry, marks
        self.scan = ScanOfQuestion(session, self)
        session.case_changed.connect(self._on_case)
        session.question_changed.connect(self._on_question)
        self.scan.missing.connect(self._scan_missing)
        watch.checked.connect(self._labels_checked)
        watch.stopped.connect(self._check_stopped)
        watch.failed.connect(panel.message.fail)
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
            for name in NEEDS_QUESTION:
                panel.buttons.enable(name, NO_QUESTION)
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
        self._offer(state)

    def _offer(self, state: QuestionState) -> None:
        """Enable the buttons that make sense for the question at hand."""
        benchmark = self._session.benchmark
        for name in NEEDS_QUESTION:
            reviewer = "" if benchmark is None else benchmark.actor
            self._panel.buttons.enable(name, self._why_not(name, state, reviewer))

    def _why_not(self, name: str, state: QuestionState, reviewer: str) -> str:
        """Why a button makes no sense for the question at hand; empty where it does."""
        case = self._session.case
        if name in ("evidence", "recompute") and (case is None or case.id != state.case):
            return "The scan of this question isn't open: open its folder in the Case list."
        if name == "recompute" and state.question.key.form == IMPORTED_FORM:
            return NO_KEY
        if name == "provenance" and visible_to(reviewer, state).blind:
            return SCORE_FIRST
        if name == "adjudicate" and not state.conflict and not may_decide(state, reviewer):
            return SCORE_FIRST
        return ""

    def check(self, question: Question) -> None:
        """Say what the rules make of it."""
        self._panel.checks.check(question, self._session.geometry)

    def evidence(self) -> None:
        """Draw what the answer rests on."""
        if self.state is not None and (why_not := self._why_not("evidence", self.state, "")):
            self._panel.message.say(why_not, "warning")
        elif self.state is not None:
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
            self.scan.bring(state.question)
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
            self._offer(state)
            self.check(self._panel.editor.edited() or state.question)
            self._on_show(state)

    def _on_show(self, state: QuestionState) -> None:
        """Draw the evidence if the scan is there, and see to it that the next one will be."""
        if self.scan.bringing or self._session.arriving:
            return  # another scan, or another label map of this one: what is on show now isn't it
        case = self._session.case
        if case is not None and case.id == state.case:
            show_evidence(self._session, state.question)
            missing = [n for n in state.question.key.structures if n not in case]
            if missing:
                self._panel.message.say(
                    f"The label map on show has no {' and no '.join(missing)}: it is another one of the same scan. "
                    "Open the one that the question is about in the Case list.",
                    "warning",
                )
            following = self._panel.queue.next_of_another_case()
            if following is not None and self._session.benchmark is not None:
                self.scan.foresee(self._session.benchmark.state.questions[following].question)

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
                f"Labels edited: {counted(len(stale), 'answer')} no longer right and now stale; "
                f"{len(right)} recomputed and right.",
                "warning",
            )
        elif right:
            self._panel.message.say(
                f"Labels edited: {counted(len(right), 'answer')} recomputed, none has changed.", "good"
            )

    def _check_stopped(self) -> None:
        self._panel.message.say(
            "Stopped: the answers were not all compared with the edited labels. The next edit does it.",
            "warning",
        )
