"""The structures table of the Case dock: search, group, hide, solo, jump to; its selection is the session's."""

from __future__ import annotations

import weakref
from collections.abc import Iterable

from qtpy.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, QObject, Qt, QTimer
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.button_row import button_row
from napari_spatialmed.viewer.names_menu import NamesMenu
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.structures_model import (
    NAME,
    STATE,
    VOLUME,
    StructureRow,
    StructuresFilter,
    StructuresModel,
    structure_row,
)
from napari_spatialmed.viewer.work import Job, Work

ALL_SYSTEMS = "All systems"
HOVER_MS = 150
"""The mouse must rest on a row for this long before the picture answers."""


class StructuresTable(QWidget):
    """Lists the session's case."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._taking_over = False
        self._due: set[str] = set()
        self._listed: weakref.ref[CaseGeometry] | None = None
        self.work = Work(self)
        self.work.part.connect(self._take_rows)
        self.model = StructuresModel(self)
        self.filter = StructuresFilter(self)
        self.filter.setSourceModel(self.model)
        self._make_widgets()
        self.model.visibility_changed.connect(self._on_visibility)
        session.case_changed.connect(self._on_case)
        session.selection_changed.connect(self._on_selection)
        session.labels_edited.connect(self._on_edited)
        session.scene.hidden_changed.connect(self.model.set_hidden)
        session.scene.colors_changed.connect(self.model.set_colors)
        session.scene.pointing.structure.connect(self.model.point_at)
        self._on_case()

    def _make_widgets(self) -> None:
        self.search = QLineEdit(self)
        self.search.setPlaceholderText("Search structures")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search structures")
        self.search.textChanged.connect(self._on_search)
        self.system = QComboBox(self)
        self.system.setAccessibleName("Anatomical system")
        self.system.setToolTip("Show only the structures of one anatomical system")
        self.system.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.system.setMinimumContentsLength(9)
        self.system.currentTextChanged.connect(self._on_system)
        self.names = NamesMenu(self._session, self)
        self.names.rename_wanted.connect(self.edit_name)
        self.model.named.connect(self.names.rename)
        self.table = QTableView(self)
        self.table.setModel(self.filter)
        self.table.setAccessibleName("Structures")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        # F2; a double-click goes to the structure.
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(NAME, Qt.SortOrder.AscendingOrder)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setMinimumHeight(150)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(VOLUME, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(STATE, QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(40)
        self.table.doubleClicked.connect(self._jump_to)
        self.table.setMouseTracking(True)
        self.table.entered.connect(self._on_hover)
        self.table.viewport().installEventFilter(self)
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.setInterval(HOVER_MS)
        self._resting.timeout.connect(self._point_out)
        self._hovered: str | None = None
        self.table.selectionModel().selectionChanged.connect(self._on_rows_selected)
        above = QHBoxLayout()
        above.addWidget(self.search, 2)
        above.addWidget(self.system, 1)
        above.addWidget(self.names)
        whose = "the selected structures, or those of the system or search on show"
        below, self.buttons = button_row(
            (
                ("Jump to", "Go to the selected structures (or double-click one)", self._jump_to),
                ("Solo", f"Show only {whose}", self._solo),
                ("Hide", f"Hide {whose}", self._hide),
                ("Show all", "Show every structure", self._show_all),
            )
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(above)
        layout.addWidget(self.table, 1)
        layout.addWidget(BusyBar(self.work, self))
        layout.addLayout(below)
        self._fit_state()
        self._enable()

    def changeEvent(self, event: QEvent) -> None:
        """Qt: the state's column fits its commonest word, however large the font is."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self._fit_state()

    def _fit_state(self) -> None:
        width = self.table.fontMetrics().horizontalAdvance("truncated") + 14
        self.table.horizontalHeader().resizeSection(STATE, width)

    # ---- the session changed

    def _on_case(self) -> None:
        case, geometry = self._session.case, self._session.geometry
        self.work.cancel()
        # The same scan under other names: whoever looked for "rib" to name the ribs goes on with them.
        renamed = geometry is not None and self._listed is not None and self._listed() is geometry
        self._listed = None if geometry is None else weakref.ref(geometry)
        system = self.system.currentText() if renamed else ALL_SYSTEMS
        if not renamed:
            self.search.clear()
        self.system.clear()
        self.model.set_colors(self._session.scene.colors)
        self.model.set_rows(StructureRow(s, None) for s in case or ())
        self.model.set_hidden(self._session.scene.hidden)
        systems = sorted({s.system for s in case or ()})
        self.system.addItems([ALL_SYSTEMS, *systems])
        self.system.setCurrentText(system)
        self.system.setVisible(len(systems) > 1)
        self._due = {s.name for s in case or ()}
        if geometry is not None:
            self.work.run("Listing structures", _rows, geometry, sorted(self._due))
        self._enable()

    def _on_edited(self, names: tuple[str, ...]) -> None:
        geometry = self._session.geometry
        self._due.update(names)
        self.model.mark(names, "stale")
        if geometry is not None:
            self.work.run("Listing structures", _rows, geometry, sorted(self._due))

    def _take_rows(self, rows: list[StructureRow]) -> None:
        self._due.difference_update(row.structure.name for row in rows)
        self.model.update_rows(rows)

    def _on_selection(self, names: tuple[str, ...]) -> None:
        wanted = QItemSelection()
        for n, row in enumerate(self.model.rows):
            if row.structure.name in names:
                index = self.filter.mapFromSource(self.model.index(n, NAME))
                if index.isValid():
                    wanted.select(index, index)
        self._taking_over = True
        flags = QItemSelectionModel.SelectionFlag
        self.table.selectionModel().select(wanted, flags.ClearAndSelect | flags.Rows)
        self._taking_over = False
        if wanted.indexes():
            self.table.scrollTo(wanted.indexes()[0])
        self._enable()

    # ---- the user did something

    def _on_rows_selected(self) -> None:
        if self._taking_over:
            return
        chosen = [self._name(index) for index in self.table.selectionModel().selectedRows(NAME)]
        # Those chosen before come first, so that the order of choice is kept for pairs.
        before = [n for n in self._session.selection if n in chosen]
        self._taking_over = True
        self._session.select((*before, *(n for n in chosen if n not in before)))
        self._taking_over = False
        self._enable()

    def edit_name(self) -> None:
        """Put the cursor into the name of the selected structure."""
        rows = self.table.selectionModel().selectedRows(NAME)
        if rows:
            self.table.setFocus()
            self.table.edit(rows[0])

    def _on_hover(self, index: QModelIndex) -> None:
        self._hovered = self._name(index)
        self._resting.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt: where the mouse leaves the table, nothing is pointed at any more."""
        if event.type() == QEvent.Type.Leave:
            self._hovered = None
            self._resting.stop()
            self._point_out()
        return False

    def _point_out(self) -> None:
        self._session.scene.point_out(self._hovered)

    def _on_visibility(self) -> None:
        self._session.scene.hide(self.model.hidden())

    def _on_system(self, text: str) -> None:
        self.filter.show_system(None if text in ("", ALL_SYSTEMS) else text)
        self._enable()

    def _on_search(self, text: str) -> None:
        self.filter.search(text)
        self._enable()

    def _jump_to(self, index: QModelIndex | bool | None = None) -> None:
        names: Iterable[str] = self._session.selection
        if isinstance(index, QModelIndex) and index.isValid():
            names = [self._name(index.siblingAtColumn(NAME))]
        self._session.scene.jump_to(names)

    def _meant(self) -> tuple[str, ...]:
        """The selected structures; where none is, those of the system or search on show."""
        listed = self.filter.rowCount()
        if self._session.selection or listed == self.model.rowCount():
            return self._session.selection
        return tuple(self._name(self.filter.index(n, NAME)) for n in range(listed))

    def _solo(self) -> None:
        self._session.scene.solo(self._meant())

    def _hide(self) -> None:
        self._session.scene.hide(self._session.scene.hidden | set(self._meant()))

    def _show_all(self) -> None:
        self._session.scene.hide(())

    def _name(self, index: QModelIndex) -> str:
        return self.model.rows[self.filter.mapToSource(index).row()].structure.name

    def _enable(self) -> None:
        self.buttons["Jump to"].setEnabled(bool(self._session.selection))
        self.buttons["Show all"].setEnabled(self._session.case is not None)
        for text in ("Solo", "Hide"):
            self.buttons[text].setEnabled(bool(self._meant()))


def _rows(job: Job, geometry: CaseGeometry, names: list[str]) -> int:
    """Rows in small batches, so that the table fills while it is being read."""
    batch: list[StructureRow] = []
    for n, name in enumerate(names):
        job.check()
        batch.append(structure_row(geometry, geometry.case[name]))
        if len(batch) == 20 or n == len(names) - 1:
            job.part(batch)
            batch = []
    return len(names)
