"""Tables of the Report dock: text and tooltip in every cell, numbers to the right."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem

from napari_spatialmed.viewer.messages import shown


def plain_table(name: str) -> QTableWidget:
    """A table to read and choose a row of."""
    table = QTableWidget()
    table.setAccessibleName(name)
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
    table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
    table.verticalHeader().hide()
    table.setWordWrap(False)
    return table


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
