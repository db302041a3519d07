"""The Ask dock: put a question about the case to a multimodal model, see what it is shown, and what its answer is worth."""

from __future__ import annotations

from typing import Any

from napari.viewer import Viewer
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QPushButton, QWidget

from napari_spatialmed.benchmark import BenchmarkError
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation import Prompt, Response, View, prompt_for, prompt_freely
from napari_spatialmed.evaluation.two_scans import data_set_of
from napari_spatialmed.llm import Endpoint, EndpointError
from napari_spatialmed.questions import Question
from napari_spatialmed.viewer.ask_answers import AskAnswers
from napari_spatialmed.viewer.ask_form import AskForm
from napari_spatialmed.viewer.asking_jobs import ask_models, failure_of, render_pictures
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.consent_dialog import may_send
from napari_spatialmed.viewer.evidence import show_evidence
from napari_spatialmed.viewer.frames import framed, scrolling_layout
from napari_spatialmed.viewer.messages import MessageLine, not_a_device
from napari_spatialmed.viewer.sent_preview import SentPreview
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.work import Work
from napari_spatialmed.wording import counted


class AskDock(QWidget):
    """Asks the session's question, or one typed freely, about the session's case."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.session = session_for(napari_viewer)
        self.view: View | None = None
        self.responses: list[Response] = []
        self._read: Question | None = None
        self._due = False
        self._arrived = 0
        self._failure: EndpointError | None = None
        self._rendering = Work(self)
        self._asking = Work(self)
        self._build()
        framed(self)
        self._connect()
        self.chooser.fill()
        self._fill_questions()

    # ---- what it looks like

    def _build(self) -> None:
        self.form = AskForm(self.session)
        self.chooser, self.arm_box = self.form.chooser, self.form.arm_box
        self.preview = SentPreview()
        self.ask_button = QPushButton("Ask")
        self.ask_button.setDefault(True)
        self.busy = BusyBar(self._asking)
        self.message = MessageLine()
        self.answers = AskAnswers()
        self.verdict = self.answers.verdict
        layout = scrolling_layout(self)
        layout.addWidget(self.form)
        layout.addWidget(self.preview)
        layout.addWidget(self.ask_button)
        layout.addWidget(self.busy)
        layout.addWidget(self.message)
        layout.addWidget(self.answers, 1)
        layout.addWidget(not_a_device())

    def _connect(self) -> None:
        session = self.session
        session.case_changed.connect(self._on_case)
        session.benchmark_changed.connect(self._fill_questions)
        session.question_changed.connect(self.form.choose_question)
        session.selection_changed.connect(self._on_selection)
        session.labels_edited.connect(self._on_labels_edited)
        self.form.question_chosen.connect(self._on_question)
        self.form.pictures_chosen.connect(self.render_pictures)
        self.form.changed.connect(self._describe)
        self.chooser.failed.connect(self.message.fail)
        self.chooser.said.connect(self._local_runs)
        self.ask_button.clicked.connect(self.ask)
        self.answers.chosen.connect(self._show_response)
        self._rendering.returned.connect(self._rendered)
        self._rendering.failed.connect(self._not_rendered)
        self._asking.part.connect(self._part)
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
        chosen = self.form.question_box.currentData()
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
        found = [] if case is None or benchmark is None else list(benchmark.state.questions.values())
        here = [q for q in found if case is not None and q.case == case.id and q.status != "rejected"]
        self.form.list_questions(here, self.session.question)
        if self.question is None or self.question != self._read:
            self._on_question()

    def _on_case(self) -> None:
        self.message.clear()
        self._asking.cancel()
        self.responses.clear()
        self.answers.list_answers(())
        self.answers.clear()
        self._fill_questions()

    def _on_question(self) -> None:
        before, question = self._read, self.question
        self._read = question
        self.form.show_question(question)
        if question != before:
            self.answers.clear()
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
            render_pictures,
            geometry,
            self.question,
            self.session.selection,
            self.form.layout_key,
            self.form.outlines_box.isChecked(),
        )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._due:
            self.render_pictures()

    def _rendered(self, view: View) -> None:
        self.view = view
        self.preview.show_view(view)
        self._describe()

    def _not_rendered(self, error: SpatialMedError) -> None:
        self.preview.show_view(None)
        self.preview.describe(None, None, "There are no pictures to send.")
        self.ask_button.setEnabled(False)
        self.message.fail(error)

    def prompt(self) -> Prompt | None:
        """What would be sent, or None while something is missing."""
        if self.view is None:
            return None
        if self.question is not None:
            return prompt_for(self.question, self.view, self.form.arm)
        return prompt_freely(self.form.typed, self.view) if self.form.typed else None

    def _describe(self) -> None:
        """Say what is sent, what can't be seen, and what is missing before asking."""
        prompt = self.prompt()
        missing = self._missing(prompt)
        self.ask_button.setEnabled(not missing and not self._asking.running)
        self.ask_button.setToolTip(missing)
        count = len(self.form.endpoints)
        self.ask_button.setText(f"Ask {count} models" if count > 1 else "Ask")
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
        """Ask, streaming the answer; asks for consent first where a model is on another machine."""
        prompt, geometry, question = self.prompt(), self.session.geometry, self.question
        if prompt is None or geometry is None or self.view is None:
            return
        shown = self.view if prompt.pictures else None
        data_set = data_set_of(question, geometry.case.id)
        endpoints = tuple(
            endpoint
            for endpoint in self.form.endpoints
            if may_send(endpoint, data_set, prompt.messages, shown, self)
        )
        if not endpoints:
            self.message.say("Nothing was sent.", "info")
            return
        self.message.clear()
        self.answers.clear()
        self.ask_button.setEnabled(False)
        self._arrived, self._failure = 0, None
        revision = 1
        if question is not None and self.session.benchmark is not None:
            revision = self.session.benchmark.state.questions[question.id].revision
        self._asking.run(
            f"Asking {endpoints[0].name}" if len(endpoints) == 1 else f"Asking {len(endpoints)} models",
            ask_models,
            endpoints,
            geometry,
            question if question is not None else self.form.typed,
            revision,
            self.view,
            self.form.arm,
            self.form.outlines_box.isChecked(),
        )

    def _part(self, part: Any) -> None:
        if not isinstance(part, Response):
            self.answers.stream(part)
            return
        self._arrived += 1
        self.responses.append(part)
        self.answers.list_answers(self.responses)
        self._show_response(part)
        self._record(part)
        if self._failure is None:
            self._failure = failure_of(part)
        if self._failure is not None:
            self.message.fail(self._failure)

    def _record(self, response: Response) -> None:
        benchmark = self.session.benchmark
        if benchmark is None:
            self.message.say(
                "Not recorded: no benchmark is open (create one in the Propose dock).", "warning"
            )
            return
        try:
            event = benchmark.record_response(response.to_record())
        except BenchmarkError as error:
            self.message.fail(error)
            return
        self.message.say(f"Recorded in {benchmark.path.name} · {event.time[11:19]} UTC", "good")

    def _show_response(self, response: Response) -> None:
        question = self.question
        self.answers.show_answer(response, question)
        if question is not None and response.question == question.id:
            show_evidence(self.session, question)

    def _cancelled(self) -> None:
        kept = "Nothing was recorded."
        if self._arrived:
            kept = f"{counted(self._arrived, 'answer')} had come and {'is' if self._arrived == 1 else 'are'} kept."
        self.message.say(f"Cancelled. {kept}", "info")
