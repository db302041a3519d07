"""What runs for a window, in threads or in steps, gives way to it.

A thread that computes in Python lets the others have their turn every five thousandths of a second; the window asks for
its own dozens of times until one picture is drawn, and stands still for most of a second.  So while jobs run, threads change
ten times as often.

A full round of garbage collection walks over every object of the process: a third of a second in a window that has grown,
in the midst of whatever makes the next object.  Young objects are collected as ever; a full round is made once the window
rests and the hands are off mouse and keyboard, so that it doesn't come in the midst of what the user does next, and, as
Python has it too, not before the old objects have become a quarter more.
"""

from __future__ import annotations

import gc
import sys
from functools import cache
from weakref import WeakSet

from qtpy.QtCore import QObject

from napari_spatialmed.viewer.hands import HandsOff

REST_MS = 15_000
"""Who looks at what a job has brought, and then goes on, isn't held up."""
SWITCH_S = 0.0005
_NEVER = 1_000_000
_OLDEST = 2
"""Python's last generation of objects: those that outlived two rounds."""
_MORE = 1.25


class GivingWay(QObject):
    """Knows which jobs run in this process."""

    def __init__(self) -> None:
        super().__init__()
        self._running: WeakSet[QObject] = WeakSet()
        self._thresholds: tuple[int, int, int] | None = None
        self._switch_s: float | None = None
        self._old = len(gc.get_objects(_OLDEST))
        self._rest = HandsOff(REST_MS, self)
        self._rest.came.connect(self._collect)

    def begin(self, job: QObject) -> None:
        """A job runs: no full round from now on, and threads change often."""
        self._running.add(job)
        self._rest.stop()
        if self._thresholds is None:
            self._thresholds = gc.get_threshold()
            gc.set_threshold(*self._thresholds[:2], _NEVER)
        if self._switch_s is None:
            self._switch_s = sys.getswitchinterval()
            sys.setswitchinterval(SWITCH_S)

    def end(self, job: QObject) -> None:
        """The job is over; ending what never began does nothing."""
        self._running.discard(job)
        if self._running:
            return
        # Whoever has set either of them meanwhile knows why.
        if self._switch_s is not None:
            if abs(sys.getswitchinterval() - SWITCH_S) < 1e-6:
                sys.setswitchinterval(self._switch_s)
            self._switch_s = None
        if self._thresholds is not None:
            self._rest.wait()

    def _collect(self) -> None:
        if self._thresholds is not None and gc.get_threshold() == (*self._thresholds[:2], _NEVER):
            gc.set_threshold(*self._thresholds)
            if gc.isenabled() and (old := len(gc.get_objects(_OLDEST))) > _MORE * self._old:
                self._old = old - gc.collect()
        self._thresholds = None


@cache
def giving_way() -> GivingWay:
    """The one of this process; asked for in the GUI thread first."""
    return GivingWay()
