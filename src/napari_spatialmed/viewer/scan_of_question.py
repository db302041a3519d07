"""Brings the scan of the question at hand on show, and has the next one read while the last questions of this one are reviewed."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal

from napari_spatialmed.case import CaseFiles, CaseLibrary, KnownCase
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.questions import Question
from napari_spatialmed.viewer.opening import Wanted
from napari_spatialmed.viewer.session import Session


class ScanOfQuestion(QObject):
    """Emits ``missing(case id)`` where the scan was never opened on this machine, ``failed(error)`` where it can't be."""

    missing = Signal(str)
    failed = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._opening: Wanted | None = None  # what we asked the session to open
        self._after: Question | None = None  # whose scan comes once what another dock opens is there
        session.opening.started.connect(self._opening_began)
        session.opening.failed.connect(self._opening_failed)
        session.opening.cancelled.connect(self._opening_cancelled)
        session.opening.finished.connect(self._opening_ended)

    @property
    def bringing(self) -> bool:
        """Whether a scan is on its way for the question at hand."""
        return self._opening is not None or self._after is not None

    def bring(self, question: Question) -> None:
        """Show its case, under the labels it was made from where these are known: at once if it was read ahead, else as soon as it is read."""
        session = self._session
        self._after = None
        known = CaseLibrary().find(question.case, question.label_sha256)
        wanted = None if known is None else _files_of(known)
        if self._is_on_show(question, known):
            if self._opening is not None:
                session.opening.cancel()
        elif wanted is None:
            self.missing.emit(question.case)
        elif self._opening == wanted:
            return
        elif session.opening.running and self._opening is None:
            self._after = question
        else:
            session.show_async(wanted)
            self._opening = wanted if session.opening.running else None

    def foresee(self, question: Question) -> None:
        """Have its case read ahead; nothing happens if it is on show, being opened, or unknown here."""
        known = CaseLibrary().find(question.case, question.label_sha256)
        if known is None or self._is_on_show(question, known):
            return
        wanted = _files_of(known)
        if wanted != self._opening:
            self._session.ahead.expect(wanted, certain=True)

    def _is_on_show(self, question: Question, known: KnownCase | None) -> bool:
        """Whether its scan is, and no label map lies elsewhere that is known to be the question's own."""
        case = self._session.case
        if case is None or case.id != question.case:
            return False
        labels = case.provenance.labels_path
        if known is None or labels is None or known.label_sha256 != question.label_sha256:
            return True
        return labels.resolve() == known.labels

    def _opening_began(self) -> None:
        # By somebody else, in place of ours; `bring` knows better afterwards.
        self._opening = self._after = None

    def _opening_failed(self, error: SpatialMedError) -> None:
        if self._opening is not None:
            self.failed.emit(error)

    def _opening_cancelled(self) -> None:
        if self._session.arriving:
            self._after = None  # another scan was asked for since, and is there

    def _opening_ended(self) -> None:
        self._opening = None
        after, self._after = self._after, None
        if after is not None:
            self.bring(after)


def _files_of(known: KnownCase) -> Wanted:
    return Wanted(CaseFiles(known.labels, known.image), known.id)
