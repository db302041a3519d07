"""Brings the scan of the question at hand on show, and has the next one read while the last questions of this one are reviewed."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.viewer.opening import known_scan
from napari_spatialmed.viewer.session import Session


class ScanOfQuestion(QObject):
    """Emits ``missing(case id)`` where the scan was never opened on this machine, ``failed(error)`` where it can't be."""

    missing = Signal(str)
    failed = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._opening: str | None = None  # what we asked the session to open
        self._after: str | None = None  # to be opened once what another dock opens is there
        session.opening.started.connect(self._opening_began)
        session.opening.failed.connect(self._opening_failed)
        session.opening.finished.connect(self._opening_ended)

    @property
    def bringing(self) -> bool:
        """Whether a scan is on its way for the question at hand."""
        return self._opening is not None or self._after is not None

    def bring(self, case_id: str) -> None:
        """Show this case: at once if it was read ahead, else as soon as it is read."""
        session = self._session
        self._after = None
        wanted = known_scan(case_id)
        if session.case is not None and session.case.id == case_id:
            if self._opening is not None:
                session.opening.cancel()
        elif self._opening == case_id:
            return
        elif wanted is None:
            self.missing.emit(case_id)
        elif session.opening.running and self._opening is None:
            self._after = case_id
        else:
            session.show_async(wanted)
            self._opening = case_id if session.opening.running else None

    def foresee(self, case_id: str) -> None:
        """Have this case read ahead; nothing happens if it is on show, being opened, or unknown here."""
        on_show = None if self._session.case is None else self._session.case.id
        wanted = known_scan(case_id)
        if case_id not in (on_show, self._opening) and wanted is not None:
            self._session.ahead.expect(wanted, certain=True)

    def _opening_began(self) -> None:
        self._opening = None  # by somebody else, in place of ours; `bring` knows better afterwards

    def _opening_failed(self, error: SpatialMedError) -> None:
        if self._opening is not None:
            self.failed.emit(error)

    def _opening_ended(self) -> None:
        self._opening = None
        after, self._after = self._after, None
        if after is not None:
            self.bring(after)
