"""The Curate dock's buttons: the frequent ones in a grid, each with its key, the rare ones behind *More*."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QGridLayout, QMenu, QPushButton, QWidget

from napari_spatialmed.viewer.keys import KEYS, key_text

BUTTONS = {
    "evidence": "Evidence",
    "recompute": "Recompute",
    "history": "History",
    "provenance": "Provenance",
    "flag": "Flag",
    "remark": "Remark",
    "skip": "Skip",
    "adjudicate": "Adjudicate",
    "undo": "Undo",
    "redo": "Redo",
    "keys": "Keys",
}
"""Action of `keys.KEYS` → what its button says."""
MORE = {
    "write_question": "Write a question…",
    "choose_import": "Import questions…",
    "agreement": "Agreement of the reviewers…",
}
TIME = "Keep my time per question (without idle time)"
NEEDS_QUESTION = ("evidence", "recompute", "history", "provenance", "flag", "remark", "skip", "adjudicate")
"""Buttons that are about the question at hand."""
NO_QUESTION = (
    "No question is at hand: open a benchmark above, or let the team propose questions (Propose dock)."
)
_COLUMNS = 4


class CurateButtons(QWidget):
    """Emits ``pressed(action)``, and ``time_wanted(on)`` when the reviewer agrees to their time being kept."""

    pressed = Signal(str)
    time_wanted = Signal(bool)

    def __init__(self, *, keeps_time: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: dict[QPushButton | QAction, str] = {}
        self.buttons: dict[str, QPushButton] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(3)
        for n, (name, text) in enumerate(BUTTONS.items()):
            button = self.buttons[name] = QPushButton(text)
            button.clicked.connect(self._pressed)
            self._names[button] = name
            self.enable(name)
            grid.addWidget(button, n // _COLUMNS, n % _COLUMNS)
        self.more_button = QPushButton("More")
        self.more_button.setToolTip("Write or import questions, the reviewers' agreement, and your time")
        menu = QMenu(self.more_button)
        self.more_button.setMenu(menu)
        grid.addWidget(self.more_button, len(BUTTONS) // _COLUMNS, len(BUTTONS) % _COLUMNS)
        for name, text in MORE.items():
            action = menu.addAction(text)
            action.triggered.connect(self._pressed)
            self._names[action] = name
        self.time_action = menu.addAction(TIME)
        self.time_action.setCheckable(True)
        self.time_action.setChecked(keeps_time)
        self.time_action.toggled.connect(self.time_wanted)

    def enable(self, name: str, why_not: str = "") -> None:
        """Offer an action, or say in its tooltip why it makes no sense now."""
        self.buttons[name].setEnabled(not why_not)
        self.buttons[name].setToolTip(why_not or f"{KEYS[name][1]} ({key_text(name)})")

    def _pressed(self) -> None:
        sender = self.sender()
        if isinstance(sender, QPushButton | QAction):
            self.pressed.emit(self._names[sender])
