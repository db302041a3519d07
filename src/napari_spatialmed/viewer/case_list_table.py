"""The case list as a table: one row a case, its state as a mark, the benchmark's progress beside it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from qtpy.QtCore import QModelIndex, QPersistentModelIndex, Qt
from qtpy.QtGui import QFont

from napari_spatialmed.viewer.case_list import CaseList
from napari_spatialmed.viewer.case_rows import CaseRow
from napari_spatialmed.viewer.listing import RowModel
from napari_spatialmed.viewer.messages import shown
from napari_spatialmed.wording import counted

COLUMNS = ("", "Case", "Kind", "Struct.", "You", "Others", "Kept")
TIPS = (
    "▶ on show · … being opened · ⇣ read ahead · ● opened before · ○ not opened yet · ? missing · ✗ can't be read",
    "Where the case lies below the folder",
    "What kind of scan it is, as its file or name says",
    "How many structures it has: known once it was opened",
    "Questions scored by you, of all about this case; ✓ none is left",
    "Reviews by others that count",
    "Kept questions, of those you have scored",
)
CASE, KIND, STRUCTURES, YOU, OTHERS, KEPT = range(1, 7)
MARKS = {
    "new": "○",
    "opened": "●",
    "missing": "?",
    "broken": "✗",
    "on show": "▶",
    "opening": "…",
    "ahead": "⇣",
}
WORDS = {
    "new": "not opened yet",
    "opened": "opened before on this machine",
    "missing": "missing",
    "broken": "can't be read",
    "on show": "on show",
    "opening": "being opened",
    "ahead": "read ahead: opens at once",
}


class CaseListModel(RowModel):
    """The listed rows of a `CaseList`."""

    headers = COLUMNS
    header_tips = MappingProxyType(dict(enumerate(TIPS)))

    def __init__(self, cases: CaseList) -> None:
        super().__init__()
        self._cases = cases
        self.rows: list[CaseRow] = []
        self._now: dict[object, str] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the list anew."""
        self.beginResetModel()
        self.rows = self._cases.shown
        moments = {"ahead": self._cases.ahead, "opening": self._cases.coming, "on show": self._cases.on_show}
        self._now = {row.identity: name for name, row in moments.items() if row is not None}
        self.endResetModel()

    @property
    def with_progress(self) -> bool:
        """Whether a benchmark is open."""
        return any(row.progress is not None for row in self._cases.rows)

    def state(self, row: CaseRow) -> str:
        """A key of `MARKS` and `WORDS`."""
        return self._now.get(row.identity, row.state)

    def row_of(self, identity: object) -> int:
        """Where a case stands among the rows listed, or −1."""
        return next((n for n, row in enumerate(self.rows) if row.identity == identity), -1)

    def describe(self, row: CaseRow) -> str:
        """All that is known of a case, in sentences."""
        lines = [f"{row.key}: {WORDS[self.state(row)]}."]
        if row.problem:
            lines.append(row.problem)
        elif row.files is not None:
            scan = "without a scan" if row.files.image is None else f"with {row.files.image.name}"
            size = "" if row.structures is None else f" · {counted(row.structures, 'structure')}"
            lines.append(f"{row.files.labels.name} {scan}{size}")
        if row.progress is not None:
            lines.append(row.progress.text())
        return "\n".join(lines)

    # ---- what Qt asks

    def listed(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return shown(WORDS[self.state(row)] if index.column() == 0 else self._path(row))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return shown(self.describe(row))
        if role == Qt.ItemDataRole.FontRole and self.state(row) == "on show":
            font = QFont()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() >= STRUCTURES:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _text(self, row: CaseRow, column: int) -> str:
        progress = row.progress
        if column == 0:
            return MARKS[self.state(row)]
        if column == CASE:
            return shown(row.key)
        if column == KIND:
            return "–" if row.modality == "unknown" else row.modality
        if column == STRUCTURES:
            return "–" if row.structures is None else str(row.structures)
        if progress is None or not progress.questions:
            return ""
        if column == YOU:
            return f"{progress.mine}/{progress.questions}" + ("" if progress.left else " ✓")
        return str(progress.others if column == OTHERS else progress.kept)

    def _path(self, row: CaseRow) -> str:
        return row.problem or ("" if row.files is None else str(row.files.labels))
