"""The Report dock: runs over the open benchmark side by side, where models fail, and the worst items back in the scene."""

from __future__ import annotations

from pathlib import Path

from napari.viewer import Viewer
from qtpy.QtCore import QByteArray, Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtSvgWidgets import QSvgWidget
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from napari_spatialmed.benchmark import State
from napari_spatialmed.case import CaseLibrary
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation.judging import Judged
from napari_spatialmed.evaluation.report import write_report
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import PAPER_TASKS
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.frames import framed, scrolling_layout
from napari_spatialmed.viewer.memory import recall, remember
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, not_a_device, short_path, shown
from napari_spatialmed.viewer.report_data import PUBLISHED_MARK, PUBLISHED_NOTE, ReportData, report_data
from napari_spatialmed.viewer.report_judge import NO_RUN, ReportJudge
from napari_spatialmed.viewer.report_tables import ReportDetails, fill_table, plain_table
from napari_spatialmed.viewer.report_worst import ReportWorst
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.work import Job, Work

EMPTY = (
    "Add the folders of runs. A terminal makes them:\n"
    "spatialmed evaluate BENCHMARK --cases FOLDER --endpoint NAME --out RUN\n"
    "The benchmark they were made from must be open (Curate dock)."
)
FIGURE_WIDTH = 400
RUNS_AT_ONCE = 4
REMOVE_TIP = "Take the chosen run out of the comparison; its folder stays"
SAVE_TIP = "One HTML file with everything, to open in a browser, print or mail"


