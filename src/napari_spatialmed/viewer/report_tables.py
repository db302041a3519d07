"""Tables of the Report dock: text and tooltip in every cell, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QHeaderView, QScrollArea, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from napari_spatialmed.viewer.frames import fit_to_contents
from napari_spatialmed.viewer.messages import PlainLabel, shown
from napari_spatialmed.viewer.report_details import DetailTable

LEAST_HEAD = 14
"""Letters of a row's name that are always there."""


class HeadedTable(QTableWidget):
    """Its rows' names give way, down to some letters, before the columns that it is there for are scrolled out of sight."""

    def __init__(self, first: int) -> None:
        super().__init__()
        self._first = first
        heads = self.verticalHeader()
        heads.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.horizontalHeader().sectionResized.connect(self._make_room)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Qt: there is more room, or less."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Give the names what the first columns leave."""
        heads, columns = self.verticalHeader(), self.horizontalHeader()
        wanted = sum(columns.sectionSize(n) for n in range(min(self._first + 1, self.columnCount())))
        least = LEAST_HEAD * self.fontMetrics().averageCharWidth()
        heads.setMaximumWidth(max(least, self.width() - wanted - _bar_width(self) - 2 * self.frameWidth()))


def _bar_width(table: QTableWidget) -> int:
    bar = table.verticalScrollBar()
    return 0 if bar is None else bar.sizeHint().width()


def plain_table(name: str, *, first: int | None = None) -> QTableWidget:
    """A table to read and choose a row of; with `first`, so many columns stay in sight before names of rows are whole."""
    table = QTableWidget() if first is None else HeadedTable(first)
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
