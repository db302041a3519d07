"""Columns of words share the room that columns of numbers leave, so that a table is scrolled sideways only where none is left."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QHeaderView, QTableView

LEAST_LETTERS = 10
"""Of a column of words: fewer tell nothing."""


class SharedColumns(QObject):
    """Shares anew when the table gets another width, font or content.

    Parameters
    ----------
    table
        With its model.
    columns
        Those of words: cut where there isn't room, so they should be whole in a tooltip.  The last gives way first.  All
        other columns fit their contents.
    """

    def __init__(self, table: QTableView, columns: Sequence[int]) -> None:
        super().__init__(table)
        self._table, self._columns = table, tuple(columns)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self.share)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setTextElideMode(Qt.TextElideMode.ElideRight)
        for column in self._columns:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        header.geometriesChanged.connect(self._later.start)
        table.model().modelReset.connect(self._later.start)
        table.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt: the table has another width."""
        if event.type() == QEvent.Type.Resize:
            self._later.start()
        return False

    def share(self) -> None:
        """What needs little room gets it; what needs more than its share gets an equal part of the rest."""
        table, header = self._table, self._table.horizontalHeader()
        shown = [c for c in range(header.count()) if not table.isColumnHidden(c)]
        left = table.viewport().width() - sum(header.sectionSize(c) for c in shown if c not in self._columns)
        wanted = {
            c: max(table.sizeHintForColumn(c), header.sectionSizeHint(c)) for c in shown if c in self._columns
        }
        last = self._columns[-1]
        if last in wanted and sum(wanted.values()) > left:
            wanted[last] = header.sectionSizeHint(last)
        least = LEAST_LETTERS * table.fontMetrics().averageCharWidth()
        for n, column in enumerate(sorted(wanted, key=lambda c: wanted[c])):
            part = left // (len(wanted) - n)
            width = max(
                min(least, wanted[column]), part if n == len(wanted) - 1 else min(wanted[column], part)
            )
            header.resizeSection(column, width)
            left -= width
