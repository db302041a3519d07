"""The *Names* button of the structures table: choose another names table, rename, undo, save the names beside the labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from napari_spatialmed.case import CaseError, save_names, with_name
from napari_spatialmed.viewer.memory import recall
from napari_spatialmed.viewer.messages import shown
from napari_spatialmed.viewer.name_changes import NameChanges
from napari_spatialmed.viewer.names_dialog import NamesDialog
from napari_spatialmed.viewer.session import Session


class NamesMenu(QPushButton):
    """Signals: ``rename_wanted()`` asks for the name of the selected row to be edited; ``said(text)`` and ``failed(error)``
    say how it went."""

    rename_wanted = Signal()
    said = Signal(str)
    failed = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.changes = NameChanges(session, self)
        self.changes.changed.connect(self.said)
        self.changes.failed.connect(self.failed)
        self.setText("Names")
        self.setAccessibleName("Names of the structures")
        self.setToolTip("Correct the structures' names: another names table, one name, save them, undo")
        menu = QMenu(self)
        self.actions_by_name: dict[str, QAction] = {}
        for name, text, slot in (
            ("table", "Choose another names table…", self.choose_table),
            ("rename", "Rename the selected structure (F2)", self._rename),
            ("undo", "Undo the last change of names", self.changes.undo),
            ("save", "Save the names beside the labels…", self._save),
        ):
            self.actions_by_name[name] = self._action(menu, text, slot)
        menu.aboutToShow.connect(self._enable)
        self.setMenu(menu)

    def rename(self, label: int, name: str) -> None:
        """Give one structure another name."""
        case = self._session.case
        if case is None:
            return
        try:
            after = with_name(case, label, name)
        except CaseError as error:
            self.failed.emit(error)
            return
        self.changes.apply(after)

    def choose_table(self) -> NamesDialog | None:
        """Open the dialog with all tables and what each would change."""
        case = self._session.case
        if case is None:
            return None
        dialog = NamesDialog(case, self.changes, self.window())
        dialog.show()
        return dialog

    def save(self, path: Path) -> None:
        """Save the names; a file that the person chose in a dialog may be replaced."""
        case = self._session.case
        if case is None:
            return
        try:
            save_names(case, path, overwrite=True)
        except CaseError as error:
            self.failed.emit(error)
            return
        beside = case.provenance.labels_path is not None and path.parent == case.provenance.labels_path.parent
        found = (
            " Beside the labels, names.json is found by itself."
            if beside and path.name == "names.json"
            else ""
        )
        self.said.emit(f"Saved the names of {len(case.structures)} structures to {path.name}.{found}")

    def _action(self, menu: QMenu, text: str, slot: Callable[[], object]) -> QAction:
        action = menu.addAction(text)
        action.triggered.connect(slot)
        return action

    def _enable(self) -> None:
        there = self._session.case is not None
        for name in ("table", "save"):
            self.actions_by_name[name].setEnabled(there)
        self.actions_by_name["rename"].setEnabled(len(self._session.selection) == 1)
        self.actions_by_name["undo"].setEnabled(self.changes.undoable)

    def _rename(self) -> None:
        self.rename_wanted.emit()

    def _save(self) -> None:
        case = self._session.case
        labels = None if case is None else case.provenance.labels_path
        folder = Path(recall("results_folder", "")) if labels is None else labels.parent
        path, _ = QFileDialog.getSaveFileName(
            self, "Save the names", shown(folder / "names.json"), "JSON (*.json);;Table (*.csv)"
        )
        if path:
            self.save(Path(path))
