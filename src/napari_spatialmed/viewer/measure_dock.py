"""The Measure dock: measure the selected structures, list the values with what they are worth, draw them in the scene."""

from __future__ import annotations

import itertools
from pathlib import Path

import napari
from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFileDialog,
    QPushButton,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import Measurement
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.button_row import button_row
from napari_spatialmed.viewer.calculator_list import CalculatorList
from napari_spatialmed.viewer.drawings import drawing_key
from napari_spatialmed.viewer.frames import framed, scrolling_layout
from napari_spatialmed.viewer.histogram import HistogramPanel
from napari_spatialmed.viewer.measurements_model import (
    FLAGS,
    MEASURE,
    STRUCTURES,
    MeasurementsModel,
    MeasurementsOrder,
)
from napari_spatialmed.viewer.measuring import Measured, Wanted, as_csv, as_json, as_lines, measure_all, plan
from napari_spatialmed.viewer.memory import recall, remember
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, not_a_device
from napari_spatialmed.viewer.pairs_matrix import PairsPanel
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.shared_columns import SharedColumns
from napari_spatialmed.viewer.work import Work
from napari_spatialmed.whole import write_result

NOTHING_SELECTED = (
    "Select structures: click on them in the picture (Shift adds), or choose them in the Case dock. "
    "Pairs are measured in the order of selection."
)


