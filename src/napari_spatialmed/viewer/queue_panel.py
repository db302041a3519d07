"""The reviewer's list of questions: what is shown of it, which one is at hand, which comes next."""

from __future__ import annotations

from qtpy.QtCore import QModelIndex, Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from napari_spatialmed.benchmark import State
from napari_spatialmed.viewer.listing import narrowing, rows_table
from napari_spatialmed.viewer.messages import PlainLabel
from napari_spatialmed.viewer.queue_table import FILTERS, TO_DO, QueueModel

EMPTY = (
    "No questions to review yet. Let the team propose some (Propose dock), write one, or open a benchmark."
)
LAST_OF_A_CASE = 3
"""With so many questions left on a scan, the next scan is worth reading ahead."""


class QueuePanel(QWidget):
    """Emits ``chosen(question id)`` when somebody turns to a row."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._current: str | None = None
        self.is_empty = True
        self.filter_box, self.search = narrowing(FILTERS, "questions")
        self.counts = PlainLabel(quiet=True)
        self.model = QueueModel()
        self.table = self._make_table()
        row = QHBoxLayout()
        row.addWidget(self.filter_box)
        row.addWidget(self.search, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.table, 1)
        # Else napari pushes the dock's parts up and leaves the room below them empty.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        layout.addWidget(self.counts)
        layout.addStretch(0)
        self.filter_box.currentIndexChanged.connect(self._refilter)
        self.search.textChanged.connect(self._refilter)
        self.table.selectionModel().currentRowChanged.connect(self._row_chosen)

    def _make_table(self) -> QTableView:
        table = rows_table(self.model, "Questions", {0: 46, 1: 62, 3: 62})
        table.setSortingEnabled(True)
        table.setMinimumHeight(110)
        header = table.horizontalHeader()
        header.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        return table

    def load(self, state: State | None, reviewer: str, broken: dict[str, tuple[str, ...]]) -> None:
        """Read the queue anew; the row at hand stays chosen."""
        self.model.load(state, reviewer, broken)
        counts = self.model.counts()
        total = sum(counts.values())
        self.counts.setText(
            EMPTY
            if not total
            else f"{counts['scored']} of {total} scored"
            + "".join(f" · {counts[s]} {s}" for s in ("draft", "skipped", "stale", "conflict") if counts[s])
            + "".join(
                f" · {n} {words}"
                for name, words in (("To adjudicate", "to adjudicate"), ("Broken rules", "with broken rules"))
                if (n := len(self.model.matching(name)))
            )
        )
        self.is_empty = not total
        for part in (self.filter_box, self.search, self.table):
            part.setVisible(bool(total))
        self._mark()

    def select(self, question: str | None) -> None:
        """Show which question is at hand, without a signal."""
        self._current = question
        self._mark()

    # ---- which comes next

    @property
    def first_to_do(self) -> str | None:
        """Where the reviewer resumes."""
        return next((row.question for row in self.model.matching("To do")), None)

    def first_of(self, case_id: str, *, to_do: bool = False) -> str | None:
        """The first question about a scan that waits; where none does, the first of all, unless only what waits is meant."""
        waiting = [row for row in self.model.matching("To do") if row.case == case_id]
        if not waiting and not to_do:
            waiting = [row for row in self.model.matching("All") if row.case == case_id]
        return waiting[0].question if waiting else None

    def beside(self, by: int) -> str | None:
        """The question so many rows further in the list, no further than its ends."""
        rows = self.model.rows
        if not rows:
            return None
        here = self.model.row_of(self._current)
        return rows[max(0, min(len(rows) - 1, here + by))].question

    def ahead(self) -> list[str]:
        """The other questions of the list, from the one after this round to the one before it."""
        rows, here = self.model.rows, self.model.row_of(self._current)
        return [row.question for row in (*rows[here + 1 :], *rows[: max(here, 0)])]

    def next_to_do(self, among: list[str]) -> str | None:
        """The first of these that waits for the reviewer, as the queue stands now."""
        waiting = {row.question for row in self.model.matching("To do")}
        return next((question for question in among if question in waiting), None)

    def next_of_another_case(self) -> str | None:
        """The first question about the scan that comes next, once few questions are left on this one."""
        rows, here = self.model.rows, self.model.row_of(self._current)
        if here < 0:
            return None
        left = 0
        for row in (*rows[here + 1 :], *rows[:here]):
            if row.state not in TO_DO:
                continue
            if row.case != rows[here].case:
                return row.question
            left += 1
            if left >= LAST_OF_A_CASE:
                return None
        return None

    def _refilter(self) -> None:
        self.model.filter(self.filter_box.currentText(), self.search.text())
        self._mark()

    def _mark(self) -> None:
        row = self.model.row_of(self._current)
        selection = self.table.selectionModel()
        selection.blockSignals(True)
        if row >= 0:
            self.table.selectRow(row)
            self.table.scrollTo(self.model.index(row, 0))
        else:
            self.table.clearSelection()
        selection.blockSignals(False)
        self.table.viewport().update()

    def _row_chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.chosen.emit(self.model.rows[current.row()].question)
