"""The Case list: the scans of a folder and of the open benchmark, what is left to do on each, and the way from one to the next."""

from __future__ import annotations

from pathlib import Path

import napari
from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTableView,
    QWidget,
)

from napari_spatialmed.case import sample_folder
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.button_row import button_row
from napari_spatialmed.viewer.case_list_table import CASE, KEPT, KIND, OTHERS, STRUCTURES, YOU, CaseListModel
from napari_spatialmed.viewer.case_rows import FILTERS, CaseRow
from napari_spatialmed.viewer.frames import framed, scrolling_layout
from napari_spatialmed.viewer.keys import LIST_KEYS, bind_list, key_text
from napari_spatialmed.viewer.listing import narrowing, rows_table
from napari_spatialmed.viewer.memory import recall, remember
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.wording import counted

EMPTY = (
    "No cases are listed yet. Choose a folder of labelled scans, or drop one here: folders inside are searched, and the "
    "layouts of TotalSegmentator, nnU-Net and the Decathlon, KiTS and BraTS are known. A pattern works as well: "
    "data/*/seg.nii.gz. An open benchmark lists its own cases."
)
LEAST_NAME = 16
"""Letters of a case's name that are always shown."""
NOTHING_PASSES = "No case passes the filter and the search."
_WIDTHS = {0: 24, KIND: 36, STRUCTURES: 54, YOU: 52, OTHERS: 52, KEPT: 42}


