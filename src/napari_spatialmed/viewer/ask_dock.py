"""The Ask dock: put a question about the case to a multimodal model, see what it is shown, and what its answer is worth."""

from __future__ import annotations

from typing import Any

from napari.viewer import Viewer
from qtpy.QtCore import Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)

from napari_spatialmed.benchmark import BenchmarkError
from napari_spatialmed.evaluation import (
    ARMS,
    LAYOUTS,
    Arm,
    Layout,
    Prompt,
    Response,
    View,
    ask_circular,
    ask_freely,
    ask_question,
    prompt_for,
    prompt_freely,
    render_view,
    view_for,
)
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.llm import Client, Endpoint
from napari_spatialmed.questions import LETTERS, Question
from napari_spatialmed.viewer.answers_table import AnswersTable, verdict_text
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.consent_dialog import may_send
from napari_spatialmed.viewer.endpoint_chooser import EndpointChooser, fit
from napari_spatialmed.viewer.evidence import show_evidence
from napari_spatialmed.viewer.frames import scrolling_layout
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, menu_text, not_a_device
from napari_spatialmed.viewer.sent_preview import SentPreview
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.work import Job, Work

LAYOUT_TITLES: dict[Layout, str] = {
    "orthogonal": "Three orthogonal planes",
    "plane": "One plane",
    "montage": "Montage of planes",
    "frames": "Planes as separate pictures",
    "surface3d": "3D surfaces",
}
ARM_TITLES: dict[Arm, str] = {
    "normal": "Normal: question and pictures",
    "blind": "Blind: no picture",
    "oracle": "Oracle: the measured facts are given",
    "circular": "Circular: under every order of the options",
}
FREE = "(your own question, below)"


_LEAST_WIDTH = 440
"""In pixels: narrower, words on buttons would be cut."""


