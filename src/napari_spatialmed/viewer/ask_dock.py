"""The Ask dock: put a question about the case to a multimodal model, see what it is shown, and what its answer is worth."""

from __future__ import annotations

from typing import Any

from napari.viewer import Viewer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_spatialmed.benchmark import BenchmarkError
from napari_spatialmed.errors import SpatialMedError
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
from napari_spatialmed.llm import Client, Endpoint, endpoints
from napari_spatialmed.llm.local_server import LABEL
from napari_spatialmed.questions import LETTERS, Question
from napari_spatialmed.viewer.answers_table import AnswersTable, verdict_text
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.consent_dialog import may_send
from napari_spatialmed.viewer.evidence import show_evidence
from napari_spatialmed.viewer.local_model import LOCAL, local_endpoint, start_local_model
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, menu_text, not_a_device
from napari_spatialmed.viewer.picture_strip import PictureStrip
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
NO_ENDPOINT = (
    "No model is set up. Set OPENAI_BASE_URL, OPENAI_MODEL and OPENAI_API_KEY before starting napari, or run "
    "“spatialmed endpoint add” in a terminal. To try the path without key or network, start the local trial model "
    f"(it {LABEL})."
)


class AskDock(QWidget):
    """Asks the session's question, or one typed freely, about the session's case."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.session = session_for(napari_viewer)
        self.view: View | None = None
        self.responses: list[Response] = []
        self._rendering = Work(self)
        self._asking = Work(self)
        self._starting = Work(self)
        self._build()
        self._connect()
        self._fill_endpoints()
        self._fill_questions()

    # ---- what it looks like

    def _build(self) -> None:
        self.endpoint_box, self.question_box = QComboBox(), QComboBox()
        self.layout_box, self.arm_box = QComboBox(), QComboBox()
        for box, name in (
            (self.endpoint_box, "Model"),
            (self.question_box, "Question"),
            (self.layout_box, "Pictures"),
            (self.arm_box, "Way of asking"),
        ):
            box.setAccessibleName(name)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(16)
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for layout_key in LAYOUTS:
            self.layout_box.addItem(LAYOUT_TITLES[layout_key], layout_key)
        self.layout_box.setCurrentIndex(self.layout_box.findData("orthogonal"))
        for arm in ARMS:
            self.arm_box.addItem(ARM_TITLES[arm], arm)
        self.outlines_box = QCheckBox("Outline the structures")
        self.outlines_box.setToolTip("Shows the model where they are: tests reasoning instead of finding.")
        self.local_button = QPushButton("Start local trial model")
        self.local_button.setToolTip(f"A small real model on this machine, to try the path. It {LABEL}.")
        model_row = QHBoxLayout()
        model_row.addWidget(self.endpoint_box, 1)
        model_row.addWidget(self.local_button)
        self.endpoint_hint = PlainLabel(NO_ENDPOINT)
        self.question_text = PlainLabel()
        self.free_text = QPlainTextEdit()
        self.free_text.setPlaceholderText("Type a question about the selected structures")
        self.free_text.setAccessibleName("Your own question")
        self.free_text.setFixedHeight(54)
        self.strip = PictureStrip()
        self.sent_label = PlainLabel()
        self.sent_text = QPlainTextEdit()
        self.sent_text.setReadOnly(True)
        self.sent_text.setAccessibleName("The text that is sent")
        self.sent_text.setFixedHeight(120)
        self.sent_text.hide()
        self.sent_button = QPushButton("Show the text that is sent")
        self.sent_button.setCheckable(True)
        self.ask_button = QPushButton("Ask")
        self.ask_button.setDefault(True)
        self.busy = BusyBar(self._asking)
        self.starting_bar = BusyBar(self._starting)
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
        form.addRow("Model", model_row)
        form.addRow(self.endpoint_hint)
        form.addRow(self.starting_bar)
        form.addRow("Question", self.question_box)
        form.addRow(self.question_text)
        form.addRow(self.free_text)
        form.addRow("Pictures", self.layout_box)
        form.addRow("", self.outlines_box)
        form.addRow("Asked", self.arm_box)
        sent_row = QHBoxLayout()
        sent_row.addWidget(self.sent_label, 1)
        sent_row.addWidget(self.sent_button)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.strip)
        layout.addLayout(sent_row)
        layout.addWidget(self.sent_text)
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
        self.endpoint_box.activated.connect(self._on_endpoint)
        self.local_button.clicked.connect(self.start_local)
        self.sent_button.toggled.connect(self.sent_text.setVisible)
        self.ask_button.clicked.connect(self.ask)
        self.table.chosen.connect(self._show_response)
        self._rendering.returned.connect(self._rendered)
        self._rendering.failed.connect(self.message.fail)
        self._asking.part.connect(self._stream)
        self._asking.returned.connect(self._answered)
        self._asking.failed.connect(self.message.fail)
        self._asking.cancelled.connect(self._cancelled)
        self._asking.finished.connect(self._describe)
        self._starting.returned.connect(self._local_started)
        self._starting.failed.connect(self.message.fail)

    # ---- choosing

    @property
    def endpoint(self) -> Endpoint | None:
        """The chosen model."""
        found = self.endpoint_box.currentData()
        return found if isinstance(found, Endpoint) else None

    @property
    def question(self) -> Question | None:
        """The chosen question of the benchmark; None where one is typed."""
        benchmark = self.session.benchmark
        chosen = self.question_box.currentData()
        if benchmark is None or chosen is None or chosen not in benchmark.state.questions:
            return None
        return benchmark.state.questions[chosen].question

    def _fill_endpoints(self) -> None:
        try:
            known = endpoints()
        except SpatialMedError as error:
            self.message.fail(error)
            known = {}
        local = local_endpoint()
        if local is not None:
            known[LOCAL] = local
        wanted = self.session.endpoint
        self.endpoint_box.clear()
        for name, endpoint in known.items():
            self.endpoint_box.addItem(menu_text(f"{name}: {endpoint.model or 'its only model'}"), endpoint)
            if name == wanted:
                self.endpoint_box.setCurrentIndex(self.endpoint_box.count() - 1)
        self.endpoint_hint.setText(NO_ENDPOINT if not known else "")
        self.endpoint_hint.setVisible(not known)
        self.local_button.setVisible(local is None)
        self._describe()

    def _on_endpoint(self) -> None:
        if self.endpoint is not None:
            local = local_endpoint()
            self.session.set_endpoint(
                LOCAL if local is not None and self.endpoint == local else self.endpoint.name
            )
        self._describe()

    def start_local(self) -> None:
        """Start the trial model and choose it."""
        self.message.clear()
        self._starting.run("Starting the local trial model", _start_local)

    def _local_started(self, _endpoint: Endpoint) -> None:
        self.session.set_endpoint(LOCAL)
        self._fill_endpoints()
        self.message.say(
            f"The local trial model runs. It {LABEL}: its answers show that the path works, nothing else.",
            "warning",
        )

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
        index = self.question_box.findData(self.session.question)
        self.question_box.setCurrentIndex(max(index, 0))
        self.question_box.blockSignals(False)
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
        question = self.question
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
        """Render what would be sent, off the GUI thread."""
        geometry = self.session.geometry
        self.view = None
        if geometry is None:
            self.strip.show_view(None)
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

    def _rendered(self, view: View) -> None:
        self.view = view
        self.strip.show_view(view)
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
        if prompt is None or self.view is None:
            self.sent_label.setText(missing)
            self.sent_text.setPlainText("")
            return
        size = sum(len(p.png) for p in prompt.pictures)
        tokens = sum(p.tokens for p in prompt.pictures) + len(prompt.text) // 4
        unseen = [v.reason for v in self.view.audit if v.passed is False] if prompt.pictures else []
        lines = [f"{len(prompt.pictures)} pictures, {size / 1024:.0f} kB, about {tokens} tokens.", *unseen]
        if missing:
            lines.append(missing)
        self.sent_label.setText("\n".join(lines))
        self.sent_text.setPlainText(f"{prompt.system}\n\n{prompt.text}")

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
        if not may_send(endpoint, case.id, prompt, self.view, self):
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


def _start_local(job: Job) -> Endpoint:
    return start_local_model()