class MeasureDock(QWidget):
    """Measures what the session has selected."""

    def __init__(self, napari_viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session_for(napari_viewer)
        self.work = Work(self)
        self.work.returned.connect(self._on_measured)
        self.work.failed.connect(self._fail)
        self.work.cancelled.connect(self._cancelled)
        self._again = Work(self)
        self._again.returned.connect(self._on_remeasured)
        self._again.failed.connect(self._fail)
        self._stale: set[str] = set()
        self.selected = PlainLabel("", self)
        self.calculators = CalculatorList(self)
        self.calculators.ticked_changed.connect(self._enable)
        self.measure_button = QPushButton("Measure", self)
        self.measure_button.clicked.connect(self.measure)
        self.message = MessageLine(self)
        self.model = MeasurementsModel(self)
        self.model.drawing_changed.connect(self._on_drawing)
        self.order = MeasurementsOrder(self)
        self.order.setSourceModel(self.model)
        self.table = self._table()
        self.pairs = PairsPanel(self.session, self)
        self.histogram = HistogramPanel(self.session, self)
        self._lay_out()
        self.session.case_changed.connect(self._on_case)
        self.session.selection_changed.connect(self._on_selection)
        self.session.labels_edited.connect(self._on_edited)
        self.session.measurements_changed.connect(self._on_measurements)
        self.session.scene.pointing.drawing.connect(self._on_pointed)
        framed(self)
        self._on_case()

    def _lay_out(self) -> None:
        chooser = QCollapsible("Calculators", self)
        chooser.toggleButton().setToolTip("Choose what is measured")
        chooser.addWidget(self.calculators)
        chooser.expand(animate=False)
        results = QWidget(self)
        inner = QVBoxLayout(results)
        inner.setContentsMargins(0, 4, 0, 0)
        inner.addWidget(self.table, 1)
        row, self.buttons = button_row(
            (
                ("Draw all", "Draw every measurement that has a place", self._draw_all),
                ("Copy", "Copy the chosen rows, or all, as a table (Ctrl+C)", self.copy),
                ("Save…", "Save all as CSV or JSON", self._save),
                ("Clear", "Take all measurements out of the list and the picture", self._clear),
            )
        )
        inner.addLayout(row)
        self.tabs = QTabWidget(self)
        self.tabs.addTab(results, "Results")
        self.tabs.addTab(self.pairs, "Pairs")
        self.tabs.addTab(self.histogram, "Histogram")
        layout = scrolling_layout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self.selected)
        layout.addWidget(chooser)
        layout.addWidget(self.measure_button)
        layout.addWidget(BusyBar(self.work, self))
        layout.addWidget(BusyBar(self._again, self))
        layout.addWidget(self.message)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(not_a_device(self))
        # Parts are made in another order than they lie in.
        for before, after in itertools.pairwise((self.calculators, self.measure_button, self.tabs)):
            QWidget.setTabOrder(before, after)

    def _table(self) -> QTableView:
        table = QTableView(self)
        table.setModel(self.order)
        table.setAccessibleName("Measurements")
        table.setSortingEnabled(True)
        table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setMouseTracking(True)
        table.setMinimumHeight(120)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(24)
        SharedColumns(table, (MEASURE, STRUCTURES, FLAGS))
        table.entered.connect(self._on_hover)
        table.doubleClicked.connect(self._draw_and_go)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), table)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(self.copy)
        return table

    # ---- measuring

    def measure(self) -> None:
        """Measure the selection with the ticked calculators, beside what is listed already."""
        geometry = self.session.geometry
        if geometry is None:
            return
        self.message.clear()
        try:
            wanted = plan(
                self.calculators.ticked(), self.session.selection, has_image=geometry.case.image is not None
            )
        except SpatialMedError as error:
            self._fail(error)
            return
        if not wanted:
            self.message.say(
                "Nothing to measure: select two structures for a pair, or tick a calculator.", "warning"
            )
            return
        self.work.run("Measuring", measure_all, geometry, wanted)

    def _on_measured(self, result: Measured) -> None:
        new = {drawing_key(m) for m in result.measurements}
        kept = [m for m in self.session.measurements if drawing_key(m) not in new]
        self.session.set_measurements((*kept, *result.measurements))
        self.tabs.setCurrentIndex(0)
        if result.failures:
            self.message.say("\n".join(result.failures[:5]), "warning")
        else:
            self.message.say(
                f"{len(result.measurements)} measured. Tick a row to draw it; double-click goes there.",
                "good",
            )

    def _on_edited(self, names: tuple[str, ...]) -> None:
        self._stale.update(names)
        affected = [m for m in self.session.measurements if self._stale.intersection(m.structures)]
        if affected and self.session.geometry is not None:
            wanted = [Wanted(m.calculator, m.structures) for m in affected]
            self._again.run("Measuring again", measure_all, self.session.geometry, wanted)

    def _on_remeasured(self, result: Measured) -> None:
        self._stale.clear()
        now = {drawing_key(m): m for m in result.measurements}
        drawn = self.model.drawn()
        self.session.set_measurements(now.get(drawing_key(m), m) for m in self.session.measurements)
        self.session.scene.draw(now[drawing_key(m)] for m in drawn if drawing_key(m) in now)
        self.message.say(f"Labels were edited: {len(now)} measurements are new.", "good")

    # ---- the list

    def chosen(self) -> list[Measurement]:
        """The chosen rows, or all, as sorted on show."""
        rows = self.table.selectionModel().selectedRows() or [
            self.order.index(n, 0) for n in range(self.order.rowCount())
        ]
        return [self._at(index) for index in sorted(rows, key=_row)]

    def copy(self) -> None:
        """Copy the chosen rows, or all."""
        chosen = self.chosen()
        QApplication.clipboard().setText(as_lines(chosen))
        self.message.say(f"Copied {len(chosen)} rows.", "good")

    def save(self, path: Path) -> None:
        """Save all as JSON or CSV, by the path's ending."""
        case, measurements = self.session.case, self.session.measurements
        text = (
            as_json(measurements, case.id if case else "") if path.suffix == ".json" else as_csv(measurements)
        )
        try:
            write_result(path, text)
        except SpatialMedError as error:
            self._fail(error)
            return
        self.message.say(f"Saved {len(measurements)} measurements to {path.name}.", "good")

    def _save(self) -> None:
        start = str(Path(recall("results_folder", "")) / "measurements.csv")
        path, _ = QFileDialog.getSaveFileName(
            self, "Save measurements", start, "Table (*.csv);;JSON (*.json)"
        )
        if path:
            remember("results_folder", str(Path(path).parent))
            self.save(Path(path))

    def _clear(self) -> None:
        self.session.scene.erase(*self.session.measurements)
        self.session.set_measurements(())
        self.message.clear()

    def _draw_all(self) -> None:
        for m in self.model.measurements:
            self.model.set_drawn(m, True)
        drawn = [
            m for m in self.model.measurements if drawing_key(m) in self.session.scene.drawing_layers.drawings
        ]
        less = len(self.model.measurements) - len(drawn)
        self.message.say(
            f"{len(drawn)} drawn; {less} have no place in the picture, as a volume hasn't." if less else ""
        )

    def _on_drawing(self, measurement: Measurement, drawn: bool) -> None:
        if not drawn:
            self.session.scene.erase(measurement)
        elif not self.session.scene.draw([measurement]):
            self.message.say("This measurement has no place in the picture to draw.")

    def _draw_and_go(self, index: QModelIndex) -> None:
        measurement = self._at(index)
        self.model.set_drawn(measurement, True)
        if not self.session.scene.draw([measurement], go=True):
            self.session.scene.jump_to(measurement.structures)

    def _on_hover(self, index: QModelIndex) -> None:
        self.session.scene.highlight(self._at(index))

    def _on_pointed(self, key: str | None) -> None:
        self.model.point_at(key)
        for n, measurement in enumerate(self.model.measurements):
            if drawing_key(measurement) == key:
                self.table.scrollTo(self.order.mapFromSource(self.model.index(n, 0)))

    def leaveEvent(self, event: object) -> None:
        """Nothing is pointed at any more."""
        self.session.scene.highlight(None)

    def _at(self, index: QModelIndex) -> Measurement:
        return self.model.measurements[self.order.mapToSource(index).row()]

    # ---- the session changed

    def _on_case(self) -> None:
        self.work.cancel()
        self._again.cancel()
        self._stale.clear()
        self.message.clear()
        self._on_selection(self.session.selection)

    def _on_selection(self, names: tuple[str, ...]) -> None:
        case = self.session.case
        titles = [case[n].title for n in names] if case is not None else []
        if case is None:
            self.selected.setText("No scan is open. Open one in the Case dock.")
        elif not titles:
            self.selected.setText(NOTHING_SELECTED)
        else:
            more = f" and {len(titles) - 6} more" if len(titles) > 6 else ""
            self.selected.setText(f"Selected: {', '.join(titles[:6])}{more}")
        self._enable()

    def _on_measurements(self) -> None:
        self.model.set_measurements(self.session.measurements, self.session.case)
        self.table.setColumnHidden(FLAGS, not any(m.flags for m in self.session.measurements))
        self._enable()

    def _enable(self) -> None:
        missing = "" if self.session.selection else "Select structures first."
        missing = missing or ("" if self.calculators.ticked() else "Tick a calculator first.")
        self.measure_button.setEnabled(not missing)
        self.measure_button.setToolTip(
            missing or "Measure the selected structures with the ticked calculators"
        )
        for button in self.buttons.values():
            button.setEnabled(bool(self.session.measurements))

    def _cancelled(self) -> None:
        self.message.say("Cancelled; nothing was added to the list.")

    def _fail(self, error: SpatialMedError) -> None:
        self.message.fail(error)


def _row(index: QModelIndex) -> int:
    return index.row()