class AskDock(QWidget):
    """Asks the session's question, or one typed freely, about the session's case."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.session = session_for(napari_viewer)
        self.view: View | None = None
        self.responses: list[Response] = []
        self._read: Question | None = None
        self._due = False
        self._rendering = Work(self)
        self._asking = Work(self)
        self._build()
        self._connect()
        self.chooser.fill()
        self._fill_questions()

    # ---- what it looks like

    def _build(self) -> None:
        self.chooser = EndpointChooser(self.session)
        self.question_box, self.layout_box, self.arm_box = QComboBox(), QComboBox(), QComboBox()
        for box, name in (
            (self.question_box, "Question"),
            (self.layout_box, "Pictures"),
            (self.arm_box, "Way of asking"),
        ):
            box.setAccessibleName(name)
            fit(box)
        for layout_key in LAYOUTS:
            self.layout_box.addItem(LAYOUT_TITLES[layout_key], layout_key)
        self.layout_box.setCurrentIndex(self.layout_box.findData("orthogonal"))
        for arm in ARMS:
            self.arm_box.addItem(ARM_TITLES[arm], arm)
        self.outlines_box = QCheckBox("Outline the structures")
        self.outlines_box.setToolTip("Shows the model where they are: tests reasoning instead of finding.")
        self.question_text = PlainLabel()
        self.free_text = QPlainTextEdit()
        self.free_text.setPlaceholderText("Type a question about the selected structures")
        self.free_text.setAccessibleName("Your own question")
        self.free_text.setFixedHeight(54)
        self.preview = SentPreview()
        self.ask_button = QPushButton("Ask")
        self.ask_button.setDefault(True)
        self.busy = BusyBar(self._asking)
        self.message = MessageLine()
        self.answer_text = QPlainTextEdit()
        self.answer_text.setReadOnly(True)
        self.answer_text.setPlaceholderText("The model's answer appears here as it comes.")
        self.answer_text.setAccessibleName("The model's answer")
        self.answer_text.setMinimumHeight(90)
        self.verdict = PlainLabel()
        font = self.verdict.font()
        font.setBold(True)
        self.verdict.setFont(font)
        self.table = AnswersTable()

        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Model", self.chooser)
        form.addRow("Question", self.question_box)
        form.addRow(self.question_text)
        form.addRow(self.free_text)
        form.addRow("Pictures", self.layout_box)
        form.addRow("", self.outlines_box)
        form.addRow("Asked", self.arm_box)
        layout = scrolling_layout(self, _LEAST_WIDTH)
        layout.addLayout(form)
        layout.addWidget(self.preview)
        layout.addWidget(self.ask_button)
        layout.addWidget(self.busy)
        layout.addWidget(self.message)
        layout.addWidget(self.answer_text, 1)
        layout.addWidget(self.verdict)
        layout.addWidget(self.table, 1)
        layout.addWidget(not_a_device())

    def _connect(self) -> None:
        session = self.session
        session.case_changed.connect(self._on_case)
        session.benchmark_changed.connect(self._fill_questions)
        session.question_changed.connect(self._on_session_question)
        session.selection_changed.connect(self._on_selection)
        session.labels_edited.connect(self._on_labels_edited)
        self.question_box.currentIndexChanged.connect(self._on_question)
        self.layout_box.currentIndexChanged.connect(self.render_pictures)
        self.outlines_box.toggled.connect(self.render_pictures)
        self.arm_box.currentIndexChanged.connect(self._describe)
        self.free_text.textChanged.connect(self._describe)
        self.chooser.changed.connect(self._describe)
        self.chooser.failed.connect(self.message.fail)
        self.chooser.said.connect(self._local_runs)
        self.ask_button.clicked.connect(self.ask)
        self.table.chosen.connect(self._show_response)
        self._rendering.returned.connect(self._rendered)
        self._rendering.failed.connect(self.message.fail)
        self._asking.part.connect(self._stream)
        self._asking.returned.connect(self._answered)
        self._asking.failed.connect(self.message.fail)
        self._asking.cancelled.connect(self._cancelled)
        self._asking.finished.connect(self._describe)

    # ---- choosing

    @property
    def endpoint(self) -> Endpoint | None:
        """The chosen model."""
        return self.chooser.endpoint

    @property
    def question(self) -> Question | None:
        """The chosen question of the benchmark; None where one is typed."""
        benchmark = self.session.benchmark
        chosen = self.question_box.currentData()
        if benchmark is None or chosen is None or chosen not in benchmark.state.questions:
            return None
        return benchmark.state.questions[chosen].question

    def start_local(self) -> None:
        """Start the trial model and choose it."""
        self.message.clear()
        self.chooser.start_local()

    def _local_runs(self, text: str) -> None:
        self.message.say(text, "warning")

    def _fill_questions(self) -> None:
        case, benchmark = self.session.case, self.session.benchmark
        self.question_box.blockSignals(True)
        self.question_box.clear()
        if case is not None and benchmark is not None:
            for number, state in enumerate(
                (
                    q
                    for q in benchmark.state.questions.values()
                    if q.case == case.id and q.status != "rejected"
                ),
                1,
            ):
                self.question_box.addItem(
                    menu_text(f"{number} · {state.question.task} · {state.question.stem}"), state.id
                )
                self.question_box.setItemData(
                    self.question_box.count() - 1, state.question.stem, Qt.ItemDataRole.ToolTipRole
                )
        self.question_box.addItem(FREE, None)
        at_hand = self.session.question
        self.question_box.setCurrentIndex(max(0, self.question_box.findData(at_hand)) if at_hand else 0)
        self.question_box.blockSignals(False)
        if self.question is None or self.question != self._read:
            self._on_question()

    def _on_session_question(self, question: str | None) -> None:
        index = self.question_box.findData(question)
        if question is not None and index >= 0:
            self.question_box.setCurrentIndex(index)

    def _on_case(self) -> None:
        self._asking.cancel()
        self.responses.clear()
        self.table.show_responses(())
        self.answer_text.clear()
        self.verdict.setText("")
        self._fill_questions()

    def _on_question(self) -> None:
        question = self._read = self.question
        self.free_text.setVisible(question is None)
        self.question_text.setVisible(question is not None)
        if question is not None:
            options = "\n".join(
                f"{letter}. {text}" for letter, text in zip(LETTERS, question.options, strict=False)
            )
            self.question_text.setText(f"{question.stem}\n{options}".strip())
            self.answer_text.clear()
            self.verdict.setText("")
        self.render_pictures()

    def _on_selection(self, _names: tuple[str, ...]) -> None:
        if self.question is None:
            self.render_pictures()

    def _on_labels_edited(self, _names: tuple[str, ...]) -> None:
        self.render_pictures()

    # ---- pictures

    def render_pictures(self) -> None:
        """Render what would be sent, off the GUI thread; not before somebody looks at this dock."""
        geometry = self.session.geometry
        self.view = None
        self._due = not self.isVisible()
        if self._due:
            return
        if geometry is None:
            self.preview.show_view(None)
            self._describe()
            return
        self._rendering.run(
            "Rendering pictures",
            _render,
            geometry,
            self.question,
            self.session.selection,
            self.layout_box.currentData(),
            self.outlines_box.isChecked(),
        )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._due:
            self.render_pictures()

    def _rendered(self, view: View) -> None:
        self.view = view
        self.preview.show_view(view)
        self._describe()

    def prompt(self) -> Prompt | None:
        """What would be sent, or None while something is missing."""
        question, arm = self.question, self.arm_box.currentData()
        if self.view is None:
            return None
        if question is not None:
            return prompt_for(question, self.view, arm)
        typed = self.free_text.toPlainText().strip()
        return prompt_freely(typed, self.view) if typed else None

    def _describe(self) -> None:
        """Say what is sent, what can't be seen, and what is missing before asking."""
        self.arm_box.setEnabled(self.question is not None)
        prompt = self.prompt()
        missing = self._missing(prompt)
        self.ask_button.setEnabled(not missing and not self._asking.running)
        self.ask_button.setToolTip(missing)
        self.preview.describe(prompt, self.view, missing)

    def _missing(self, prompt: Prompt | None) -> str:
        if self.session.case is None:
            return "Open a case first (Case dock)."
        if self.view is None:
            return "Rendering the pictures …"
        if prompt is None:
            return "Type a question, or choose one of the benchmark's."
        return "" if self.endpoint is not None else "Choose a model."

    # ---- asking

    def ask(self) -> None:
        """Ask, streaming the answer; asks for consent first where the model is on another machine."""
        prompt, endpoint, geometry, case = (
            self.prompt(),
            self.endpoint,
            self.session.geometry,
            self.session.case,
        )
        if prompt is None or endpoint is None or geometry is None or case is None or self.view is None:
            return
        shown = self.view if prompt.pictures else None
        if not may_send(endpoint, case.id, prompt.messages, shown, self):
            self.message.say("Nothing was sent.", "info")
            return
        self.message.clear()
        self.answer_text.clear()
        self.verdict.setText("")
        self.ask_button.setEnabled(False)
        question = self.question
        revision = 1
        if question is not None and self.session.benchmark is not None:
            revision = self.session.benchmark.state.questions[question.id].revision
        self._asking.run(
            f"Asking {endpoint.name}",
            _ask,
            endpoint,
            geometry,
            question if question is not None else self.free_text.toPlainText().strip(),
            revision,
            self.view,
            self.arm_box.currentData(),
            self.outlines_box.isChecked(),
        )

    def _stream(self, piece: Any) -> None:
        cursor = self.answer_text.textCursor()
        cursor.movePosition(cursor.MoveOperation.End)
        cursor.insertText(str(piece))
        self.answer_text.setTextCursor(cursor)

    def _answered(self, responses: tuple[Response, ...]) -> None:
        self.responses.extend(responses)
        self.table.show_responses(self.responses)
        self._show_response(responses[-1])
        self._record(responses)

    def _record(self, responses: tuple[Response, ...]) -> None:
        benchmark = self.session.benchmark
        if benchmark is None:
            self.message.say(
                "Not recorded: no benchmark is open (create one in the Propose dock).", "warning"
            )
            return
        try:
            for response in responses:
                event = benchmark.record_response(response.to_record())
        except BenchmarkError as error:
            self.message.fail(error)
            return
        self.message.say(f"Recorded in {benchmark.path.name} · {event.time[11:19]} UTC", "good")

    def _show_response(self, response: Response) -> None:
        self.answer_text.setPlainText(response.text or response.error_message)
        question = self.question
        self.verdict.setText(verdict_text(response, question))
        if question is not None and response.question == question.id:
            show_evidence(self.session, question)

    def _cancelled(self) -> None:
        self.message.say("Cancelled. Nothing was recorded.", "info")


def _render(
    job: Job,
    geometry: CaseGeometry,
    question: Question | None,
    selection: tuple[str, ...],
    layout: Layout,
    outlines: bool,
) -> View:
    if question is not None:
        return view_for(geometry, question, layout=layout, outlines=outlines)
    return render_view(geometry, selection, layout=layout, outlines=outlines)


async def _ask(
    job: Job,
    endpoint: Endpoint,
    geometry: CaseGeometry,
    question: Question | str,
    revision: int,
    view: View,
    arm: Arm,
    outlines: bool,
) -> tuple[Response, ...]:
    async with Client(endpoint, data_set=geometry.case.id) as client:
        if isinstance(question, str):
            return (await ask_freely(client, view, question, on_text=job.part),)
        ask = ask_circular if arm == "circular" else ask_question
        options: dict[str, Any] = {
            "layout": view.layout,
            "view": view,
            "outlines": outlines,
            "revision": revision,
            "on_text": job.part,
        }
        if ask is ask_circular:
            return await ask_circular(client, geometry, question, **options)
        return (await ask_question(client, geometry, question, arm=arm, **options),)
