"""Brings the scan of the question at hand on show, and reads the next one while the last questions of this one are reviewed."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal

from napari_spatialmed.case import Case, CaseLibrary
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.viewer.case_layers import Prepared
from napari_spatialmed.viewer.session import Session, open_prepared
from napari_spatialmed.viewer.work import Job, Work

Opened = tuple[Case, CaseGeometry, Prepared]


class ScanOfQuestion(QObject):
    """Emits ``missing(case id)`` where the scan was never opened on this machine.

    One scan is read ahead at most, so that memory holds no more than two.
    """

    missing = Signal(str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._opening: str | None = None  # what we asked the session to open
        self._after: str | None = None  # to be opened once what another dock opens is there
        self._ahead: str | None = None  # being read ahead, or read
        self._wanted_ahead = False  # and already asked for
        self._ready: Opened | None = None
        self.reading_ahead = Work(self)
        self.reading_ahead.returned.connect(self._read_ahead)
        self.reading_ahead.failed.connect(self._could_not)
        session.opening.finished.connect(self._opening_ended)
        session.case_changed.connect(self._on_case)

    @property
    def ready(self) -> str | None:
        """Id of the case that was read ahead and waits."""
        return None if self._ready is None else self._ready[0].id

    def bring(self, case_id: str) -> None:
        """Show this case: at once if it was read ahead, else as soon as it is read."""
        session = self._session
        self._after, self._wanted_ahead = None, False
        if session.case is not None and session.case.id == case_id:
            if self._opening is not None:
                session.opening.cancel()
        elif self.ready == case_id:
            self._show()
        elif self._opening == case_id:
            return
        elif self._ahead == case_id:
            self._wanted_ahead = True
        elif CaseLibrary().files(case_id) is None:
            self.missing.emit(case_id)
        elif session.opening.running and self._opening is None:
            self._after = case_id
        else:
            self._open(case_id)

    def foresee(self, case_id: str) -> None:
        """Read this case ahead; nothing happens if it is on show, read, being read, or unknown here."""
        on_show = None if self._session.case is None else self._session.case.id
        if case_id not in (on_show, self._ahead, self._opening) and CaseLibrary().files(case_id) is not None:
            self._ahead, self._ready = case_id, None
            self.reading_ahead.run("Reading the next scan", _read, case_id)

    def _open(self, case_id: str) -> None:
        self._session.open_known_async(case_id)
        self._opening = case_id

    def _show(self) -> None:
        opened, self._ready, self._ahead = self._ready, None, None
        if opened is not None and self._session.scene.has_viewer:
            if self._opening is not None:
                self._session.opening.cancel()
            self._session.set_case(*opened)

    def _read_ahead(self, opened: Opened) -> None:
        self._ready = opened
        if self._wanted_ahead:
            self._wanted_ahead = False
            self._show()

    def _could_not(self, _error: object) -> None:
        # Nobody asked for it yet: once it is asked for, it is opened by the session, which says in words what is wrong.
        failed, self._ahead = self._ahead, None
        if failed is not None and self._wanted_ahead:
            self._wanted_ahead = False
            self._open(failed)

    def _opening_ended(self) -> None:
        self._opening = None
        after, self._after = self._after, None
        if after is not None:
            self.bring(after)

    def _on_case(self) -> None:
        case = self._session.case
        if case is not None and case.id == self._ahead:
            # Opened in another way meanwhile: a second copy would only take memory.
            self.reading_ahead.cancel()
            self._ahead, self._ready = None, None


def _read(job: Job, case_id: str) -> Opened:
    return open_prepared(job, lambda progress: CaseLibrary().open(case_id, progress))
