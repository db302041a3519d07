"""The Propose dock: let the team propose questions about the case, see what each member said, and take what is good."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from napari.viewer import Viewer
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from napari_spatialmed.agents import Progress, Proposal, ProposalResult, TeamSettings, propose_async
from napari_spatialmed.agents.building import record_proposal, signatures_in, volumes_of
from napari_spatialmed.agents.models import ModelTeam
from napari_spatialmed.benchmark import SUFFIX, Benchmark, BenchmarkError, Funnel
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.llm import Endpoint, endpoints
from napari_spatialmed.questions import FORMS, PAPER_TASKS, Task
from napari_spatialmed.viewer.benchmark_bar import BenchmarkBar
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.evidence import show_evidence
from napari_spatialmed.viewer.local_model import LOCAL, local_endpoint
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, menu_text, not_a_device, shown
from napari_spatialmed.viewer.proposals_table import ProposalsTable, messages_text, proposal_text
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.work import Job, Work

OFFLINE = "Offline: anatomy and rules, no model"
OFFLINE_PANEL = ("Offline 1", "Offline 2", "Offline 3")


class ProposeDock(QWidget):
    """Runs the team on the session's case and records every proposal in the session's benchmark."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.session = session_for(napari_viewer)
        self.result: ProposalResult | None = None
        self._work = Work(self)
        self._build()
        self._connect()
        self._fill_members()
        self._describe()

    # ---- what it looks like

    def _build(self) -> None:
        self.bar = BenchmarkBar(self.session)
        self.task_boxes: dict[Task, QCheckBox] = {}
        tasks_grid = QGridLayout()
        for n, task in enumerate(get_args(Task)):
            box = QCheckBox(task)
            box.setChecked(task in PAPER_TASKS)
            box.setEnabled(any(form.task == task for form in FORMS.values()))
            box.setToolTip(
                "One of SpatialMed's six tasks" if task in PAPER_TASKS else "Ours; kept apart in every table"
            )
            self.task_boxes[task] = box
            tasks_grid.addWidget(box, n // 5, n % 5)
        self.count_box, self.seed_box = QSpinBox(), QSpinBox()
        self.count_box.setRange(1, 500)
        self.count_box.setValue(12)
        self.count_box.setAccessibleName("How many questions")
        self.seed_box.setRange(0, 999_999)
        self.seed_box.setToolTip("Offline, the same case and seed give the same questions.")
        self.generator_box, self.judge_box = QComboBox(), QComboBox()
        self.panel_boxes = (QComboBox(), QComboBox(), QComboBox())
        self.rule_box = QComboBox()
        self.rule_box.addItem("under three option orders", "majority")
        self.rule_box.addItem("once, as in the paper", "paper")
        for box, name in (
            (self.generator_box, "Generator"),
            (self.judge_box, "Judge"),
            *((box, f"Blind reader {n}") for n, box in enumerate(self.panel_boxes, 1)),
            (self.rule_box, "How the panel is asked"),
        ):
            box.setAccessibleName(name)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(6)
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        numbers = QHBoxLayout()
        numbers.addWidget(self.count_box)
        numbers.addWidget(PlainLabel("Seed"))
        numbers.addWidget(self.seed_box)
        numbers.addStretch(1)
        readers = QHBoxLayout()
        for box in self.panel_boxes:
            readers.addWidget(box)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Tasks", tasks_grid)
        form.addRow("Questions", numbers)
        form.addRow("Generator", self.generator_box)
        form.addRow("Judge", self.judge_box)
        form.addRow("Blind panel", readers)
        form.addRow("Each asked", self.rule_box)
        self.propose_button = QPushButton("Propose")
        self.busy = BusyBar(self._work)
        self.member_line = PlainLabel(quiet=True)
        self.message = MessageLine()
        self.table = ProposalsTable()
        self.only_box = QCheckBox("Accepted only")
        self.funnel_label = PlainLabel()
        self.details, self.exchanged = QPlainTextEdit(), QPlainTextEdit()
        for text in (self.details, self.exchanged):
            text.setReadOnly(True)
        tabs = QTabWidget()
        tabs.addTab(self.details, "Question and verdicts")
        tabs.addTab(self.exchanged, "Prompts and passages")
        tabs.setMinimumHeight(170)
        self.accept_button, self.reject_button = QPushButton("Accept anyway"), QPushButton("Reject")
        self.accept_button.setToolTip(
            "Let it through to the reviewers against the verdicts; that stands in its history."
        )
        self.reject_button.setToolTip("Take it out of the reviewers' queue.")
        self.show_button = QPushButton("Show in the scene")
        buttons = QHBoxLayout()
        for button in (self.show_button, self.accept_button, self.reject_button):
            buttons.addWidget(button)
        middle = QHBoxLayout()
        middle.addWidget(self.funnel_label, 1)
        middle.addWidget(self.only_box)
        layout = QVBoxLayout(self)
        layout.addWidget(self.bar)
        layout.addLayout(form)
        layout.addWidget(self.propose_button)
        layout.addWidget(self.busy)
        layout.addWidget(self.member_line)
        layout.addWidget(self.message)
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
            known = dict(endpoints())
        except SpatialMedError as error:
            self.message.fail(error)
            known = {}
        local = local_endpoint()
        if local is not None:
            known[LOCAL] = local
        for box, default in (
            (self.generator_box, OFFLINE),
            (self.judge_box, "None: rules only"),
            *((box, reader) for box, reader in zip(self.panel_boxes, OFFLINE_PANEL, strict=True)),
        ):
            chosen = box.currentText()
            box.clear()
            box.addItem(default, None)
            for name, endpoint in known.items():
                box.addItem(menu_text(name), endpoint)
            box.setCurrentIndex(max(0, box.findText(chosen)))

    def _on_case(self) -> None:
        self._work.cancel()
        self.table.reset()
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
        if not self._work.running:
            self.member_line.setText(missing)
        self._enable_buttons()

    # ---- proposing

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The ticked tasks."""
        return tuple(task for task, box in self.task_boxes.items() if box.isChecked())

    def propose(self) -> None:
        """Set the team to work."""
        geometry, benchmark = self.session.geometry, self.session.benchmark
        if geometry is None or benchmark is None:
            return
        if not self.tasks:
            self.message.say("Tick at least one task.", "warning")
            return
        readers = [box.currentData() for box in self.panel_boxes if box.currentData() is not None]
        if len(readers) not in (0, len(self.panel_boxes)):
            self.message.say(
                "The blind panel is either the offline one or three models: choose all three.", "warning"
            )
            return
        self.message.clear()
        self.table.reset()
        self.propose_button.setEnabled(False)
        self._work.run(
            "Proposing questions",
            _propose,
            geometry,
            benchmark,
            self.tasks,
            self.count_box.value(),
            self.seed_box.value(),
            self.generator_box.currentData(),
            self.judge_box.currentData(),
            readers,
            self.rule_box.currentData(),
        )

    def _progress(self, event: Progress) -> None:
        self.member_line.setText(f"{event.member}: {event.text}")
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

    def _done(self, result: ProposalResult) -> None:
        self.result = result
        self.funnel_label.setText(funnel_text(result.funnel))
        text = f"{len(result.accepted)} of {result.wanted} accepted, {len(result.rejected)} turned down; all are recorded."
        self.message.say(f"{text} {result.stopped}".strip(), "good" if not result.stopped else "warning")
        self.session.benchmark_changed.emit()
        first = next((n for n, p in enumerate(self.table.proposals) if p.state == "accepted"), -1)
        if first >= 0:
            self.table.setCurrentCell(first, 2)

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


def funnel_text(funnel: Funnel) -> str:
    """The funnel in a line: how many each stage took out."""
    total = funnel.total
    return (
        f"{total.proposed} proposed · {total.rules} stopped by rules · {total.validator} by the validator · "
        f"{total.panel} answered blind · {total.waiting} to review"
    )


async def _propose(
    job: Job,
    geometry: CaseGeometry,
    benchmark: Benchmark,
    tasks: tuple[Task, ...],
    count: int,
    seed: int,
    generator: Endpoint | None,
    judge: Endpoint | None,
    readers: list[Endpoint],
    panel_rule: str,
) -> ProposalResult:
    case = geometry.case
    settings = TeamSettings(
        panel_rule="paper" if panel_rule == "paper" else "majority", concurrency=1 if generator is None else 4
    )
    members = ModelTeam(
        generator=generator,
        judge=judge,
        readers=readers,
        data_set=case.id,
        journal=Path(benchmark.path).with_suffix(".calls.jsonl"),
        settings=settings,
        seed=seed,
    )
    await members.check()
    benchmark.register_case(case, volumes_ml=volumes_of(geometry))

    def tell(event: Progress) -> None:
        job.check()
        job.progress(event.accepted / max(event.wanted, 1), f"{event.accepted} of {event.wanted} accepted")
        job.part(event)

    return await members.run(
        propose_async,
        geometry,
        count=count,
        seed=seed,
        tasks=tasks,
        settings=settings,
        taken=signatures_in(benchmark, case.id),
        on_event=tell,
        cancelled=lambda: job.cancelled,
    )