class CaseListDock(QWidget):
    """Shows the session's `CaseList`."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.session = session_for(napari_viewer)
        self.cases = self.session.cases
        self.setAcceptDrops(True)
        self.model = CaseListModel(self.cases)
        self._chosen: object = None
        self._followed: object = None  # the case that the choice last went to by itself
        self._build()
        self._connect()
        bind_list(self, {name: getattr(self, name) for name in LIST_KEYS})
        framed(self)
        self.cases.look_again()
        self._refresh()

    # ---- what it looks like

    def _build(self) -> None:
        self.where = QLineEdit(recall("case_folder", ""))
        self.where.setPlaceholderText("Folder of scans, or a pattern")
        self.where.setAccessibleName("Folder of scans, or a pattern")
        self.folder_button = QPushButton("Folder…")
        self.folder_button.setToolTip("Choose a folder of labelled scans")
        self.filter_box, self.search = narrowing(FILTERS, "cases")
        self.message = MessageLine()
        self.empty = PlainLabel(EMPTY)
        self.samples_button = QPushButton("List the two sample scans")
        self.samples_button.setToolTip("Two phantoms that come with the program")
        self.table = self._make_table()
        self.counts = PlainLabel(quiet=True)
        self.details = PlainLabel()
        self.details.setMinimumHeight(4 * self.fontMetrics().lineSpacing())
        self.details.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.recognise_button = QPushButton()
        row, self.buttons = button_row(
            (
                ("Open", "Open the chosen case (double-click, Enter)", self.open),
                ("◀ Previous", f"Open the case before ({key_text('previous_case')})", self.cases.previous),
                (
                    "Next ▶",
                    f"Open the next case ({key_text('next_case')}); it is read ahead",
                    self.cases.next,
                ),
            )
        )
        layout = scrolling_layout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addLayout(_row(self.where, self.folder_button))
        for part in (BusyBar(self.cases.looking), self.message, self.empty, self.samples_button):
            layout.addWidget(part)
        layout.addLayout(_row(self.filter_box, self.search))
        layout.addWidget(self.table, 1)
        for part in (self.counts, self.details, self.recognise_button, BusyBar(self.session.opening)):
            layout.addWidget(part)
        layout.addLayout(row)
        layout.addStretch(0)

    def _make_table(self) -> QTableView:
        table = rows_table(self.model, "Cases", _WIDTHS)
        table.setShowGrid(False)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.setMinimumHeight(120)
        table.horizontalHeader().setSectionResizeMode(CASE, QHeaderView.ResizeMode.Stretch)
        return table

    def _connect(self) -> None:
        self.cases.changed.connect(self._refresh)
        self.cases.said.connect(self.message.say)
        self.cases.looking.started.connect(self._began)
        self.cases.looking.failed.connect(self.message.fail)
        self.cases.looking.cancelled.connect(self._cancelled)
        self.cases.looking.returned.connect(self._looked)
        self.cases.looking.finished.connect(self._refresh)
        self.session.opening.started.connect(self._began)
        self.session.opening.failed.connect(self._could_not_open)
        self.where.returnPressed.connect(self._look)
        self.folder_button.clicked.connect(self._choose_folder)
        self.samples_button.clicked.connect(self._list_samples)
        self.filter_box.currentIndexChanged.connect(self._refilter)
        self.search.textChanged.connect(self._refilter)
        self.recognise_button.clicked.connect(self.cases.recognise)
        self.table.doubleClicked.connect(self._open_at)
        self.table.selectionModel().currentRowChanged.connect(self._choose)

    # ---- which cases

    def look(self, where: Path | str) -> None:
        """List the cases of a folder or pattern."""
        self.where.setText(str(where))
        self.cases.look(str(where))

    def _look(self) -> None:
        self.cases.look(self.where.text())

    def _choose_folder(self) -> None:
        found = QFileDialog.getExistingDirectory(
            self, "Choose a folder of labelled scans", recall("folder", "")
        )
        if found:
            remember("folder", found)
            self.look(found)

    def _list_samples(self) -> None:
        self.look(sample_folder())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take a folder."""
        if any(Path(url.toLocalFile()).is_dir() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """List the folder that was dropped."""
        folder = next(p for url in event.mimeData().urls() if (p := Path(url.toLocalFile())).is_dir())
        self.look(folder)
        event.acceptProposedAction()

    def _began(self) -> None:
        self.message.clear()

    def _could_not_open(self, error: SpatialMedError) -> None:
        # What another dock opens is told there.
        if self.cases.coming is not None:
            self.message.fail(error)

    def _cancelled(self) -> None:
        self.message.say(f"Stopped; {len(self.cases.rows)} cases were found by then.")

    def _looked(self, _count: int) -> None:
        self.table.scrollTo(self.model.index(self.model.row_of(self._chosen), CASE))
        broken = sum(row.state in ("missing", "broken") for row in self.cases.rows)
        if broken:
            self.message.say(
                f"{broken} of {len(self.cases.rows)} cases can't be opened; choose one to see why.", "warning"
            )

    def _refilter(self) -> None:
        self.cases.filter(self.filter_box.currentText(), self.search.text())

    # ---- the rows

    def _refresh(self) -> None:
        rows = self.cases.rows
        scrolled_to = self.table.verticalScrollBar().value()
        selection = self.table.selectionModel()
        selection.blockSignals(True)
        self.model.refresh()
        selection.blockSignals(False)
        self._make_room_for_names()
        for part in (self.filter_box, self.search, self.table, self.counts, self.details):
            part.setVisible(bool(rows))
        for button in self.buttons.values():
            button.setVisible(bool(rows))
        nothing_yet = not rows and not self.cases.looking.running
        self.empty.setVisible(nothing_yet)
        self.samples_button.setVisible(nothing_yet)
        self.table.verticalScrollBar().setValue(scrolled_to)
        self._show_counts(rows)
        current = self.cases.coming or self.cases.on_show
        followed = None if current is None else current.identity
        if followed != self._followed:
            self._followed = self._chosen = followed
            self._select(followed)
            self.table.scrollTo(self.model.index(self.model.row_of(followed), CASE))
        else:
            self._select(self._chosen)

    def _make_room_for_names(self) -> None:
        """Show structures or progress, and of the progress what leaves room for names; the details below say the rest."""
        header = self.table.horizontalHeader()
        for column in (KIND, STRUCTURES, YOU, OTHERS, KEPT):
            hidden = column != KIND and self.model.with_progress == (column == STRUCTURES)
            self.table.setColumnHidden(column, hidden)
        for column in (KIND, KEPT, OTHERS):
            others = sum(header.sectionSize(n) for n in range(header.count()) if n != CASE)
            if header.width() - others >= LEAST_NAME * self.table.fontMetrics().averageCharWidth():
                break
            self.table.setColumnHidden(column, True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt: there is room for more columns, or less."""
        super().resizeEvent(event)
        self._make_room_for_names()

    def _show_counts(self, rows: list[CaseRow]) -> None:
        parts = [
            counted(len(rows), "case")
            if len(self.model.rows) == len(rows)
            else f"{len(self.model.rows)} of {counted(len(rows), 'case')}"
        ]
        known = [row.progress for row in rows if row.progress is not None]
        if known:
            waiting = sum(bool(p.left) for p in known)
            parts.append(
                f"{sum(p.mine for p in known)} of {sum(p.questions for p in known)} questions scored by you"
            )
            parts.append(
                f"questions left on {counted(waiting, 'case')}" if waiting else "nothing left for you"
            )
        self.counts.setText(NOTHING_PASSES if rows and not self.model.rows else " · ".join(parts))
        strange = self.cases.unrecognised
        self.recognise_button.setVisible(bool(strange) and not self.cases.looking.running)
        self.recognise_button.setText(
            f"Find {counted(strange, 'case')} of the benchmark among those not opened"
        )
        self.recognise_button.setToolTip(
            "A scan is recognised by its voxels, so each file that was not opened yet is read once"
        )

    def _select(self, identity: object) -> None:
        n = self.model.row_of(identity)
        self._chosen = identity if n >= 0 else None
        selection = self.table.selectionModel()
        selection.blockSignals(True)
        if n >= 0:
            self.table.selectRow(n)
        else:
            self.table.clearSelection()
        selection.blockSignals(False)
        row = self.model.rows[n] if n >= 0 else None
        self.details.setText("" if row is None else self.model.describe(row))
        self.buttons["Open"].setEnabled(row is not None)

    def _choose(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self._select(self.model.rows[current.row()].identity)

    def _open_at(self, index: QModelIndex) -> None:
        if index.isValid():
            self.cases.open(self.model.rows[index.row()])

    # ---- what keys and buttons do

    def open(self) -> None:
        """Open the chosen case; in the field above, list the folder it names."""
        if self.where.hasFocus():
            self._look()
        else:
            n = self.model.row_of(self._chosen)
            if n >= 0:
                self.cases.open(self.model.rows[n])

    def find(self) -> None:
        """Put the cursor into the search."""
        self.search.setFocus()

    def leave(self) -> None:
        """Go from a text field to the table."""
        self.table.setFocus()


def _row(*parts: QWidget) -> QHBoxLayout:
    """Parts beside one another; the first text field takes the room."""
    row = QHBoxLayout()
    row.setSpacing(4)
    for part in parts:
        row.addWidget(part, int(isinstance(part, QLineEdit)))
    return row
