"""Choose another names table for the scan on show, and see beforehand what that changes."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_spatialmed.case import Case, CaseError, NameTable, is_named, load_names, name_tables, renamed
from napari_spatialmed.viewer.frames import framed
from napari_spatialmed.viewer.memory import recall, remember
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, menu_text, shown
from napari_spatialmed.viewer.name_changes import NameChanges
from napari_spatialmed.viewer.open_form import TABLES

_COLUMNS = ("Label", "Now", "Would be")


class NamesDialog(QDialog):
    """Lists the tables, those that know most of the scan's labels first; `apply` goes over to the chosen one."""

    def __init__(self, case: Case, changes: NameChanges, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Choose another names table")
        self._case, self._changes = case, changes
        self.after: Case | None = None
        self._make_widgets()
        for table in by_fit(case):
            self._add(table)
        known = self.tables.findData(case.provenance.names, Qt.ItemDataRole.UserRole + 1)
        self.tables.setCurrentIndex(max(known, 0))
        self.tables.currentIndexChanged.connect(self._preview)
        self._preview()
        framed(self)
        self.resize(640, 560)

    def _make_widgets(self) -> None:
        self.tables = QComboBox(self)
        self.tables.setAccessibleName("Names table")
        self.tables.setToolTip(
            "The tables that come with the program; those that know most labels of this scan first"
        )
        self.tables.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.file_button = QPushButton("From a file…", self)
        self.file_button.setToolTip("Read names from a JSON, CSV, TSV, ITK-SNAP or 3D Slicer file")
        self.file_button.clicked.connect(self._choose_file)
        above = QHBoxLayout()
        label = QLabel("Names table", self)
        label.setBuddy(self.tables)
        above.addWidget(label)
        above.addWidget(self.tables, 1)
        above.addWidget(self.file_button)
        self.effect = PlainLabel("", self)
        self.message = MessageLine(self)
        self.preview = QTableWidget(0, len(_COLUMNS), self)
        self.preview.setHorizontalHeaderLabels(_COLUMNS)
        self.preview.setAccessibleName("What would change")
        self.preview.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.preview.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.preview.setShowGrid(False)
        self.preview.verticalHeader().hide()
        self.preview.verticalHeader().setDefaultSectionSize(24)
        for column in (1, 2):
            self.preview.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.apply_button = self.buttons.addButton("Use these names", QDialogButtonBox.ButtonRole.AcceptRole)
        self.apply_button.setToolTip(
            "Go over to these names; Undo in the Names menu brings the old ones back"
        )
        self.buttons.accepted.connect(self.apply)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(above)
        layout.addWidget(self.effect)
        layout.addWidget(self.message)
        layout.addWidget(self.preview, 1)
        layout.addWidget(self.buttons)

    def read_file(self, path: Path) -> None:
        """Offer the names of a file, and choose them."""
        try:
            table = load_names(path)
        except CaseError as error:
            self.message.fail(error)
            return
        self._add(table, at=0)
        self.tables.setCurrentIndex(0)
        self._preview()

    def choose(self, table_id: str) -> None:
        """Choose a table by its id."""
        self.tables.setCurrentIndex(self.tables.findData(table_id, Qt.ItemDataRole.UserRole + 1))

    def apply(self) -> None:
        """Go over to the chosen names."""
        if self.after is not None:
            self._changes.apply(self.after)
        self.accept()

    def _add(self, table: NameTable, at: int | None = None) -> None:
        known = sum(s.label in table.names for s in self._case)
        at = self.tables.count() if at is None else at
        text = f"{table.title} · knows {known} of {len(self._case.structures)}"
        self.tables.insertItem(at, menu_text(text), table)
        self.tables.setItemData(at, table.id, Qt.ItemDataRole.UserRole + 1)

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Choose a names table", recall("folder", ""), TABLES)
        if path:
            remember("folder", str(Path(path).parent))
            self.read_file(Path(path))

    def _preview(self) -> None:
        self.message.clear()
        self.after = None
        table = self.tables.currentData()
        try:
            self.after = renamed(self._case, table)
        except CaseError as error:
            self.effect.setText("")
            self.message.fail(error)
        after = self.after
        pairs = [] if after is None else [(s, after[s.label]) for s in self._case]
        pairs.sort(key=lambda pair: (pair[0].name == pair[1].name, pair[0].label))
        self.preview.setRowCount(len(pairs))
        for row, (now, then) in enumerate(pairs):
            changed = then.title if then.name != now.name else "the same"
            texts = (str(now.label), now.title, changed if is_named(then) else f"{then.title} (no name)")
            for column, text in enumerate(texts):
                self.preview.setItem(row, column, QTableWidgetItem(shown(text)))
        effect = None if after is None else self._changes.effect(after)
        if effect is not None:
            self.effect.setText(effect.text())
        self.apply_button.setEnabled(effect is not None and effect.changed > 0)


def by_fit(case: Case) -> list[NameTable]:
    """All shipped tables that know a label of the case, those that know most first, and of these the smallest."""
    labels = {s.label for s in case}
    fitting = [t for t in name_tables().values() if labels & t.labels]
    return sorted(fitting, key=lambda t: (-len(labels & t.labels), len(t.names), t.title))
