"""The dialogs of the Curate dock: history, provenance, adjudication, a new question, an import, agreement.

Each is about the question that was at hand when it was opened, whichever is by the time it is answered.
"""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtWidgets import QDialog, QFileDialog, QWidget

from napari_spatialmed.benchmark import visible_to
from napari_spatialmed.viewer.adjudicating import AdjudicationDialog, may_decide
from napari_spatialmed.viewer.history_dialog import HistoryDialog
from napari_spatialmed.viewer.import_dialog import FILTER, ImportDialog
from napari_spatialmed.viewer.memory import recall
from napari_spatialmed.viewer.new_question_dialog import NewQuestionDialog
from napari_spatialmed.viewer.provenance_dialog import ProvenanceDialog
from napari_spatialmed.viewer.saved_changes import SavedChanges
from napari_spatialmed.viewer.session import Session

SCORE_FIRST = "Score the question first: until then who proposed it and what was said of it is hidden."


class CurateDialogs(QObject):
    """Opens them beside the dock; what they change goes through `SavedChanges`.

    Signals: ``refused(text)`` where one can't be opened yet, ``imported(text)``.
    """

    refused = Signal(str)
    imported = Signal(str)

    def __init__(self, session: Session, changes: SavedChanges, dock: QWidget) -> None:
        super().__init__(dock)
        self._session, self._changes, self._dock = session, changes, dock

    def history(self) -> HistoryDialog | None:
        """Who changed what; any earlier text can be restored."""
        state, benchmark = self._session.question_state, self._session.benchmark
        if state is None or benchmark is None:
            return None
        blind = visible_to(benchmark.actor, state).blind
        dialog = HistoryDialog(state, benchmark.actor, blind=blind, parent=self._dock)
        dialog.restore.connect(self._restore)
        self._show(dialog)
        return dialog

    def provenance(self) -> ProvenanceDialog | None:
        """How the question came to be, once it is scored (rule H1)."""
        state, benchmark = self._session.question_state, self._session.benchmark
        if state is None or benchmark is None:
            return None
        if visible_to(benchmark.actor, state).blind:
            self.refused.emit(SCORE_FIRST)
            return None
        dialog = ProvenanceDialog(state, benchmark.state, self._dock)
        self._show(dialog)
        return dialog

    def adjudicate(self) -> AdjudicationDialog | None:
        """Decide a split or a conflict; a decision against the scores needs a note."""
        state, benchmark = self._session.question_state, self._session.benchmark
        if state is None or benchmark is None:
            return None
        if not state.conflict and not may_decide(state, benchmark.actor):
            self.refused.emit(SCORE_FIRST)
            return None
        dialog = AdjudicationDialog(state, self._dock)
        dialog.decided.connect(self._decided)
        dialog.chosen.connect(self._text_chosen)
        self._show(dialog)
        return dialog

    def write_question(self) -> None:
        """Write a question from scratch: choose form and structures, the answer and options are computed."""
        if self._session.geometry is None or self._session.benchmark is None:
            self.refused.emit("Open a case and a benchmark first.")
        else:
            self._show(NewQuestionDialog(self._session, self._dock))

    def choose_import(self) -> None:
        """Choose a file of questions and see what importing it would do."""
        if self._session.benchmark is None:
            self.refused.emit("Open or create a benchmark first.")
            return
        folder = recall("benchmark_folder", str(Path.home()))
        path, _ = QFileDialog.getOpenFileName(self._dock, "Import questions", folder, FILTER)
        if path:
            self.import_questions(Path(path))

    def import_questions(self, path: Path) -> ImportDialog | None:
        """The dry run of importing a file."""
        if self._session.benchmark is None:
            return None
        dialog = ImportDialog(self._session.benchmark, path, self._dock)
        dialog.imported.connect(self.imported)
        self._show(dialog)
        return dialog

    def agreement(self) -> None:
        """How far the reviewers agree."""
        if self._session.benchmark is None:
            self.refused.emit("Open a benchmark first.")
        else:
            # Only now: it draws with Matplotlib, which takes half a second to load.
            from napari_spatialmed.viewer.agreement_dialog import AgreementDialog

            self._show(AgreementDialog(self._session.benchmark, self._dock))

    def _show(self, dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def _restore(self, question: str, version: str) -> None:
        self._changes.make("restore", question, version, said="Restored · ")

    def _decided(self, question: str, keep: bool, note: str) -> None:
        self._changes.make("adjudicate", question, keep, note, said="Decided · ")

    def _text_chosen(self, question: str, version: str, note: str) -> None:
        self._changes.make("resolve", question, version, note, said="Decided · ")
