"""Who in the team is doing what just now, and how often each has been at work."""

from __future__ import annotations

from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_spatialmed.agents import Progress
from napari_spatialmed.viewer.frames import set_widths
from napari_spatialmed.viewer.messages import shown

COLUMNS = ("Member", "Times", "Just now")
_ROW_PX = 20
_MOST_ROWS = 5


class TeamTable(QTableWidget):
    """One row a member, in the order they first spoke.  Hidden while there is nothing to tell."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self._rows: dict[str, int] = {}
        self.setHorizontalHeaderLabels(list(COLUMNS))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setWordWrap(False)
        self.setAccessibleName("The team at work")
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW_PX)
        header = self.horizontalHeader()
        set_widths(self, {0: 130, 1: 50})
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self.hide()

    def reset(self) -> None:
        """A new run begins."""
        self._rows.clear()
        self.setRowCount(0)
        self.hide()

    def tell(self, event: Progress) -> None:
        """A member has begun something, or the team has decided."""
        row = self._rows.get(event.member)
        if row is None:
            row = self._rows[event.member] = self.rowCount()
            self.insertRow(row)
            for column, text in enumerate((shown(event.member), "0", "")):
                self.setItem(row, column, QTableWidgetItem(text))
            self.setFixedHeight(
                self.horizontalHeader().height() + _ROW_PX * min(self.rowCount(), _MOST_ROWS) + 4
            )
            self.show()
        text = shown(event.text).replace("\n", " ")
        self.item(row, 1).setText(str(self.times(event.member) + 1))
        self.item(row, 2).setText(text)
        self.item(row, 2).setToolTip(text)

    def times(self, member: str) -> int:
        """How often a member has been at work."""
        row = self._rows.get(member)
        return 0 if row is None else int(self.item(row, 1).text())
