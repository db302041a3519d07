"""What all lists of rows share: the model's answers to Qt, the table, and the line above it that narrows the list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from qtpy.QtWidgets import QComboBox, QLineEdit, QTableView

from napari_spatialmed.viewer.frames import LEAST_ROW, set_widths


class RowModel(QAbstractTableModel):
    """A table with a row for each thing; what its cells say is the subclass's.

    Attributes
    ----------
    headers
        Words above the columns.
    header_tips
        Column → what the word means.
    """

    headers: tuple[str, ...] = ()
    header_tips: Mapping[int, str] = MappingProxyType({})

    def listed(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Qt."""
        return 0 if parent.isValid() else self.listed()

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Qt."""
        return 0 if parent.isValid() else len(self.headers)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Qt."""
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return self.headers[section]
            if role == Qt.ItemDataRole.ToolTipRole:
                return self.header_tips.get(section)
        return None


def rows_table(model: QAbstractTableModel, name: str, widths: Mapping[int, int]) -> QTableView:
    """A table of which one row is chosen, with columns of these widths; Tab leaves it."""
    table = QTableView()
    table.setModel(model)
    table.setAccessibleName(name)
    table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
    table.setTabKeyNavigation(False)
    table.setWordWrap(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(LEAST_ROW)
    table.horizontalHeader().setMinimumSectionSize(LEAST_ROW)
    set_widths(table, widths)
    return table


def narrowing(filters: Iterable[str], things: str) -> tuple[QComboBox, QLineEdit]:
    """A choice of filters and a field to search in."""
    box, search = QComboBox(), QLineEdit()
    box.addItems(list(filters))
    box.setAccessibleName(f"Which {things} to list")
    search.setPlaceholderText("Search")
    search.setAccessibleName(f"Search the {things}")
    search.setClearButtonEnabled(True)
    return box, search
