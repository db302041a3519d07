"""The Report dock's judge: a text model that finds claims in explanations which the parser misses; each is checked by arithmetic.

None by default.  A remote one is asked only after a yes to a preview of what goes out, as in the Ask dock.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_spatialmed.benchmark import State
from napari_spatialmed.evaluation.judge import judge_messages, worth_judging
from napari_spatialmed.evaluation.judging import Judged, judge_runs
from napari_spatialmed.evaluation.results import read_items
from napari_spatialmed.evaluation.runfolder import RunFolder
from napari_spatialmed.evaluation.runplan import data_set_of_benchmark
from napari_spatialmed.llm import Client, Endpoint, Message, has_consented
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.consent_dialog import may_send
from napari_spatialmed.viewer.endpoint_chooser import fit, known_models
from napari_spatialmed.viewer.messages import menu_text
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.work import Job, Work
from napari_spatialmed.wording import counted

NONE = "No judge: what the parser reads"
WHAT_IT_IS = (
    "A text model that finds claims in the explanations which the parser misses. It never judges numbers: every claim is "
    "checked by arithmetic against the labels, and the scores don't depend on it."
)
NO_MODEL = "Choose a judge. “spatialmed endpoint add” in a terminal sets one up."
NO_RUN = "Add a run first."


class ReportJudge(QWidget):
    """Emits ``changed(Judged or None)``, ``failed(error)``, and ``said(text, tone)`` for the dock's message line."""

    changed = Signal(object)
    failed = Signal(object)
    said = Signal(str, str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.judged: Judged | None = None
        self._folders: tuple[Path, ...] = ()
        self._looking, self._judging = Work(self), Work(self)
        self.box = QComboBox()
        self.box.setAccessibleName("Judge")
        self.box.setToolTip(WHAT_IT_IS)
        fit(self.box)
        self.box.setMinimumContentsLength(8)  # a button stands beside it
        self.button = QPushButton("Find claims")
        row = QHBoxLayout()
        row.addWidget(QLabel("Judge"))
        row.addWidget(self.box, 1)
        row.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(BusyBar(self._looking))
        layout.addWidget(BusyBar(self._judging))
        self.box.activated.connect(self._chosen)
        self.button.clicked.connect(self.judge)
        session.endpoint_changed.connect(self._on_endpoints)
        self._looking.returned.connect(self._found)
        self._looking.failed.connect(self.failed)
        self._judging.returned.connect(self._done)
        self._judging.failed.connect(self.failed)
        self._judging.cancelled.connect(self._cancelled)
        for work in (self._looking, self._judging):
            work.finished.connect(self._enable)
        self.fill()

    @property
    def endpoint(self) -> Endpoint | None:
        """The chosen judge."""
        found = self.box.currentData()
        return found if isinstance(found, Endpoint) else None

    def fill(self) -> None:
        """Offer the models that are set up; what was chosen stays."""
        chosen = self.box.currentText()
        self.box.clear()
        self.box.addItem(NONE, None)
        for name, endpoint in known_models(self.failed.emit).items():
            self.box.addItem(menu_text(f"{name}: {endpoint.model or 'its only model'}"), endpoint)
        self.box.setCurrentIndex(max(0, self.box.findText(chosen)))
        self._enable()

    def of_runs(self, folders: tuple[Path, ...]) -> None:
        """These are the runs whose explanations it would read."""
        self._folders = folders
        self._enable()

    def judge(self) -> None:
        """Have the explanations read that this judge hasn't read yet; first the question whether they may be sent."""
        endpoint, benchmark = self.endpoint, self.session.benchmark
        if endpoint is None or benchmark is None or not self._folders:
            return
        if has_consented(endpoint, data_set_of_benchmark(benchmark.state, benchmark.path)):
            self._run()
        else:
            self._looking.run("Looking for explanations", _an_example, self._folders, benchmark.state)
        self._enable()

    def _found(self, messages: Sequence[Message]) -> None:
        endpoint, benchmark = self.endpoint, self.session.benchmark
        if endpoint is None or benchmark is None:
            return
        if not messages:
            self.said.emit("These runs hold no explanation: there is nothing to find claims in.", "info")
            return
        data_set = data_set_of_benchmark(benchmark.state, benchmark.path)
        if may_send(
            endpoint, data_set, messages, None, self, about="all explanations of this benchmark's runs"
        ):
            self._run()
        else:
            self.said.emit("Nothing was sent.", "info")

    def _run(self) -> None:
        endpoint, benchmark = self.endpoint, self.session.benchmark
        if endpoint is None or benchmark is None:
            return
        data_set = data_set_of_benchmark(benchmark.state, benchmark.path)
        self._judging.run("Finding claims", _judge, endpoint, self._folders, benchmark.state, data_set)
        self._enable()

    def _done(self, judged: Judged) -> None:
        self.judged = judged
        self.changed.emit(judged)
        text = (
            f"{judged.model} read {counted(judged.asked, 'explanation')}, and had read {judged.known} before."
        )
        if judged.failed:
            text += f" It failed on {judged.failed}: of those, what the parser reads counts."
        partly = bool(judged.failed or judged.stopped)
        self.said.emit(f"{text} {judged.stopped}".strip(), "warning" if partly else "good")

    def _cancelled(self) -> None:
        self.said.emit("Stopped. What the judge has read is kept; Find claims goes on from there.", "info")

    def _chosen(self) -> None:
        if self.endpoint is None and self.judged is not None:
            self.judged = None
            self.changed.emit(None)
        self._enable()

    def _on_endpoints(self, _name: str | None) -> None:
        self.fill()

    def _enable(self) -> None:
        why_not = NO_RUN if not self._folders else NO_MODEL if self.endpoint is None else ""
        self.button.setEnabled(not why_not and not self._looking.running and not self._judging.running)
        self.button.setToolTip(why_not or WHAT_IT_IS)


def _an_example(job: Job, folders: Sequence[Path], state: State) -> list[Message]:
    """What would be sent for the first explanation; nothing if there is none."""
    items = read_items(state)
    for folder in folders:
        for row in RunFolder(folder).rows():
            job.check()
            place, text = items.index.get(row["question"]), str(row.get("text", ""))
            if place is not None and worth_judging(text):
                return judge_messages(text, items.facts[place].titles)
    return []


async def _judge(
    job: Job, endpoint: Endpoint, folders: Sequence[Path], state: State, data_set: str
) -> Judged:
    def show(done: int, total: int) -> None:
        job.progress(done / max(1, total), f"{done} of {total} explanations read")

    async with Client(endpoint, data_set=data_set) as client:
        return await judge_runs(client, folders, read_items(state), on_progress=show)
