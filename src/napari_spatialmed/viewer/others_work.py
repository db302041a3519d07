"""Sees what other people and programs write into the open benchmark, so that a window left open doesn't show yesterday's."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from napari_spatialmed.benchmark import BenchmarkError
from napari_spatialmed.viewer.work import in_thread
from napari_spatialmed.wording import counted

if TYPE_CHECKING:
    from napari_spatialmed.benchmark import Benchmark
    from napari_spatialmed.viewer.session import Session

LOOK_EVERY_MS = 3000


class OthersWork(QObject):
    """Looks every few seconds; reads on only where a file has grown."""

    came = Signal(str)
    """A sentence: how much of whom."""
    failed = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._benchmark: Benchmark | None = None
        self._seen: object = None
        self._look: Future[object] | None = None
        self._told = ""
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_EVERY_MS)
        self._timer.timeout.connect(self.look)
        session.benchmark_changed.connect(self._on_benchmark)

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()

    def look(self) -> None:
        """Take over what the last look found, and look again.

        The look itself is off the GUI thread: a shared drive may take seconds to say how long a file is.
        """
        benchmark, look = self._benchmark, self._look
        if benchmark is None or (look is not None and not look.done()):
            return
        if look is not None and look.result() != self._seen:
            self._seen = look.result()
            self._read(benchmark)
        self._look = in_thread(benchmark.stamp)

    def _read(self, benchmark: Benchmark) -> None:
        try:
            fresh = benchmark.refresh()
        except BenchmarkError as error:
            if str(error) != self._told:
                self._told = str(error)
                self.failed.emit(error)
            return
        self._told = ""
        if fresh:
            self._session.benchmark_changed.emit()
            names = ", ".join(sorted({event.actor for event in fresh}))
            self.came.emit(f"{counted(len(fresh), 'change')} by {names} came in.")

    def _on_benchmark(self) -> None:
        if self._session.benchmark is not self._benchmark:
            self._benchmark, self._look, self._seen, self._told = self._session.benchmark, None, None, ""
            (self._timer.stop if self._benchmark is None else self._timer.start)()
