"""The row of the Case dock that unlocks the labels for napari's tools, takes strokes back, and saves the result."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_spatialmed.case import Case
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.edits import Edit
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.unsaved_edits import CloseGuard, choose_path, write_labels
from napari_spatialmed.viewer.work import Job, Work

EDITING = (
    "Labels can be edited: brush (2), eraser (1), fill (4), picker (5), [ and ] for its size; tools are in the tab "
    "“layer controls”. Ctrl+Z takes a stroke back."
)


class LabelsEditing(QWidget):
    """Signals: ``said(text, tone)`` for the dock's message line, ``failed(error)``."""

    said = Signal(str, str)
    failed = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._guard = CloseGuard(session, self)
        self._saving = 0
        self.work = Work(self)
        self.work.returned.connect(self._saved)
        self.work.failed.connect(self.failed)
        self.work.cancelled.connect(self._cancelled)
        self.switch = QPushButton("Edit labels", self)
        self.switch.setCheckable(True)
        self.switch.setToolTip(
            "Unlock the labels for napari's brush, eraser and fill (Shift+E); locked, nothing changes them"
        )
        self.switch.clicked.connect(self._switch)
        self.undo = QPushButton("Undo", self)
        self.undo.setToolTip("Take the last stroke back")
        self.undo.clicked.connect(self._undo)
        self.redo = QPushButton("Redo", self)
        self.redo.setToolTip("Bring the stroke back")
        self.redo.clicked.connect(self._redo)
        self.save_button = QPushButton("Save labels as…", self)
        self.save_button.setToolTip("Write the edited labels to a NIfTI file; the original stays as it is")
        self.save_button.clicked.connect(self._choose)
        row = QHBoxLayout()
        row.setSpacing(4)
        for button, stretch in ((self.switch, 2), (self.undo, 1), (self.redo, 1), (self.save_button, 2)):
            row.addWidget(button, stretch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(BusyBar(self.work, self))
        session.case_changed.connect(self._show)
        session.edits.unsaved_changed.connect(self._show)
        session.scene.editing_changed.connect(self._on_editing)
        session.scene.edited.connect(self._on_edited)
        self._show()

    def save(self, path: Path) -> None:
        """Save the labels to a file that the person chose."""
        if self._session.case is not None:
            self._saving = self._session.edits.strokes
            self.work.run(f"Saving {path.name}", _write, self._session.case, path)

    def _choose(self) -> None:
        path = choose_path(self._session)
        if path is not None:
            self.save(path)

    def _saved(self, path: Path) -> None:
        # Strokes made in the meantime are not in the file.
        self._session.edits.saved(self._saving, path)
        self.said.emit(f"Saved the labels to {path.name}.", "good")
        self._show()

    def _cancelled(self) -> None:
        self.said.emit("Saving was cancelled; the labels on show are still unsaved.", "warning")

    def _switch(self, on: bool) -> None:
        self._session.scene.set_editing(on)
        self._show()

    def _undo(self) -> None:
        self._session.scene.undo_edit()

    def _redo(self) -> None:
        self._session.scene.undo_edit(forward=True)

    def _on_editing(self, on: bool) -> None:
        if on:
            self._guard.watch()
        unsaved = " Edits are not saved yet." if self._session.edits.unsaved else ""
        self.said.emit(EDITING if on else f"Labels are locked.{unsaved}", "info")
        self._show()

    def _on_edited(self, edit: Edit) -> None:
        self._guard.watch()
        labels, case = self._session.scene.case_layers.labels, self._session.case
        if edit.kind == "stroke" and labels is not None and case is not None:
            label = int(labels.selected_label)
            if label and label not in case and labels.mode in ("paint", "fill", "polygon"):
                self.said.emit(
                    f"Label {label} is no structure of this scan: what is painted with it is saved but not measured. "
                    "Select a structure to paint with its label.",
                    "warning",
                )

    def _show(self) -> None:
        there, editing, unsaved = (
            self._session.case is not None,
            self._session.scene.editing,
            self._session.edits.unsaved,
        )
        self.switch.setEnabled(there)
        self.switch.setChecked(editing)
        self.switch.setText("Lock labels" if editing else "Edit labels")
        for button in (self.undo, self.redo):
            button.setVisible(editing)
        self.save_button.setVisible(editing or unsaved)
        self.save_button.setText("Save labels as… •" if unsaved else "Save labels as…")
        self.save_button.setAccessibleName("Save labels as, unsaved edits" if unsaved else "Save labels as")


def _write(job: Job, case: Case, path: Path) -> Path:
    job.check()
    job.progress(None, f"Writing {path.name}")
    return write_labels(case, path)
