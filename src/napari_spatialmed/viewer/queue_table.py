"""The reviewer's queue as a table: filtered and sorted in plain Python, which stays quick at ten thousand questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from napari_spatialmed.benchmark import State
from napari_spatialmed.viewer.messages import shown

MARKS = {"pending": "○", "draft": "✎", "scored": "✓", "skipped": "→", "stale": "⟳", "conflict": "⚠"}
"""State in the queue → its mark; the word stands in the tooltip."""
FILTERS = {
    "All": frozenset(MARKS),
    "To do": frozenset({"pending", "draft", "stale", "conflict"}),
    "Stale": frozenset({"stale"}),
    "Skipped": frozenset({"skipped"}),
    "Scored": frozenset({"scored"}),
    "Conflict": frozenset({"conflict"}),
}
COLUMNS = ("", "Task", "Question", "Case")


class Row(NamedTuple):
    """One question in the queue."""

    question: str
    state: str
    task: str
    stem: str
    case: str
    note: str


class QueueModel(QAbstractTableModel):
    """Rows of one reviewer's queue."""

    def __init__(self) -> None:
        super().__init__()
        self._all: list[Row] = []
        self.rows: list[Row] = []
        self._states: frozenset[str] = FILTERS["All"]
        self._words = ""
        self._sorting: tuple[int, bool] | None = None

    def load(self, state: State | None, reviewer: str) -> None:
        """Read the queue of one reviewer."""
        self._all = []
        if state is not None:
            for item in state.queue(reviewer):
                question = state.questions[item.question].question
                self._all.append(
                    Row(item.question, item.state, question.task, question.stem, item.case, item.note)
                )
        self._refilter()

    def filter(self, states: frozenset[str], words: str) -> None:
        """Show only these states, and stems, tasks and cases that hold all the words."""
        self._states, self._words = states, words
        self._refilter()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; column 0 restores the queue's own order, by case."""
        self._sorting = None if column == 0 else (column, order == Qt.SortOrder.DescendingOrder)
        self._refilter()

    def row_of(self, question: str | None) -> int:
        """Where a question stands among the rows shown, or −1."""
        return next((n for n, row in enumerate(self.rows) if row.question == question), -1)

    def counts(self) -> dict[str, int]:
        """How many there are in each state, filtered or not."""
        found = dict.fromkeys(MARKS, 0)
        for row in self._all:
            found[row.state] += 1
        return found

    def _refilter(self) -> None:
        words = self._words.casefold().split()
        self.beginResetModel()
        self.rows = [
            row
            for row in self._all
            if row.state in self._states
            and all(w in f"{row.task} {row.stem} {row.case}".casefold() for w in words)
        ]
        if self._sorting is not None:
            column, descending = self._sorting
            self.rows.sort(key=_SORT[column], reverse=descending)
        self.endResetModel()

    # ---- what Qt asks

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                MARKS[row.state],
                row.task,
                shown(row.stem).replace("\n", " "),
                row.case.removeprefix("case-")[:6],
            )[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return (
                shown(f"{row.state}: {row.note}" if row.note else row.state)
                if index.column() == 0
                else shown(row.stem)
            )
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.state}, {row.task}: {shown(row.stem)}"
        return None


_SORT: Sequence[Any] = (
    None,
    lambda row: row.task,
    lambda row: row.stem.casefold(),
    lambda row: row.case,
)
