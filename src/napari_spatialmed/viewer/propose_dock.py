"""The Propose dock: let the team propose questions about the case, see what each member said, and take what is good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import cast

from napari.viewer import Viewer
from qtpy.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QWidget,
)

from napari_spatialmed.agents import Progress, Proposal, ProposalResult
from napari_spatialmed.agents.llm_generator import generator_messages
from napari_spatialmed.agents.recording import record_proposal
from napari_spatialmed.benchmark import SUFFIX, BenchmarkError
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.questions import Task
from napari_spatialmed.viewer.benchmark_bar import BenchmarkBar
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.consent_dialog import may_send
from napari_spatialmed.viewer.evidence import show_evidence
from napari_spatialmed.viewer.frames import framed, scrolling_layout
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, not_a_device, shown
from napari_spatialmed.viewer.proposals_table import ProposalsTable, messages_text, proposal_text
from napari_spatialmed.viewer.proposing import Proposed, funnel_text, propose_in_job
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.team_form import TeamForm, TeamFormError, TeamRequest
from napari_spatialmed.viewer.team_table import TeamTable
from napari_spatialmed.viewer.work import Work


class ProposeDock(QWidget):
    """Runs the team on the session's case and records every proposal in the session's benchmark."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.session = session_for(napari_viewer)
        self.result: ProposalResult | None = None
        self._work = Work(self)
        self._build()
        framed(self)
        self._connect()
        self._fill_members()
        self._describe()

    # ---- what it looks like

    def _build(self) -> None:
        self.bar = BenchmarkBar(self.session)
        self.form = TeamForm()
        self.count_box = self.form.count_box
        self.propose_button = QPushButton("Propose")
        self.busy = BusyBar(self._work)
        self.team = TeamTable()
        self.hint = PlainLabel(quiet=True)
        self.message = MessageLine()
        self.table = ProposalsTable()
        self.only_box = QCheckBox("Accepted only")
        self.only_box.setToolTip("List only the proposals that the team let through")
        self.funnel_label = PlainLabel()
        self.details, self.exchanged = QPlainTextEdit(), QPlainTextEdit()
        self.details.setAccessibleName("Details of the proposal")
        self.exchanged.setAccessibleName("What was sent and answered")
        for text in (self.details, self.exchanged):
            text.setReadOnly(True)
        tabs = QTabWidget()
        tabs.addTab(self.details, "Question and verdicts")
        tabs.addTab(self.exchanged, "Prompts and passages")
        tabs.setMinimumHeight(150)
        self.show_button, self.again_button = QPushButton("Show"), QPushButton("Ask again")
        self.accept_button, self.reject_button = QPushButton("Accept anyway"), QPushButton("Reject")
        self.show_button.setToolTip("Draw in the scene what the answer rests on.")
        self.again_button.setToolTip(
            "One more question of the chosen row's task, other than those there are."
        )
        self.accept_button.setToolTip(
            "Let it through to the reviewers against the verdicts; that stands in its history."
        )
        self.reject_button.setToolTip("Take it out of the reviewers' queue.")
        buttons = QHBoxLayout()
        for button in (self.show_button, self.again_button, self.accept_button, self.reject_button):
            buttons.addWidget(button)
        middle = QHBoxLayout()
        middle.addWidget(self.funnel_label, 1)
        middle.addWidget(self.only_box)
        layout = scrolling_layout(self)
        for widget in (
            self.bar,
            self.form,
            self.propose_button,
            self.busy,
            self.team,
            self.hint,
            self.message,
        ):
            layout.addWidget(widget)
        layout.addLayout(middle)
        layout.addWidget(self.table, 3)
        layout.addWidget(tabs, 2)
        layout.addLayout(buttons)
        layout.addWidget(not_a_device())

    def _connect(self) -> None:
        self.session.case_changed.connect(self._on_case)
        self.session.benchmark_changed.connect(self._describe)
        self.session.endpoint_changed.connect(self._on_endpoints)
        self.propose_button.clicked.connect(self.propose)
        self.table.chosen.connect(self._show)
        self.only_box.toggled.connect(self.table.show_only_accepted)
        self.show_button.clicked.connect(self.show_in_scene)
        self.again_button.clicked.connect(self.ask_again)
        self.accept_button.clicked.connect(self.accept_anyway)
        self.reject_button.clicked.connect(self.reject)
        self._work.part.connect(self._progress)
        self._work.returned.connect(self._done)
        self._work.failed.connect(self.message.fail)
        self._work.cancelled.connect(self._cancelled)
        self._work.finished.connect(self._describe)

    def _on_endpoints(self, _name: str | None) -> None:
        self._fill_members()

    def _fill_members(self) -> None:
        try:
            self.form.fill_members()
        except SpatialMedError as error:
            self.message.fail(error)

    def _on_case(self) -> None:
        self._work.cancel()
        self.table.reset()
        self.team.reset()
        self.result = None
        self.funnel_label.setText("")
        self.details.clear()
        self.exchanged.clear()
        self._describe()

    def _describe(self) -> None:
        case, benchmark = self.session.case, self.session.benchmark
        missing = ""
        if case is None:
            missing = "Open a case first (Case dock)."
        elif benchmark is None:
            missing = (
                f"Create or open a benchmark above: every proposal is recorded there (a *{SUFFIX} file)."
            )
        self.propose_button.setEnabled(not missing and not self._work.running)
        self.propose_button.setToolTip(missing)
        self.hint.setText(missing)
        self.hint.setVisible(bool(missing))
        self._enable_buttons()

    # ---- proposing

    def propose(self) -> None:
        """Set the team to work."""
        request = self._request()
        if request is not None:
            self.table.reset()
            self._run(request)

    def ask_again(self) -> None:
        """One more question of the chosen row's task; what there is stays listed."""
        request, chosen = self._request(), self.chosen
        if request is not None and chosen is not None:
            self._run(replace(request, tasks=(cast("Task", chosen.task),), count=1))

    def _request(self) -> TeamRequest | None:
        if self.session.geometry is None or self.session.benchmark is None or self._work.running:
            return None
        try:
            return self.form.request()
        except TeamFormError as error:
            self.message.fail(error)
            return None

    def _run(self, request: TeamRequest) -> None:
        if not self._may_send(request):
            self.message.say("Nothing was sent.", "info")
            return
        self.message.clear()
        self.team.reset()
        self.propose_button.setEnabled(False)
        self._work.run(
            "Proposing questions", propose_in_job, self.session.geometry, self.session.benchmark, request
        )
        self._enable_buttons()

    def _may_send(self, request: TeamRequest) -> bool:
        """Ask for every model on another machine that was not yet allowed for this case."""
        geometry = self.session.geometry
        if geometry is None:
            return False
        models = {e.name: e for e in (request.generator, request.judge, *request.readers) if e is not None}
        return all(
            may_send(model, geometry.case.id, generator_messages(geometry, request.tasks[0]), None, self)
            for model in models.values()
        )

    def _progress(self, event: Progress) -> None:
        self.team.tell(event)
        benchmark = self.session.benchmark
        if event.proposal is None or benchmark is None:
            return
        # Written here, in the thread that reads the benchmark, and as it comes: a cancelled run loses nothing.
        try:
            record_proposal(benchmark, event.proposal)
        except BenchmarkError as error:
            self._work.cancel()
            self.message.fail(error)
        self.table.add(event.proposal)

    def _done(self, proposed: Proposed) -> None:
        self.result = result = proposed.result
        self.funnel_label.setText(f"{funnel_text(result.funnel)}\n{proposed.others}")
        text = f"{len(result.accepted)} of {result.wanted} accepted, {len(result.rejected)} turned down; all are recorded."
        self.message.say(f"{text} {result.stopped}".strip(), "good" if not result.stopped else "warning")
        self.session.benchmark_changed.emit()
        # In the next turn: the question that now is at hand for curating has its evidence drawn in this one.
        self.session.turns.add(self._choose_accepted(result.proposals))

    def _choose_accepted(self, among: Iterable[Proposal]) -> Iterator[None]:
        self.table.choose_accepted(among)
        yield

    def _cancelled(self) -> None:
        self.message.say("Cancelled. What was decided before is in the benchmark.", "info")
        self.session.benchmark_changed.emit()

    # ---- looking and deciding

    @property
    def chosen(self) -> Proposal | None:
        """The proposal of the current row."""
        row = self.table.currentRow()
        return self.table.proposals[row] if 0 <= row < len(self.table.proposals) else None

    def _show(self, proposal: Proposal) -> None:
        self.details.setPlainText(shown(proposal_text(proposal)))
        self.exchanged.setPlainText(messages_text(proposal)[:20_000])
        self._enable_buttons()
        if not self._work.running:
            self.show_in_scene()

    def _enable_buttons(self) -> None:
        proposal, benchmark = self.chosen, self.session.benchmark
        question = None if proposal is None else proposal.question
        held = None if question is None or benchmark is None else benchmark.state.questions.get(question.id)
        self.show_button.setEnabled(question is not None)
        self.again_button.setEnabled(
            proposal is not None and benchmark is not None and not self._work.running
        )
        self.accept_button.setEnabled(held is not None and held.status == "rejected")
        self.reject_button.setEnabled(held is not None and held.status != "rejected")

    def show_in_scene(self) -> None:
        """Draw what the proposal's answer rests on."""
        proposal = self.chosen
        if proposal is not None and proposal.question is not None:
            show_evidence(self.session, proposal.question)

    def accept_anyway(self) -> None:
        """Let a rejected proposal through; the verdicts against it stay on record."""
        self._override(True)

    def reject(self) -> None:
        """Take an accepted proposal out."""
        self._override(False)

    def _override(self, accepted: bool) -> None:
        proposal, benchmark = self.chosen, self.session.benchmark
        if proposal is None or proposal.question is None or benchmark is None:
            return
        try:
            benchmark.give_verdicts(
                proposal.question.id,
                (),
                accepted=accepted,
                reason=f"{'accepted' if accepted else 'rejected'} by {benchmark.actor}",
            )
        except BenchmarkError as error:
            self.message.fail(error)
            return
        self.message.say(
            "Accepted: it goes to the reviewers." if accepted else "Rejected; it stays on record.", "good"
        )
        self.session.benchmark_changed.emit()