class ReportDock(QWidget):
    """Reads runs over the session's benchmark; computes off the GUI thread."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.session = session_for(napari_viewer)
        self.data: ReportData | None = None
        self._added: Path | None = None
        self._reading, self._writing = Work(self), Work(self)
        self._build()
        framed(self)
        self.add_button.clicked.connect(self._choose_run)
        self.remove_button.clicked.connect(self._remove_run)
        self.save_button.clicked.connect(self._choose_page)
        self.worst_page.failed.connect(self.message.fail)
        self.worst_page.overridden.connect(self._overridden)
        self.judge.changed.connect(self._judged)
        self.judge.failed.connect(self.message.fail)
        self.judge.said.connect(self.message.say)
        self._reading.returned.connect(self._show)
        self._reading.failed.connect(self._not_read)
        self._writing.returned.connect(self._written)
        self._writing.failed.connect(self._fail)
        self.session.benchmark_changed.connect(self._enable)
        self._enable()

    # ---- what it looks like

    def _build(self) -> None:
        self.runs = QListWidget()
        self.runs.setAccessibleName("Run folders")
        self.add_button, self.remove_button = QPushButton("Add a run…"), QPushButton("Take out")
        self.add_button.setToolTip("Add a folder that `spatialmed evaluate` has written")
        self.save_button = QPushButton("Save as a page…")
        self.message = MessageLine()
        self.summary = PlainLabel(EMPTY)
        self.table = plain_table("Scores", first=1 + len(PAPER_TASKS))
        self.figures = QWidget()
        self.figures_layout = QVBoxLayout(self.figures)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self.figures)
        self.judge = ReportJudge(self.session)
        self.details = ReportDetails()
        self.worst_page = ReportWorst(self.session)
        tabs = QTabWidget()
        tabs.addTab(_with_note(self.table, f"{PUBLISHED_MARK} {PUBLISHED_NOTE}."), "Scores")
        tabs.addTab(scroll, "Figures")
        tabs.addTab(self.details, "Details")
        tabs.addTab(self.worst_page, "Worst items")
        buttons = QHBoxLayout()
        for button in (self.add_button, self.remove_button, self.save_button):
            buttons.addWidget(button)
        layout = scrolling_layout(self)
        layout.addWidget(self.runs)
        layout.addLayout(buttons)
        layout.addWidget(self.judge)
        for work in (self._reading, self._writing):
            layout.addWidget(BusyBar(work))
        layout.addWidget(self.message)
        layout.addWidget(self.summary)
        layout.addWidget(tabs, 1)
        layout.addWidget(not_a_device())

    # ---- runs

    @property
    def folders(self) -> tuple[Path, ...]:
        """The run folders listed."""
        items = [self.runs.item(n) for n in range(self.runs.count())]
        return tuple(item.data(Qt.ItemDataRole.UserRole) for item in items if item is not None)

    def add_run(self, folder: Path) -> None:
        """List a run and read all of them."""
        if folder not in self.folders:
            item = QListWidgetItem(short_path(folder))
            item.setData(Qt.ItemDataRole.UserRole, folder)
            item.setToolTip(shown(folder))
            self.runs.addItem(item)
            self._added = folder
        self.read()

    def read(self) -> None:
        """Read the runs anew."""
        self._enable()
        benchmark = self.session.benchmark
        if benchmark is None:
            self.message.say("Open the benchmark that the runs were made from (Curate dock).", "warning")
        elif self.folders:
            self.message.clear()
            self._reading.run("Reading runs", _read, self.folders, benchmark.state, self.judge.judged)

    def _choose_run(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Run folder", recall("run_folder", str(Path.home())))
        if folder:
            remember("run_folder", str(Path(folder).parent))
            self.add_run(Path(folder))

    def _remove_run(self) -> None:
        self.runs.takeItem(self.runs.currentRow())
        self._enable()
        if self.folders:
            self.read()

    def _enable(self) -> None:
        has_runs = bool(self.folders) and self.session.benchmark is not None
        self.save_button.setEnabled(has_runs)
        self.remove_button.setEnabled(bool(self.folders))
        self.save_button.setToolTip(SAVE_TIP if has_runs else NO_RUN)
        self.remove_button.setToolTip(REMOVE_TIP if self.folders else NO_RUN)
        self.runs.setVisible(bool(self.folders))
        lines = min(self.runs.count(), RUNS_AT_ONCE)
        self.runs.setFixedHeight(lines * (self.runs.fontMetrics().height() + 4) + 8)
        self.judge.of_runs(self.folders if has_runs else ())

    def _fail(self, error: SpatialMedError) -> None:
        self.message.fail(error)

    def _not_read(self, error: SpatialMedError) -> None:
        # What was just added and is no run would keep the others from being read.
        for n in reversed(range(self.runs.count())):
            item = self.runs.item(n)
            if item is not None and item.data(Qt.ItemDataRole.UserRole) == self._added:
                self.runs.takeItem(n)
        self._added = None
        self._enable()
        self._fail(error)

    # ---- results

    def _show(self, data: ReportData) -> None:
        self.data, self._added = data, None
        self.summary.setText(data.summary)
        fill_table(self.table, data.header, data.rows, heads=True)
        while (item := self.figures_layout.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for title, svg in data.figures:
            self.figures_layout.addWidget(PlainLabel(title))
            picture = QSvgWidget()
            picture.load(QByteArray(svg.encode()))
            size = picture.renderer().defaultSize()
            picture.setFixedSize(FIGURE_WIDTH, max(80, size.height() * FIGURE_WIDTH // max(1, size.width())))
            picture.setStyleSheet("background: white;")
            picture.setAccessibleName(title)
            self.figures_layout.addWidget(picture)
        self.figures_layout.addStretch(1)
        self.details.show_tables(data.details)
        self.worst_page.show_items(data.worst)
        self._enable()

    def _judged(self, _judged: Judged | None) -> None:
        self.read()

    def _overridden(self) -> None:
        self.read()
        self.message.say("Saved in the benchmark.", "good")

    # ---- the page

    def _choose_page(self) -> None:
        start = str(Path(recall("results_folder", str(Path.home()))) / "report.html")
        path, _ = QFileDialog.getSaveFileName(self, "Save the report", start, "Page (*.html)")
        if path:
            remember("results_folder", str(Path(path).parent))
            self.save_page(Path(path))

    def save_page(self, path: Path) -> None:
        """Write the report as one HTML file."""
        benchmark = self.session.benchmark
        if benchmark is not None:
            judged, name = self.judge.judged, benchmark.path.name.partition(".")[0]
            self._writing.run("Writing the report", _write, self.folders, benchmark.state, judged, name, path)

    def _written(self, path: Path) -> None:
        self.message.say(f"Written: {short_path(path)}", "good")
        self.message.setToolTip(shown(path))
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


def _with_note(table: QWidget, note: str) -> QWidget:
    """A table with a line below."""
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 4, 0, 0)
    layout.addWidget(table, 1)
    layout.addWidget(PlainLabel(note, quiet=True))
    return page


def _read(job: Job, folders: tuple[Path, ...], state: State, judged: Judged | None) -> ReportData:
    return report_data(folders, state, judged)


def _write(
    job: Job, folders: tuple[Path, ...], state: State, judged: Judged | None, name: str, path: Path
) -> Path:
    library = CaseLibrary()

    def find(case_id: str) -> CaseGeometry:
        job.check()
        return CaseGeometry(library.open(case_id))

    return write_report(folders, state, path, find_case=find, judged=judged, title=name).path
