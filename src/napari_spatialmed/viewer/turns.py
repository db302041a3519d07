"""Does what takes long in small steps, one per turn of the event loop: between them the window lives."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from qtpy.QtCore import QObject, QTimer

NEXT_TURN_MS = 1
"""Not 0: of timers without any time Qt may let one come twice before all others."""

_held = 0


@contextmanager
def holding_turns() -> Iterator[None]:
    """While napari, in the middle of something of its own, lets events come in: steps that came then would add up."""
    global _held
    _held += 1
    try:
        yield
    finally:
        _held -= 1


def turns_are_held() -> bool:
    """Whether what is done in steps should wait for the next turn."""
    return _held > 0


class Turns(QObject):
    """A line of things to do in the GUI thread, step by step, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self._line: deque[Iterator[None]] = deque()
        self._timer = QTimer(self)
        self._timer.setInterval(NEXT_TURN_MS)
        self._timer.timeout.connect(self._step)

    def add(self, steps: Iterator[None]) -> None:
        """Do these steps, from the next turn on, once all before them are done."""
        self._line.append(steps)
        self._timer.start()

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be done."""
        return not self._line

    def clear(self) -> None:
        """Do nothing more of what is waiting."""
        self._line.clear()
        self._timer.stop()

    def _step(self) -> None:
        if turns_are_held():
            return
        if not self._line:
            self._timer.stop()
            return
        steps = self._line[0]
        # A step may clear the line, and add to it.
        if next(steps, self) is self and self._line and self._line[0] is steps:
            self._line.popleft()
