"""Whether the hands are off the mouse: the time for what would hold the window up."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QCursor, QGuiApplication


class Hands:
    """Looks at the mouse now and then."""

    def __init__(self) -> None:
        self._pointer = QCursor.pos()

    def are_off(self) -> bool:
        """Whether the pointer lies where it lay at the last look, with no button down."""
        before, self._pointer = self._pointer, QCursor.pos()
        return self._pointer == before and QGuiApplication.mouseButtons() == Qt.MouseButton.NoButton
