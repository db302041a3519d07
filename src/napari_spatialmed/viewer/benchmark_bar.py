"""Which benchmark file is open and who works on it: the top line of the Propose and Curate docks."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_spatialmed import benchmark as benchmarks
from napari_spatialmed.benchmark import SUFFIX, Benchmark
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.memory import recall, remember
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, menu_text
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.work import Job, Work

FILTER = f"Benchmarks (*{SUFFIX})"
EMPTY = "No benchmark yet: create one, open one, or try the demo. It is a single file; every change is saved at once."


_MOST_RECENT = 6


def _recent() -> list[Path]:
    """The benchmarks opened last on this machine, the last one first."""
    found = recall("recent_benchmarks", [])
    return [Path(p) for p in found if isinstance(p, str)] if isinstance(found, list) else []


class BenchmarkBar(QWidget):
    """Create and open benchmark files, and say whose name stands in them."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.file_label = PlainLabel(EMPTY)
        self.new_button, self.open_button = QPushButton("New…"), QPushButton("Open…")
        self.new_button.setToolTip("Begin a new benchmark file")
        self.open_button.setToolTip("Open a benchmark, and go on where you stopped")
        self.choices = QMenu(self.open_button)
        self.choices.setToolTipsVisible(True)
        self.choices.aboutToShow.connect(self._list_choices)
        self.open_button.setMenu(self.choices)
        self.demo_button = QPushButton("Try the demo")
        self.demo_button.setToolTip(
            "Let the team propose questions about the scan on show, or about a phantom, in a benchmark of the program's own"
        )
        self.reading = Work(self)
        """Opens benchmarks."""
        self._wanted: str | None = None
        self._reader = ""
        self.name_edit = QLineEdit(session.reviewer)
        self.name_edit.setPlaceholderText("Your name or initials")
        self.name_edit.setAccessibleName("Your name in the benchmark's history")
        self.name_edit.setToolTip(
            "Stands beside every change and review. Reviewers don't see each other's scores before submitting."
        )
        self.name_edit.setMaximumWidth(150)
        self.message = MessageLine()
        for button in (self.new_button, self.open_button):
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout()
        row.addWidget(self.new_button)
        row.addWidget(self.open_button)
        row.addStretch(1)
        row.addWidget(self.name_edit)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.file_label)
        layout.addWidget(self.demo_button)
        layout.addWidget(BusyBar(self.reading))
        layout.addWidget(self.message)
        self.reading.returned.connect(self._on_read)
        self.reading.failed.connect(self.message.fail)
        self.new_button.clicked.connect(self._choose_new)
        self.demo_button.clicked.connect(self.open_demo)
        self._demo_waits = False
        session.case_changed.connect(self._on_case)
        session.opening.failed.connect(self._not_opened)
        session.opening.cancelled.connect(self._not_opened)
        self.name_edit.editingFinished.connect(self._named)
        session.benchmark_changed.connect(self._describe)
        session.reviewer_changed.connect(self._show_name)
        self._describe()

    def open(self, path: Path | str, *, new: bool = False, question: str | None = None) -> None:
        """Open a benchmark file (or make one) under the present name, at a question; the one that is open stays until then.

        It is read in a thread: thousands of questions, or a shared drive, take seconds.
        """
        self._wanted, self._reader = question, self.session.reviewer
        self.message.clear()
        self.reading.run("Opening the benchmark", _open, path, self._reader or "curator", new)

    def _on_read(self, found: Benchmark) -> None:
        if self.session.reviewer != self._reader:
            # The name was changed meanwhile.
            self.open(found.path, question=self._wanted)
            return
        self.message.say(" ".join(found.notices), "warning")
        whole = found.path.absolute()
        remember("benchmark_folder", str(whole.parent))
        before = [p for p in _recent() if p != whole]
        remember("recent_benchmarks", [str(p) for p in (whole, *before)][:_MOST_RECENT])
        self.session.set_benchmark(found)
        if self._wanted is not None:
            self.session.set_question(self._wanted)

    def _list_choices(self) -> None:
        """Offer what was opened before; what isn't there any more is left out."""
        self.choices.clear()
        for path in _recent():
            if path.exists():
                action = self.choices.addAction(menu_text(path.name), partial(self.open, path))
                action.setToolTip(str(path))
        self.choices.addSeparator()
        self.choices.addAction("A file…", self._choose_file)
        self.choices.addAction("A folder that several share…", self._choose_folder)

    def _choose_new(self) -> None:
        folder = recall("benchmark_folder", str(Path.home()))
        path, _ = QFileDialog.getSaveFileName(
            self, "New benchmark", str(Path(folder) / f"benchmark{SUFFIX}"), FILTER
        )
        if path:
            wanted = Path(path if path.endswith(SUFFIX) else path + SUFFIX)
            self.open(wanted, new=not wanted.exists())

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Open benchmark", recall("benchmark_folder", str(Path.home())), FILTER
        )
        if path:
            self.open(path)

    def _choose_folder(self) -> None:
        if not self.session.reviewer:
            self.message.say(
                "Enter your name first: in a shared folder everybody writes to a file of their own, which bears it.",
                "warning",
            )
            self.name_edit.setFocus()
            return
        folder = QFileDialog.getExistingDirectory(
            self, "Open a shared folder", recall("benchmark_folder", str(Path.home()))
        )
        if folder:
            self.open(folder)

    def open_demo(self) -> None:
        """Begin the demo's benchmark, or go on with it; opens the phantom where no scan is on show."""
        # Only now: it brings the docks of every step.
        from napari_spatialmed.viewer.demo import PHANTOM, prepare_demo

        if self.session.case is None:
            self._demo_waits = True
            self.session.open_sample_async(PHANTOM)
            return
        try:
            prepare_demo(self.session.scene.viewer, PHANTOM)
        except SpatialMedError as error:
            self.message.fail(error)

    def _on_case(self) -> None:
        if self._demo_waits:
            self._demo_waits = False
            self.open_demo()

    def _not_opened(self, _error: SpatialMedError | None = None) -> None:
        self._demo_waits = False

    def _named(self) -> None:
        self.session.set_reviewer(self.name_edit.text())
        opened = self.session.benchmark
        if opened is not None and self.session.reviewer and opened.actor != self.session.reviewer:
            # Another person's queue, drafts and undo: the file is read anew under that name.
            self.open(opened.path)

    def _show_name(self, name: str) -> None:
        self.name_edit.setText(name)

    def _describe(self) -> None:
        opened = self.session.benchmark
        self.demo_button.setVisible(opened is None)
        self.file_label.setText(EMPTY if opened is None else f"{opened.path.name} · {opened.actor}")
        self.file_label.setToolTip("" if opened is None else str(opened.path))


def _open(_job: Job, path: Path | str, actor: str, new: bool) -> Benchmark:
    return benchmarks.create(path, actor=actor) if new else benchmarks.open(path, actor=actor, new=False)
