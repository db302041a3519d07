"""Puts off Python's full rounds of garbage collection while something is under way in a window.

Each walks over every object of the process: a third of a second in a window that has grown, in the midst of whatever makes
the next object.  Young objects are collected as ever; a full round that has become due is made once the window rests and the
hands are off mouse and keyboard, so that it doesn't come in the midst of what the user does next.
"""

from __future__ import annotations

import gc
from functools import cache
from weakref import WeakSet

from qtpy.QtCore import QObject

from napari_spatialmed.viewer.hands import HandsOff

REST_MS = 2000
"""What a job has brought is shown by then."""
_NEVER = 1_000_000


class Collecting(QObject):
    """Knows which jobs run in this process."""

    def __init__(self) -> None:
        super().__init__()
        self._running: WeakSet[QObject] = WeakSet()
        self._before: tuple[int, int, int] | None = None
        self._rest = HandsOff(REST_MS, self)
        self._rest.came.connect(self._resume)

    def begin(self, job: QObject) -> None:
        """A job runs: no full round from now on."""
        self._running.add(job)
        self._rest.stop()
        if self._before is None:
            self._before = gc.get_threshold()
            gc.set_threshold(*self._before[:2], _NEVER)

    def end(self, job: QObject) -> None:
        """The job is over; ending what never began does nothing."""
        self._running.discard(job)
        if self._before is not None and not self._running:
            self._rest.wait()

    def _resume(self) -> None:
        # Whoever has set it meanwhile knows why.
        if self._before is not None and gc.get_threshold() == (*self._before[:2], _NEVER):
            gc.set_threshold(*self._before)
            if gc.isenabled() and gc.get_count()[2] > self._before[2]:
                gc.collect()
        self._before = None


@cache
def collecting() -> Collecting:
    """The one of this process; asked for in the GUI thread first."""
    return Collecting()
