"""What docks say: plain text only, so that a label's name or a model's answer can't inject markup or links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence
from qtpy.QtWidgets import QLabel, QMenu, QScrollArea, QSizePolicy, QWidget

from napari_spatialmed.errors import SpatialMedError

MAX_SHOWN = 2000
"""Longer texts are cut: a label's name or a provider's message may be anything."""
_UNSEEN = "\u200b"
_LONG_WORD = re.compile(r"\S{20,}")
_WITHIN = re.compile(r"([/_.\-]|[^\W_]{20})(?=\w)")
NOT_A_DEVICE = "For research. Not a medical device."

Tone = Literal["info", "good", "warning", "error"]
_MARKS: dict[Tone, str] = {"info": "", "good": "✓ ", "warning": "⚠ ", "error": "✗ "}
BARS: dict[Tone, str] = {"warning": "#ad7100", "error": "#d64541"}
_STYLES: dict[Tone, str] = {
    "info": "",
    "good": "",
    # A bar at the left and a mark: the tone is not told by colour alone, and the text keeps the theme's contrast.
    "warning": f"border-left: 3px solid {BARS['warning']}; padding-left: 5px;",
    "error": f"border-left: 3px solid {BARS['error']}; padding-left: 5px;",
}


def clean(text: object) -> str:
    """Any text without control characters that would break a line's layout; all of it."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in str(text))


def shown(text: object) -> str:
    """Any text as a label may show it: clean and capped."""
    cleaned = clean(text)
    return cleaned if len(cleaned) <= MAX_SHOWN else cleaned[: MAX_SHOWN - 1] + "…"


def menu_text(text: object) -> str:
    """Text for a button, tab or menu, where Qt would take ``&`` for a shortcut."""
    return shown(text).replace("&", "&&")


def short_path(path: Path) -> str:
    """A path for a line of a dock: below the home folder with ``~``, else its last two parts.  The whole goes into a tooltip."""
    if path.is_relative_to(Path.home()):
        return shown(Path("~") / path.relative_to(Path.home()))
    return shown(path if len(path.parts) <= 3 else Path("…", *path.parts[-2:]))


def breakable(text: str) -> str:
    """With unseen places to wrap at in long words: a file's name as one word would make its dock as wide as itself."""
    return _LONG_WORD.sub(lambda word: _WITHIN.sub(rf"\1{_UNSEEN}", word[0]), text)


class PlainLabel(QLabel):
    """A label that wraps, can be selected, and never reads its text as HTML."""

    def __init__(self, text: str = "", parent: QWidget | None = None, *, quiet: bool = False) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        if quiet:
            font = self.font()
            font.setItalic(True)
            self.setFont(font)
        self.setText(text)

    def setText(self, text: str | None) -> None:
        """Show `text`, capped and free of markup."""
        self._said = shown(text or "")
        super().setText(breakable(self._said))

    def text(self) -> str:
        """What it says, without the places to wrap at."""
        return self._said

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: what is copied is what was said."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Qt."""
        menu = QMenu(self)
        menu.addAction("Copy", self._copy).setEnabled(self.hasSelectedText())
        menu.addAction("Select all", self._select_all)
        menu.exec(event.globalPos())

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.selectedText().replace(_UNSEEN, ""))

    def _select_all(self) -> None:
        self.setSelection(0, len(super().text()))


class MessageLine(PlainLabel):
    """The line of a dock that says how it went, at the place where it arose.  Hidden while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.tone: Tone = "info"
        self._coming = QTimer(self)
        self._coming.setSingleShot(True)
        self._coming.setInterval(0)
        self._coming.timeout.connect(self._come_into_view)
        self.hide()

    def say(self, text: str, tone: Tone = "info") -> None:
        """Show one message in place of the last."""
        self.tone = tone
        self.setStyleSheet(_STYLES[tone])
        self.setText(_MARKS[tone] + text)
        self.setVisible(bool(text))
        if text and tone in BARS:
            # Once its dock has made room for it.
            self._coming.start()

    def _come_into_view(self) -> None:
        """On a low screen it may lie below what is on show of its dock, and a press of a button seem to do nothing."""
        above = self.parentWidget()
        while above is not None and not isinstance(above, QScrollArea):
            above = above.parentWidget()
        if above is not None and self.isVisible():
            above.ensureWidgetVisible(self, 0, 4)

    def fail(self, error: SpatialMedError | str) -> None:
        """Show an error in words: what, where, what to do."""
        self.say(str(error), "error")

    def clear(self) -> None:
        """Say nothing."""
        self.say("")


def not_a_device(parent: QWidget | None = None) -> PlainLabel:
    """The note that stands wherever results are shown."""
    label = PlainLabel(NOT_A_DEVICE, parent, quiet=True)
    label.setObjectName("not_a_device")
    return label
