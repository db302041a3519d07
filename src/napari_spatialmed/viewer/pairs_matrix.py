"""All pairs of the selected structures at a glance: one number each, as a heat map."""

from __future__ import annotations

import itertools
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import QAbstractItemView, QComboBox, QTableView, QVBoxLayout, QWidget

from napari_spatialmed.geometry import CALCULATORS, CaseGeometry, Measurement, measure
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, shown
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.values import number_text, value_text
from napari_spatialmed.viewer.work import Job, Work

MOST = 40
"""Structures; a larger matrix can't be read on a screen."""
_HINT = "Select two to forty structures: each pair becomes a cell. Click a cell to draw it."
_LOW, _HIGH = (255, 236, 160), (38, 50, 120)
_Role = Qt.ItemDataRole


class PairsModel(QAbstractTableModel):
    """A symmetric matrix of measurements by names."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._titles: tuple[str, ...] = ()
        self._cells: dict[tuple[str, str], Measurement] = {}
        self._range = (0.0, 1.0)

    def show(
        self, names: tuple[str, ...], titles: tuple[str, ...], cells: dict[tuple[str, str], Measurement]
    ) -> None:
        """Replace the matrix."""
        self.beginResetModel()
        self._names, self._titles = names, titles
        self._cells = cells | {(b, a): m for (a, b), m in cells.items()}
        values = [float(m.value) for m in cells.values() if isinstance(m.value, int | float)]
        self._range = (min(values), max(values)) if values else (0.0, 1.0)
        self.endResetModel()

    def cell(self, index: QModelIndex) -> Measurement | None:
        """The measurement of a cell; None on the diagonal."""
        return self._cells.get((self._names[index.row()], self._names[index.column()]))

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Qt."""
        return 0 if parent.isValid() else len(self._names)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Qt."""
        return 0 if parent.isValid() else len(self._names)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:
        """Qt."""
        return shown(self._titles[section])[:24] if role == _Role.DisplayRole else None

    def data(self, index: QModelIndex, role: int = _Role.DisplayRole) -> Any:
        """Qt."""
        found = self.cell(index)
        if found is None:
            return None
        if role == _Role.DisplayRole:
            return (
                number_text(float(found.value)) if isinstance(found.value, int | float) else value_text(found)
            )
        if role == _Role.ToolTipRole:
            titles = f"{self._titles[index.row()]} – {self._titles[index.column()]}"
            return shown(f"{titles}: {value_text(found)}").replace("<", "‹")
        if role == _Role.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignCenter
        if role in (_Role.BackgroundRole, _Role.ForegroundRole) and isinstance(found.value, int | float):
            color = self._color(float(found.value))
            if role == _Role.BackgroundRole:
                return QBrush(color)
            # Black or white, whichever reads on this colour.
            dark = 0.299 * color.red() + 0.587 * color.green() + 0.114 * color.blue() < 140
            return QBrush(QColor("white" if dark else "black"))
        return None

    def _color(self, value: float) -> QColor:
        low, high = self._range
        share = (value - low) / (high - low) if high > low else 0.0
        return QColor(*(round(a + (b - a) * share) for a, b in zip(_LOW, _HIGH, strict=True)))


class PairsPanel(QWidget):
    """The matrix of one pair calculator over the session's selection."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.work = Work(self)
        self.work.returned.connect(self._show)
        self.message = MessageLine(self)
        self.work.failed.connect(self.message.fail)
        self.calculator = QComboBox(self)
        self.calculator.setAccessibleName("What the matrix shows")
        for found in CALCULATORS.values():
            if found.scope == "pair" and found.unit:
                self.calculator.addItem(f"{found.title} ({found.unit})", found.name)
        self.calculator.setCurrentIndex(max(0, self.calculator.findData("surface_distance_mm")))
        self.calculator.currentIndexChanged.connect(self._on_change)
        self.model = PairsModel(self)
        self.table = QTableView(self)
        self.table.setAccessibleName("Matrix of pairs")
        self.table.setModel(self.model)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.horizontalHeader().setDefaultSectionSize(64)
        self.table.verticalHeader().setDefaultSectionSize(24)
        self.table.clicked.connect(self._draw)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(PlainLabel(_HINT, self, quiet=True))
        layout.addWidget(self.calculator)
        layout.addWidget(BusyBar(self.work, self))
        layout.addWidget(self.message)
        layout.addWidget(self.table, 1)
        session.selection_changed.connect(self._on_change)
        session.labels_edited.connect(self._on_change)
        self._drawn: Measurement | None = None

    def showEvent(self, event: object) -> None:
        """Fill the matrix only once it is looked at."""
        self._on_change()

    def _on_change(self) -> None:
        geometry, names = self._session.geometry, self._session.selection
        if not self.isVisible():
            return
        self.message.clear()
        if geometry is None or not 2 <= len(names) <= MOST:
            self.work.cancel()
            self.model.show((), (), {})
            if len(names) > MOST:
                self.message.say(f"{len(names)} structures are selected: choose at most {MOST}.", "warning")
            return
        self.work.run("Measuring pairs", _measure_pairs, geometry, self.calculator.currentData(), names)

    def _show(self, result: tuple[tuple[str, ...], dict[tuple[str, str], Measurement]]) -> None:
        names, cells = result
        case = self._session.case
        if case is not None:
            self.model.show(names, tuple(case[n].title for n in names), cells)

    def _draw(self, index: QModelIndex) -> None:
        found = self.model.cell(index)
        if self._drawn is not None:
            self._session.scene.erase(self._drawn)
        self._drawn = found
        if found is not None:
            self._session.scene.draw([found], go=True)


def _measure_pairs(
    job: Job, geometry: CaseGeometry, calculator: str, names: tuple[str, ...]
) -> tuple[tuple[str, ...], dict[tuple[str, str], Measurement]]:
    pairs = list(itertools.combinations(names, 2))
    cells = {}
    for n, (a, b) in enumerate(pairs):
        job.check()
        job.progress(n / len(pairs), f"Measuring pair {n + 1} of {len(pairs)}")
        cells[a, b] = measure(geometry, calculator, a, b)
    return names, cells
