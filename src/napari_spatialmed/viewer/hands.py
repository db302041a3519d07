"""When the hands are off mouse and keyboard: the time for what would hold the window up."""

from __future__ import annotations

import atexit
from contextlib import suppress
from weakref import WeakSet

from qtpy.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal
from qtpy.QtGui import QGuiApplication

_TOUCHES = {
    QEvent.Type.MouseMove,
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseButtonRelease,
    QEvent.Type.Wheel,
    QEvent.Type.KeyPress,
    QEvent.Type.TouchUpdate,
}


class HandsOff(QObject):
    """Emits ``came()`` when nothing was touched for `after_ms`, each time that it is waited for.

    Only while it waits does it look at what happens in the program's windows.
    """

    came = Signal()

    def __init__(self, after_ms: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(after_ms)
        self._quiet.timeout.connect(self._on_quiet)

    @property
    def waiting(self) -> bool:
        """Whether it is waited for."""
        return self._quiet.isActive()

    def wait(self) -> None:
        """Begin to wait, or begin again."""
        application = QCoreApplication.instance()
        if application is not None:
            application.installEventFilter(self)
            _waiting.add(self)
            self._quiet.start()

    def stop(self) -> None:
        """Wait no longer."""
        self._quiet.stop()
        application = QCoreApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
        _waiting.discard(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Qt: what is touched begins the quiet anew."""
        if event is not None and event.type() in _TOUCHES:
            self._quiet.start()
        return False

    def _on_quiet(self) -> None:
        # A button that is held down without moving.
        if QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton:
            self._quiet.start()
            return
        self.stop()
        self.came.emit()


_waiting: WeakSet[HandsOff] = WeakSet()


@atexit.register
def _wait_no_longer() -> None:
    """Qt's last events come when Python is gone: looking at them would end the program with a crash."""
    for hands in list(_waiting):
        with suppress(RuntimeError):  # Qt has deleted it
            hands.stop()
