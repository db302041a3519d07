"""The measurements as a Qt table: sortable, each row can be drawn in the scene."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

from qtpy.QtCore import QModelIndex, QObject, QSortFilterProxyModel, Qt, Signal
from qtpy.QtGui import QFont

from napari_spatialmed.case import Case
from napari_spatialmed.geometry import CALCULATORS, Measurement
from napari_spatialmed.viewer.drawings import drawing_key
from napari_spatialmed.viewer.listing import RowModel
from napari_spatialmed.viewer.messages import shown
from napari_spatialmed.viewer.values import uncertainty_text, value_text

MEASURE, VALUE, WORTH, STRUCTURES, FLAGS = range(5)
HEADERS = ("Measurement", "Value", "±", "Structures", "Notes")
_Role = Qt.ItemDataRole
SORT_ROLE = _Role.UserRole + 1


class MeasurementsModel(RowModel):
    """Rows of measurements; the check mark of the first column says whether it is drawn in the scene."""

    headers = HEADERS
    header_tips = MappingProxyType({WORTH: "How much one voxel at the boundary changes the value"})

    drawing_changed = Signal(object, bool)
    """The user ticked or unticked a measurement."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._measurements: list[Measurement] = []
        self._drawn: set[str] = set()
        self._case: Case | None = None
        self._pointed: str | None = None
        self._bold = QFont()
        self._bold.setBold(True)

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """As listed."""
        return tuple(self._measurements)

    def drawn(self) -> list[Measurement]:
        """Those that are drawn."""
        return [m for m in self._measurements if drawing_key(m) in self._drawn]

    def set_measurements(self, measurements: Iterable[Measurement], case: Case | None) -> None:
        """Replace all; what is drawn stays ticked if it is still listed."""
        self.beginResetModel()
        self._measurements, self._case = list(measurements), case
        self._drawn &= {drawing_key(m) for m in self._measurements}
        self.endResetModel()

    def point_at(self, key: str | None) -> None:
        """The mouse is on this drawing in the picture: its row is written in bold."""
        touched, self._pointed = {self._pointed, key}, key
        for n, m in enumerate(self._measurements):
            if drawing_key(m) in touched:
                self.dataChanged.emit(self.index(n, 0), self.index(n, len(HEADERS) - 1), [_Role.FontRole])

    def set_drawn(self, measurement: Measurement, drawn: bool) -> None:
        """Tick or untick one, as the user would."""
        key = drawing_key(measurement)
        if drawn == (key in self._drawn):
            return
        (self._drawn.add if drawn else self._drawn.discard)(key)
        for n, other in enumerate(self._measurements):
            if drawing_key(other) == key:
                self.dataChanged.emit(self.index(n, MEASURE), self.index(n, MEASURE))
        self.drawing_changed.emit(measurement, drawn)

    def listed(self) -> int:
        """How many rows there are."""
        return len(self._measurements)

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Qt."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == MEASURE else flags

    def data(self, index: QModelIndex, role: int = _Role.DisplayRole) -> Any:
        """Qt."""
        m, column = self._measurements[index.row()], index.column()
        if role == _Role.DisplayRole:
            return self._text(m, column)
        if role == SORT_ROLE:
            return self._sort_key(m, column)
        if role == _Role.FontRole and self._pointed is not None and drawing_key(m) == self._pointed:
            return self._bold
        if role == _Role.ToolTipRole:
            row = f"{self._text(m, MEASURE)}: {self._titles(m)}"
            return shown(
                "\n".join(part for part in (row, f"{m.method}.", "; ".join(m.flags)) if part)
            ).replace("<", "‹")
        if role == _Role.TextAlignmentRole and column in (VALUE, WORTH):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if column == MEASURE and role == _Role.CheckStateRole:
            return Qt.CheckState.Checked if drawing_key(m) in self._drawn else Qt.CheckState.Unchecked
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = _Role.EditRole) -> bool:
        """Qt."""
        if role != _Role.CheckStateRole or index.column() != MEASURE:
            return False
        self.set_drawn(self._measurements[index.row()], Qt.CheckState(value) == Qt.CheckState.Checked)
        return True

    def _titles(self, m: Measurement) -> str:
        case = self._case
        joint = " seen from " if m.calculator == "direction" else " – "
        return joint.join(case[n].title if case is not None and n in case else n for n in m.structures)

    def _text(self, m: Measurement, column: int) -> str:
        if column == MEASURE:
            return CALCULATORS[m.calculator].title if m.calculator in CALCULATORS else m.calculator
        if column == STRUCTURES:
            return shown(self._titles(m))
        if column == VALUE:
            return shown(value_text(m))
        return uncertainty_text(m).removeprefix("± ") if column == WORTH else ", ".join(m.flags)

    def _sort_key(self, m: Measurement, column: int) -> Any:
        if column == VALUE:
            # Numbers by size, grouped by unit; words after them.
            number = m.value if isinstance(m.value, int | float) and not isinstance(m.value, bool) else None
            return f"~{value_text(m)}" if number is None else f"{m.unit}{number + 1e9:030.9f}"
        if column == WORTH:
            return -1.0 if m.uncertainty is None else float(m.uncertainty)
        return self._text(m, column).casefold()


class MeasurementsOrder(QSortFilterProxyModel):
    """Sorts numbers as numbers."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setSortRole(SORT_ROLE)
