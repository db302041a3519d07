"""A row of buttons, each with what it says, its tooltip and what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qtpy.QtWidgets import QHBoxLayout, QPushButton


def button_row(
    actions: Iterable[tuple[str, str, Callable[[], object]]],
) -> tuple[QHBoxLayout, dict[str, QPushButton]]:
    """Make the row; the buttons by their words."""
    row, buttons = QHBoxLayout(), {}
    row.setSpacing(4)
    for text, tip, slot in actions:
        button = buttons[text] = QPushButton(text)
        button.setToolTip(tip)
        button.clicked.connect(slot)
        row.addWidget(button)
    return row, buttons
