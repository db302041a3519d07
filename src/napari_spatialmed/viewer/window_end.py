"""When a window closes for good: whatever runs for it is stopped, so that nothing arrives in a window that is half gone.

napari tells its plugins nothing of that, and a docked widget's own ``closeEvent`` never comes.
"""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Signal
from qtpy.QtWidgets import QMainWindow

from napari_spatialmed.viewer.work import Work


class WindowEnd(QObject):
    """Emits ``came()`` once the window closes and nobody can keep it open any more."""

    came = Signal()

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._asked = False
        self.window = window
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt: a close that a person asked for may still be refused in napari's dialog; then the window isn't hidden."""
        if watched is self.window:
            if event.type() == QEvent.Type.Close:
                self._asked = True
            if (event.type() == QEvent.Type.Close and not event.spontaneous()) or (
                event.type() == QEvent.Type.Hide and self._asked and not event.spontaneous()
            ):
                self.window.removeEventFilter(self)
                self._stop_everything()
        return False

    def _stop_everything(self) -> None:
        for work in self.window.findChildren(Work):
            work.stop()
        self.came.emit()


def end_of(viewer: object) -> WindowEnd | None:
    """Watch a viewer's window; None for a viewer without one.

    Raises
    ------
    ReferenceError
        If the window is closed already.
    """
    window = getattr(getattr(viewer, "window", None), "_qt_window", None)
    if window is None:
        return None
    try:
        return WindowEnd(window)
    except RuntimeError:  # Qt has deleted it
        raise ReferenceError("the window was closed") from None
