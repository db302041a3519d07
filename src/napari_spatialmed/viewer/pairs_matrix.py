"""All pairs of the selected structures at a glance: one number each, as a heat map."""

from __future__ import annotations

import itertools
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, QRectF, Qt
from qtpy.QtGui import QBrush, QColor, QLinearGradient, QPainter, QPaintEvent
from qtpy.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QTableView, QVBoxLayout, QWidget

from napari_spatialmed.geometry import CALCULATORS, Calculator, CaseGeometry, Measurement, measure
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, shown
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.values import number_text, value_text
from napari_spatialmed.viewer.work import Job, Work

MOST = 40
"""Structures; a larger matrix can't be read on a screen."""
_HINT = "Select two to forty structures: each pair becomes a cell. Click a cell to draw it."
_LOW, _HIGH = (255, 236, 160), (38, 50, 120)
_AS_MUCH = 0.179
"""The luminance that black and white have the same contrast to."""
_Role = Qt.ItemDataRole


class PairsModel(QAbstractTableModel):
    """A matrix of measurements by names: the row's structure first, the column's second."""

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
        self._cells = {(b, a): m for (a, b), m in cells.items()} | cells
        values = [float(m.value) for m in cells.values() if isinstance(m.value, int | float)]
        self._range = (min(values), max(values)) if values else (0.0, 1.0)
        self.endResetModel()

    def range(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        return self._range

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
            color = shade(self._share(float(found.value)))
            return QBrush(QColor(*(color if role == _Role.BackgroundRole else ink_on(color))))
        return None

    def _share(self, value: float) -> float:
        low, high = self._range
        return (value - low) / (high - low) if high > low else 0.0


def shade(share: float) -> tuple[int, ...]:
    """The heat map's colour from its smallest value, 0, to its largest, 1."""
    return tuple(round(a + (b - a) * share) for a, b in zip(_LOW, _HIGH, strict=True))


def ink_on(color: tuple[int, ...]) -> tuple[int, ...]:
    """Black or white, whichever has more contrast to a colour (by its relative luminance in WCAG 2.2)."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in color)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return (0, 0, 0) if luminance > _AS_MUCH else (255, 255, 255)


class HeatScale(QWidget):
    """What the colours mean: a strip from the smallest value to the largest, with both."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ends = ("", "")
        self._note = ""
        self.setAccessibleName("Scale of the matrix")
        self.setMinimumHeight(round(1.4 * self.fontMetrics().height()))
        self.setMaximumHeight(round(1.4 * self.fontMetrics().height()))
        self.hide()

    def show_range(self, calculator: Calculator, low: float, high: float) -> None:
        """Show the scale of a calculator's values."""
        self._ends = (number_text(low), f"{number_text(high)} {calculator.unit}")
        self._note = "row to column" if calculator.ordered else ""
        self.setAccessibleDescription(f"{self._ends[0]} to {self._ends[1]}. {self._note}".strip())
        self.setVisible(low < high or calculator.ordered)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt."""
        painter = QPainter(self)
        painter.setPen(self.palette().windowText().color())
        height, metrics = self.height(), painter.fontMetrics()
        left = metrics.horizontalAdvance(self._ends[0]) + 8
        right = self.width() - metrics.horizontalAdvance(self._ends[1]) - 8
        note = metrics.horizontalAdvance(self._note) + 16 if self._note else 0
        strip = QRectF(left, height * 0.25, max(20.0, right - left - note), height * 0.5)
        colours = QLinearGradient(strip.topLeft(), strip.topRight())
        for share in (0.0, 1.0):
            colours.setColorAt(share, QColor(*shade(share)))
        painter.fillRect(strip, QBrush(colours))
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(QRectF(0, 0, left, height), middle, self._ends[0])
        painter.drawText(
            QRectF(strip.right() + 8, 0, self.width(), height), middle, f"{self._ends[1]}   {self._note}"
        )
        painter.end()


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
        self.scale = HeatScale(self)
        self.table = QTableView(self)
        self.table.setAccessibleName("Matrix of pairs")
        self.table.setModel(self.model)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.horizontalHeader().setMinimumSectionSize(56)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.verticalHeader().setDefaultSectionSize(24)
        self.table.clicked.connect(self._draw)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(PlainLabel(_HINT, self, quiet=True))
        layout.addWidget(self.calculator)
        layout.addWidget(BusyBar(self.work, self))
        layout.addWidget(self.message)
        layout.addWidget(self.scale)
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
            self.scale.hide()
            if len(names) > MOST:
                self.message.say(f"{len(names)} structures are selected: choose at most {MOST}.", "warning")
            return
        self.work.run("Measuring pairs", _measure_pairs, geometry, self.calculator.currentData(), names)

    def _show(self, result: tuple[tuple[str, ...], dict[tuple[str, str], Measurement]]) -> None:
        names, cells = result
        case = self._session.case
        if case is not None:
            self.model.show(names, tuple(case[n].title for n in names), cells)
            self.scale.show_range(CALCULATORS[self.calculator.currentData()], *self.model.range())

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
    ordered = CALCULATORS[calculator].ordered
    pairs = list(itertools.permutations(names, 2) if ordered else itertools.combinations(names, 2))
    cells = {}
    for n, (a, b) in enumerate(pairs):
        job.check()
        job.progress(n / len(pairs), f"Measuring pair {n + 1} of {len(pairs)}")
        cells[a, b] = measure(geometry, calculator, a, b)
    return names, cells
