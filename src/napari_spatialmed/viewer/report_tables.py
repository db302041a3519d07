"""Tables of the Report dock: text and tooltip in every cell, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHeaderView, QScrollArea, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from napari_spatialmed.viewer.frames import fit_to_contents
from napari_spatialmed.viewer.messages import PlainLabel, shown
from napari_spatialmed.viewer.report_details import DetailTable


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
    heads: bool = False,
) -> None:
    """Show (text, tooltip) cells; numbers to the right.  With `heads` the first column stays where the others are scrolled."""
    table.setColumnCount(len(header))
    table.setHorizontalHeaderLabels(list(header))
    table.setRowCount(len(rows))
    for r, row in enumerate(rows):
        for c, (text, tip) in enumerate(row):
            item = QTableWidgetItem(shown(text).replace("\n", " "))
            item.setToolTip(shown(tip))
            if text == "–" or text.replace(".", "", 1).isdigit():
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            table.setItem(r, c, item)
    table.setColumnHidden(0, heads)
    table.verticalHeader().setVisible(heads)
    table.verticalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    if heads:
        for r, row in enumerate(rows):
            text, tip = row[0]
            head = QTableWidgetItem(shown(text))
            head.setToolTip(shown(tip))
            table.setVerticalHeaderItem(r, head)
    fit_to_contents(table)
    if stretch is not None:
        table.horizontalHeader().setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)


class ReportDetails(QScrollArea):
    """Tables below each other, each as high as its rows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.tables: list[QTableWidget] = []

    def show_tables(self, details: Sequence[DetailTable]) -> None:
        """Show these in place of the last."""
        page = QWidget()
        layout = QVBoxLayout(page)
        self.tables = []
        for detail in details:
            title = PlainLabel(detail.title)
            font = title.font()
            font.setBold(True)
            title.setFont(font)
            table = plain_table(detail.title)
            fill_table(
                table, detail.header, tuple(tuple((cell, cell) for cell in row) for row in detail.rows)
            )
            table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            rows = sum(table.rowHeight(r) for r in range(table.rowCount()))
            bar = table.horizontalScrollBar().sizeHint().height()
            table.setFixedHeight(table.horizontalHeader().sizeHint().height() + rows + bar + 4)
            for widget in (title, PlainLabel(detail.note, quiet=True), table):
                layout.addWidget(widget)
            self.tables.append(table)
        layout.addStretch(1)
        self.setWidget(page)
