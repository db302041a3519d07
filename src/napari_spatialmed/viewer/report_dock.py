"""The Report dock: runs over the open benchmark side by side, where models fail, and the worst items back in the scene."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from napari.viewer import Viewer
from qtpy.QtCore import QByteArray, Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtSvgWidgets import QSvgWidget
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QListWidget,
    QPushButton,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from napari_spatialmed.benchmark import State
from napari_spatialmed.case import CaseLibrary
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation.faithfulness import ErrorClass, override_error
from napari_spatialmed.evaluation.report import write_report
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.memory import recall, remember
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, not_a_device, shown
from napari_spatialmed.viewer.report_data import ReportData, WorstItem, report_data
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.work import Job, Work

EMPTY = (
    "Add run folders: “spatialmed evaluate BENCHMARK --cases FOLDER --endpoint NAME --out RUN” makes them. "
    "The benchmark they were made from must be open (Curate dock)."
)
FIGURE_WIDTH = 400


class ReportDock(QWidget):
    """Reads runs over the session's benchmark; computes off the GUI thread."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.session = session_for(napari_viewer)
        self.data: ReportData | None = None
        self._reading, self._writing = Work(self), Work(self)
        self._build()
        self.add_button.clicked.connect(self._choose_run)
        self.remove_button.clicked.connect(self._remove_run)
        self.save_button.clicked.connect(self._choose_page)
        self.worst.currentCellChanged.connect(self._worst_chosen)
        self.show_button.clicked.connect(self.show_question)
        self.class_box.activated.connect(self._override)
        self._reading.returned.connect(self._show)
        self._reading.failed.connect(self._fail)
        self._writing.returned.connect(self._written)
        self._writing.failed.connect(self._fail)
        self.session.benchmark_changed.connect(self._enable)
        self._enable()

    # ---- what it looks like

    def _build(self) -> None:
        self.runs = QListWidget()
        self.runs.setAccessibleName("Run folders")
        self.runs.setMaximumHeight(84)
        self.add_button, self.remove_button = QPushButton("Add a run…"), QPushButton("Take out")
        self.save_button = QPushButton("Save as a page…")
        self.save_button.setToolTip("One HTML file with everything, to open in a browser, print or mail")
        self.message = MessageLine()
        self.summary = PlainLabel(EMPTY)
        self.table, self.worst, self.answers = (QTableWidget() for _ in range(3))
        for table, name in ((self.table, "Scores"), (self.worst, "Worst items"), (self.answers, "Answers")):
            table.setAccessibleName(name)
            table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
            table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
            table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
            table.verticalHeader().hide()
            table.setWordWrap(False)
        self.figures = QWidget()
        self.figures_layout = QVBoxLayout(self.figures)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self.figures)
        self.show_button = QPushButton("Show in the scene")
        self.class_box = QComboBox()
        self.class_box.addItems(list(get_args(ErrorClass)))
        self.class_box.setAccessibleName("Kind of error, as you see it")
        self.class_box.setToolTip(
            "Overrules the machine's class of the chosen answer; it is kept in the benchmark."
        )
        worst_page = QWidget()
        worst_layout = QVBoxLayout(worst_page)
        worst_layout.setContentsMargins(0, 4, 0, 0)
        worst_layout.addWidget(self.worst, 2)
        worst_layout.addWidget(self.answers, 1)
        row = QHBoxLayout()
        row.addWidget(self.show_button)
        row.addWidget(PlainLabel("Kind of error"))
        row.addWidget(self.class_box)
        worst_layout.addLayout(row)
        tabs = QTabWidget()
        tabs.addTab(self.table, "Scores")
        tabs.addTab(scroll, "Figures")
        tabs.addTab(worst_page, "Worst items")
        buttons = QHBoxLayout()
        for button in (self.add_button, self.remove_button, self.save_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.runs)
        layout.addLayout(buttons)
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
        return tuple(
            Path(item.text()) for n in range(self.runs.count()) if (item := self.runs.item(n)) is not None
        )

    def add_run(self, folder: Path) -> None:
        """List a run and read all of them."""
        if folder not in self.folders:
            self.runs.addItem(str(folder))
        self.read()

    def read(self) -> None:
        """Read the runs anew."""
        self._enable()
        benchmark = self.session.benchmark
        if benchmark is None:
            self.message.say("Open the benchmark that the runs were made from (Curate dock).", "warning")
        elif self.folders:
            self.message.clear()
            self._reading.run("Reading runs", _read, self.folders, benchmark.state)

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
        for widget in (self.show_button, self.class_box):
            widget.setEnabled(self.data is not None and bool(self.data.worst))

    def _fail(self, error: SpatialMedError) -> None:
        self.message.fail(error)

    # ---- results

    def _show(self, data: ReportData) -> None:
        self.data = data
        self.summary.setText(data.summary)
        fill_table(self.table, data.header, data.rows)
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
        rows = tuple(((w.task, w.task), (w.stem, w.stem), (w.truth, w.truth)) for w in data.worst)
        fill_table(self.worst, ("Task", "Question", "Truth"), rows, stretch=1)
        if rows:
            self.worst.setCurrentCell(0, 0)
        self._enable()

    @property
    def chosen(self) -> WorstItem | None:
        """The worst item of the current row."""
        row = self.worst.currentRow()
        return self.data.worst[row] if self.data is not None and 0 <= row < len(self.data.worst) else None

    def _worst_chosen(self, _row: int, _column: int, _before: int, _before_column: int) -> None:
        item = self.chosen
        answers = () if item is None else item.answers
        rows = tuple(
            (
                (a.model, a.explanation),
                (a.outcome, a.outcome),
                (a.parsed, a.explanation),
                (f"{a.error_class}{' (curator)' if a.overridden else ''}", a.explanation),
            )
            for a in answers
        )
        fill_table(self.answers, ("Model", "Outcome", "Answer", "Kind of error"), rows, stretch=3)
        if rows:
            self.answers.setCurrentCell(0, 0)

    def show_question(self) -> None:
        """Turn to the chosen question: the Curate dock opens its scan and draws the evidence."""
        if self.chosen is not None:
            self.session.set_question(self.chosen.question)

    def _override(self) -> None:
        item, benchmark, row = self.chosen, self.session.benchmark, self.answers.currentRow()
        if item is None or benchmark is None or not 0 <= row < len(item.answers) or not item.answers[row].key:
            return
        try:
            override_error(benchmark, item.answers[row].key, self.class_box.currentText())  # type: ignore[arg-type]
        except SpatialMedError as error:
            self.message.fail(error)
            return
        self.message.say("Saved in the benchmark.", "good")
        self.read()

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
            self._writing.run("Writing the report", _write, self.folders, benchmark.state, path)

    def _written(self, path: Path) -> None:
        self.message.say(f"Written: {path}", "good")
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


def fill_table(
    table: QTableWidget,
    header: tuple[str, ...],
    rows: tuple[tuple[tuple[str, str], ...], ...],
    *,
    stretch: int | None = None,
) -> None:
    """Show (text, tooltip) cells; numbers to the right."""
    table.setColumnCount(len(header))
    table.setHorizontalHeaderLabels(list(header))
    table.setRowCount(len(rows))
    for r, row in enumerate(rows):
        for c, (text, tip) in enumerate(row):
            item = QTableWidgetItem(shown(text).replace("\n", " "))
            item.setToolTip(shown(tip))
            if text.replace(".", "", 1).isdigit():
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            table.setItem(r, c, item)
    table.resizeColumnsToContents()
    if stretch is not None:
        table.horizontalHeader().setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)


def _read(job: Job, folders: tuple[Path, ...], state: State) -> ReportData:
    return report_data(folders, state)


def _write(job: Job, folders: tuple[Path, ...], state: State, path: Path) -> Path:
    library = CaseLibrary()

    def find(case_id: str) -> CaseGeometry:
        job.check()
        return CaseGeometry(library.open(case_id))

    return write_report(folders, state, path, find_case=find).path
