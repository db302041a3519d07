"""Time spent on one question with the idle time removed.  It runs only where the reviewer has agreed to it."""

from __future__ import annotations

import time
from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QApplication

IDLE_AFTER_S = 30.0
"""Longer without a key or a movement of the mouse counts as being away; the time before that counts as looking."""
_ACTIVITY = frozenset(
    {QEvent.Type.KeyPress, QEvent.Type.MouseMove, QEvent.Type.MouseButtonPress, QEvent.Type.Wheel}
)


class ItemClock:
    """Adds up the time between signs of activity, of each gap no more than `IDLE_AFTER_S`."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last: float | None = None
        self._spent = 0.0

    def start(self) -> None:
        """Begin with a new question."""
        self._spent, self._last = 0.0, self._now()

    def stop(self) -> None:
        """Forget what was measured."""
        self._spent, self._last = 0.0, None

    def active(self) -> None:
        """Somebody is there."""
        if self._last is not None:
            now = self._now()
            self._spent += min(now - self._last, IDLE_AFTER_S)
            self._last = now

    @property
    def seconds(self) -> float | None:
        """Time spent so far, to a tenth of a second; None while it isn't measured."""
        if self._last is None:
            return None
        self.active()
        return round(self._spent, 1)


class Activity(QObject):
    """Tells a clock of every key and movement in the program, while it is watching."""

    def __init__(self, clock: ItemClock, parent: QObject) -> None:
        super().__init__(parent)
        self._clock = clock

    def watch(self, on: bool) -> None:
        """Begin or end watching."""
        program = QApplication.instance()
        if program is not None:
            program.removeEventFilter(self)
            if on:
                program.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _ACTIVITY:
            self._clock.active()
        return False
