"""The structures of a case as a Qt table: name with colour, volume, state, visibility."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from qtpy.QtCore import QModelIndex, QObject, QSortFilterProxyModel, Qt, Signal
from qtpy.QtGui import QColor, QFont, QIcon, QPainter, QPixmap

from napari_spatialmed.case import Structure
from napari_spatialmed.geometry import CaseGeometry, EmptyStructureError, measure
from napari_spatialmed.viewer.listing import RowModel
from napari_spatialmed.viewer.messages import shown

NAME, VOLUME, STATE = range(3)
HEADERS = ("Structure", "mL", "State")
_Role = Qt.ItemDataRole
SORT_ROLE = _Role.UserRole + 1
_EXPLAINED = {
    "truncated": "Reaches the border of the scan: its real size is larger.",
    "in pieces": "Not one connected piece.",
    "small": "So few voxels that measurements are coarse.",
    "empty": "No voxel of it is left.",
    "stale": "Its labels were edited; it is being measured again.",
}


@dataclass(frozen=True)
class StructureRow:
    """One structure as listed.  `state` are flags such as ``truncated``."""

    structure: Structure
    volume_ml: float | None
    """None until it is measured."""
    state: tuple[str, ...] = ()
    visible: bool = True


def structure_row(geometry: CaseGeometry, structure: Structure) -> StructureRow:
    """Volume and state of one structure."""
    try:
        volume = measure(geometry, "volume_ml", structure.name)
        pieces = measure(geometry, "components", structure.name)
    except EmptyStructureError:
        return StructureRow(structure, 0.0, ("empty",))
    state = tuple(f for f in dict.fromkeys((*volume.flags, *pieces.flags)) if f in _EXPLAINED)
    return StructureRow(structure, float(volume.value), state)  # type: ignore[arg-type]


class StructuresModel(RowModel):
    """Rows of :class:`StructureRow`; the check mark of the first column is visibility."""

    headers = HEADERS

    visibility_changed = Signal()
    """The user ticked or unticked a row."""
    named = Signal(int, str)
    """The user gave the structure of this label another name; the rows change once that was accepted."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[StructureRow] = []
        self._icons: dict[tuple[int, int, int], QIcon] = {}
        self._colors: dict[str, tuple[int, int, int]] = {}
        self._pointed: str | None = None
        self._bold = QFont()
        self._bold.setBold(True)

    @property
    def rows(self) -> tuple[StructureRow, ...]:
        """As listed, in the case's order."""
        return tuple(self._rows)

    def set_rows(self, rows: Iterable[StructureRow]) -> None:
        """Replace all."""
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def set_colors(self, colors: dict[str, tuple[int, int, int]]) -> None:
        """The colours that structures are shown in, by name."""
        self._colors = colors
        if self._rows:
            self.dataChanged.emit(self.index(0, NAME), self.index(len(self._rows) - 1, NAME))

    def update_rows(self, rows: Iterable[StructureRow]) -> None:
        """Replace rows of the same structures, keeping their visibility."""
        at = {row.structure.name: n for n, row in enumerate(self._rows)}
        changed: list[int] = []
        for row in rows:
            n = at.get(row.structure.name)
            if n is not None:
                self._rows[n] = replace(row, visible=self._rows[n].visible)
                changed.append(n)
        if changed:
            # Once for all: a table sorts and lays itself out at each word of it.
            self.dataChanged.emit(self.index(min(changed), 0), self.index(max(changed), len(HEADERS) - 1))

    def point_at(self, name: str | None) -> None:
        """The mouse is on this structure in the picture: its row is written in bold."""
        touched, self._pointed = {self._pointed, name}, name
        for n, row in enumerate(self._rows):
            if row.structure.name in touched:
                self.dataChanged.emit(self.index(n, 0), self.index(n, len(HEADERS) - 1), [_Role.FontRole])

    def mark(self, names: Iterable[str], state: str) -> None:
        """Add a state to these rows until they are updated."""
        wanted = set(names)
        for n, row in enumerate(self._rows):
            if row.structure.name in wanted and state not in row.state:
                self._rows[n] = replace(row, state=(*row.state, state))
                self.dataChanged.emit(self.index(n, STATE), self.index(n, STATE))

    def hidden(self) -> frozenset[str]:
        """Names of the rows that aren't visible."""
        return frozenset(row.structure.name for row in self._rows if not row.visible)

    def set_hidden(self, names: frozenset[str]) -> None:
        """Take over what the scene shows; no signal."""
        for n, row in enumerate(self._rows):
            visible = row.structure.name not in names
            if row.visible != visible:
                self._rows[n] = replace(row, visible=visible)
                self.dataChanged.emit(self.index(n, NAME), self.index(n, NAME))

    def listed(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Qt."""
        flags = super().flags(index)
        if index.column() != NAME:
            return flags
        return flags | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEditable

    def data(self, index: QModelIndex, role: int = _Role.DisplayRole) -> Any:
        """Qt."""
        row, column = self._rows[index.row()], index.column()
        if role == _Role.DisplayRole:
            return self._text(row, column)
        if role == _Role.EditRole and column == NAME:
            return shown(row.structure.title)
        if role == SORT_ROLE:
            volume = -1.0 if row.volume_ml is None else row.volume_ml
            return (_in_order(row.structure.title), volume, " ".join(row.state))[column]
        if role == _Role.ToolTipRole:
            return self._tip(row, column)
        if role == _Role.FontRole and row.structure.name == self._pointed:
            return self._bold
        if role == _Role.TextAlignmentRole and column == VOLUME:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if column == NAME and role == _Role.DecorationRole:
            return self._swatch(self._colors.get(row.structure.name, row.structure.color))
        if column == NAME and role == _Role.CheckStateRole:
            return Qt.CheckState.Checked if row.visible else Qt.CheckState.Unchecked
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = _Role.EditRole) -> bool:
        """Qt."""
        if index.column() != NAME:
            return False
        if role == _Role.EditRole:
            structure, name = self._rows[index.row()].structure, str(value).strip()
            if name and name != structure.title:
                self.named.emit(structure.label, name)
            return True
        if role != _Role.CheckStateRole:
            return False
        checked = Qt.CheckState(value) == Qt.CheckState.Checked
        self._rows[index.row()] = replace(self._rows[index.row()], visible=checked)
        self.dataChanged.emit(index, index)
        self.visibility_changed.emit()
        return True

    @staticmethod
    def _text(row: StructureRow, column: int) -> str:
        if column == NAME:
            return shown(row.structure.title)
        if column == VOLUME:
            if row.volume_ml is None:
                return "…"
            if row.volume_ml >= 1:
                return f"{row.volume_ml:,.1f}" if row.volume_ml < 100 else f"{row.volume_ml:,.0f}"
            # Of a lesion or a nerve, 0.0 mL would say nothing.
            return (
                f"{row.volume_ml:.2g}" if row.volume_ml >= 0.001 else "< 0.001" if row.volume_ml > 0 else "0"
            )
        return ", ".join(row.state)

    @staticmethod
    def _tip(row: StructureRow, column: int) -> str:
        if column == STATE:
            return " ".join(_EXPLAINED[f] for f in row.state)
        s = row.structure
        # Qt takes a tooltip for rich text if it looks like markup: the angle bracket is what it goes by.
        return shown(f"{s.name} · label {s.label} · {s.system}").replace("<", "‹")

    def _swatch(self, color: tuple[int, int, int]) -> QIcon:
        if color not in self._icons:
            pixmap = QPixmap(14, 14)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(QColor(*color))
            painter.setPen(QColor(128, 128, 128))
            painter.drawRoundedRect(1, 1, 12, 12, 3, 3)
            painter.end()
            self._icons[color] = QIcon(pixmap)
        return self._icons[color]


def _in_order(title: str) -> str:
    """What titles are sorted by: the 7th rib before the 10th."""
    return re.sub(r"\d+", lambda found: found[0].zfill(6), title.casefold())


class StructuresFilter(QSortFilterProxyModel):
    """Search by name and by anatomical system; sorts numbers as numbers."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted = ""
        self._system: str | None = None
        self.setSortRole(SORT_ROLE)

    def search(self, text: str) -> None:
        """Show rows whose title or name holds every word of `text`."""
        self._wanted = text.casefold().replace("_", " ")
        self.invalidate()

    def show_system(self, system: str | None) -> None:
        """Show one system's rows, or all."""
        self._system = system
        self.invalidate()

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:
        """Qt."""
        s = self.sourceModel().rows[row].structure
        text = f"{s.title} {s.name}".casefold().replace("_", " ")
        return (self._system in (None, s.system)) and all(word in text for word in self._wanted.split())
