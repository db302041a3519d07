"""Every change a curator makes, written at once: what was saved, and what could not be, as signals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_spatialmed.benchmark import BenchmarkError, Event
from napari_spatialmed.viewer.session import Session


class SavedChanges(QObject):
    """Calls the verbs of the session's benchmark.

    Signals: ``saved(text)`` only after the event is on the disk, ``failed(error)`` if it could not be written.
    """

    saved = Signal(str)
    failed = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session

    def make(self, verb: str, *values: Any, said: str = "", **named: Any) -> Event | None:
        """Call one verb, e.g. ``make("skip", question)``; None if nothing was written."""
        benchmark = self._session.benchmark
        if benchmark is None:
            self.failed.emit("Open or create a benchmark first.")
            return None
        try:
            event: Event | None = getattr(benchmark, verb)(*values, **named)
        except BenchmarkError as error:
            self.failed.emit(error)
            return None
        if event is not None:
            self._session.benchmark_changed.emit()
            self.saved.emit(said + saved_text(event))
        return event

    def reverse(self, verb: str) -> str | None:
        """``undo`` or ``redo`` the person's last change; returns the question it was about."""
        benchmark = self._session.benchmark
        if benchmark is None:
            return None
        target = (benchmark.state.undoable if verb == "undo" else benchmark.state.redoable)(benchmark.actor)
        what = "" if target is None else target.kind.replace("_", " ").removeprefix("question ")
        word = "Took back" if verb == "undo" else "Brought back"
        event = self.make(verb, said=f"{word}: {what} · ")
        return None if event is None else event.question


def saved_text(event: Event) -> str:
    """When it was saved, in local time."""
    return f"Saved · {datetime.fromisoformat(event.time).astimezone():%H:%M:%S}"
