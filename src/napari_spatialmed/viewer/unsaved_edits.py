"""Edited labels are never lost and never written over by accident: saving them, and asking before they go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QFileDialog, QMainWindow, QMessageBox

from napari_spatialmed.case import Case, CaseError, CaseLibrary, save_labels
from napari_spatialmed.viewer.memory import recall, remember

if TYPE_CHECKING:
    from napari_spatialmed.viewer.session import Session

_FILTER = "NIfTI (*.nii.gz *.nii)"
_Button = QMessageBox.StandardButton


def suggested_path(case: Case) -> Path:
    """Beside the original, with another name."""
    original = case.provenance.labels_path
    if original is None:
        return Path(recall("results_folder", "")) / "labels.nii.gz"
    stem = original.name.split(".")[0].removesuffix("_edited")
    candidate = original.with_name(f"{stem}_edited.nii.gz")
    number = 2
    while candidate.exists():
        candidate, number = original.with_name(f"{stem}_edited_{number}.nii.gz"), number + 1
    return candidate


def write_labels(case: Case, path: Path) -> Path:
    """Save the labels as they are now; from then on they are this scan's labels, also for the next session.

    The path was chosen by a person, who was asked if it was there already.  May run in a thread.

    Raises
    ------
    CaseError
        If it can't be written.
    """
    written = save_labels(case, path, overwrite=True)
    if case.provenance.labels_path is not None:
        case.provenance = replace(case.provenance, labels_path=written)
        if case.image is not None:  # a label map alone is another case once its voxels are others
            case.provenance = CaseLibrary().keep_names(case).provenance
    return written


def choose_path(session: Session) -> Path | None:
    """Ask where to save, what was written before offered again; replacing the original needs a second yes."""
    case, window, edits = session.case, window_of(session), session.edits
    if case is None:
        return None
    offered = str(edits.written or suggested_path(case))
    text, _ = QFileDialog.getSaveFileName(window, "Save the labels as", offered, _FILTER)
    if not text:
        return None
    path = Path(text)
    if not path.name.endswith((".nii", ".nii.gz")):
        path = path.with_name(path.name + ".nii.gz")
    remember("results_folder", str(path.parent))
    original = edits.original
    is_original = original is not None and path.exists() and original.exists() and path.samefile(original)
    if is_original and path != edits.written:
        answer = QMessageBox.question(
            window,
            "Replace the original labels?",
            f"{path.name} is the file that the labels were read from. What it holds now will be gone.",
            _Button.Yes | _Button.No,
            _Button.No,
        )
        if answer != _Button.Yes:
            return None
    return path


def may_leave(session: Session) -> bool:
    """Whether the case on show may be left: nothing is unsaved, or a person has saved it or given it up."""
    window = window_of(session)
    if not session.edits.unsaved or session.case is None or window is None:
        return True
    source = session.case.provenance.labels_path
    box = QMessageBox(window)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle("Unsaved labels")
    box.setText(f"The labels{'' if source is None else ' of ' + source.name} were edited and not saved.")
    box.setInformativeText("Save them, give the edits up, or go back?")
    box.setStandardButtons(_Button.Save | _Button.Discard | _Button.Cancel)
    box.setDefaultButton(_Button.Save)
    chosen = _Button(box.exec())
    if chosen == _Button.Discard:
        session.edits.saved(session.edits.strokes)
    elif chosen == _Button.Save:
        path = choose_path(session)
        if path is not None:
            try:
                written = write_labels(session.case, path)
            except CaseError as error:
                QMessageBox.warning(window, "The labels were not saved", str(error))
            else:
                session.edits.saved(session.edits.strokes, written)
    return not session.edits.unsaved


def window_of(session: Session) -> QMainWindow | None:
    """The session's window, if it has one that is on show."""
    if not session.scene.has_viewer:
        return None
    window = getattr(getattr(session.scene.viewer, "window", None), "_qt_window", None)
    return window if isinstance(window, QMainWindow) and window.isVisible() else None


class CloseGuard(QObject):
    """Asks before a window with unsaved edits closes."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._watching = False

    def watch(self) -> None:
        """Watch the session's window, once it is on show.

        Among event filters the last one installed is asked first: so a refused close is seen by nobody else.
        """
        window = window_of(self._session)
        if window is not None and not self._watching:
            self._watching = True
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt: keeps the window open where the person wants to go back."""
        if event.type() != QEvent.Type.Close:
            return False
        if may_leave(self._session):
            self._watching = False
            watched.removeEventFilter(self)
            return False
        event.ignore()
        return True
