"""The reviewer's queue as a table: filtered and sorted in plain Python, which stays quick at ten thousand questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from qtpy.QtCore import QModelIndex, QPersistentModelIndex, Qt

from napari_spatialmed.benchmark import QuestionState, State, queue_state, visible_to
from napari_spatialmed.viewer.adjudicating import disagreement
from napari_spatialmed.viewer.listing import RowModel
from napari_spatialmed.viewer.messages import shown

MARKS = {"pending": "○", "draft": "✎", "scored": "✓", "skipped": "→", "stale": "⟳", "conflict": "⚠"}
"""State in the queue → its mark; the word stands in the tooltip."""
BROKEN, FLAGGED = "✗", "⚑"
TO_DO = frozenset({"pending", "draft", "stale", "conflict"})
COLUMNS = ("", "Task", "Question", "Case")


class Row(NamedTuple):
    """One question in the queue.

    `broken` are the rules it breaks, `disagreement` is how far its scores lie apart where that is to be settled,
    `searched` is what a search looks at.
    """

    question: str
    state: str
    task: str
    stem: str
    case: str
    note: str
    flagged: bool
    disagreement: float | None
    searched: str
    broken: tuple[str, ...] = ()

    @property
    def marks(self) -> str:
        """Its state and what else is the matter, as marks."""
        return MARKS[self.state] + (BROKEN if self.broken else "") + (FLAGGED if self.flagged else "")

    @property
    def words(self) -> str:
        """The same in words."""
        return " · ".join(
            [
                f"{self.state}: {self.note}" if self.note else self.state,
                *([f"breaks {', '.join(self.broken)}"] if self.broken else []),
                *(["flagged"] if self.flagged else []),
                *(["to adjudicate"] if self.disagreement is not None else []),
            ]
        )


FILTERS: Mapping[str, Callable[[Row], bool]] = MappingProxyType(
    {
        "All": lambda row: True,
        "To do": lambda row: row.state in TO_DO,
        "To adjudicate": lambda row: row.disagreement is not None,
        "Broken rules": lambda row: bool(row.broken),
        "Flagged": lambda row: row.flagged,
        "Stale": lambda row: row.state == "stale",
        "Skipped": lambda row: row.state == "skipped",
        "Scored": lambda row: row.state == "scored",
        "Conflict": lambda row: row.state == "conflict",
    }
)
"""What the list can be narrowed to."""


class QueueModel(RowModel):
    """Rows of one reviewer's queue, grouped by case in the order in which the cases came."""

    headers = COLUMNS

    def __init__(self) -> None:
        super().__init__()
        self._all: list[Row] = []
        self.rows: list[Row] = []
        self._places: dict[str, int] = {}
        self._filter = "All"
        self._words = ""
        self._sorting: tuple[int, bool] | None = None
        self._read: dict[str, tuple[int, Row]] = {}
        self._read_for: tuple[State | None, str] = (None, "")

    def load(
        self, state: State | None, reviewer: str, broken: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        """Read the queue of one reviewer; `broken` maps questions to the rules they break.

        Only questions with new events are read again.
        """
        if self._read_for[0] is not state or self._read_for[1] != reviewer:
            self._read, self._read_for = {}, (state, reviewer)
        broken = broken or {}
        by_case: dict[str, list[Row]] = {}
        for found in () if state is None else state.questions.values():
            if found.status == "rejected":
                continue
            row = self._row(found, reviewer)
            rules = broken.get(found.id)
            by_case.setdefault(found.case, []).append(row._replace(broken=rules) if rules else row)
        self._all = [row for rows in by_case.values() for row in rows]
        self._refilter()

    def _row(self, state: QuestionState, reviewer: str) -> Row:
        events = len(state.history)
        known = self._read.get(state.id)
        if known is not None and known[0] == events:
            return known[1]
        where, note = queue_state(state, reviewer)
        question = state.question
        row = Row(
            state.id,
            where,
            question.task,
            question.stem,
            state.case,
            note,
            bool(state.flags and visible_to(reviewer, state).flags),
            disagreement(state, reviewer),
            f"{question.task} {question.stem} {state.case} {state.id}".casefold(),
        )
        self._read[state.id] = (events, row)
        return row

    def filter(self, name: str, words: str) -> None:
        """Show only what passes this filter of `FILTERS` and holds all the words in task, stem, case or id."""
        self._filter, self._words = name, words
        self._refilter()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; column 0 restores the queue's own order: by case, or lowest agreement first."""
        self._sorting = None if column == 0 else (column, order == Qt.SortOrder.DescendingOrder)
        self._refilter()

    def row_of(self, question: str | None) -> int:
        """Where a question stands among the rows shown, or −1."""
        return -1 if question is None else self._places.get(question, -1)

    def counts(self) -> dict[str, int]:
        """How many there are in each state, filtered or not."""
        found = dict.fromkeys(MARKS, 0)
        for row in self._all:
            found[row.state] += 1
        return found

    def matching(self, name: str) -> list[Row]:
        """All rows that pass a filter, whatever is shown."""
        return [row for row in self._all if FILTERS[name](row)]

    def _refilter(self) -> None:
        words, passes = self._words.casefold().split(), FILTERS[self._filter]
        self.beginResetModel()
        self.rows = [row for row in self._all if passes(row)]
        for word in words:
            self.rows = [row for row in self.rows if word in row.searched]
        if self._sorting is not None:
            column, descending = self._sorting
            self.rows.sort(key=_SORT[column], reverse=descending)
        elif self._filter == "To adjudicate":
            self.rows.sort(key=lambda row: row.disagreement or 0.0, reverse=True)
        self._places = {row.question: n for n, row in enumerate(self.rows)}
        self.endResetModel()

    # ---- what Qt asks

    def listed(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                row.marks,
                row.task,
                shown(row.stem).replace("\n", " "),
                row.case.removeprefix("case-")[:6],
            )[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return shown(row.words if index.column() == 0 else row.stem)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.words}, {row.task}: {shown(row.stem)}"
        return None


_SORT: Sequence[Any] = (
    None,
    lambda row: row.task,
    lambda row: row.stem.casefold(),
    lambda row: row.case,
)
