"""A field for a number that takes whatever is typed, and says what it made of it."""

from __future__ import annotations

import math

from qtpy.QtCore import Signal
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QDoubleSpinBox, QWidget


class NumberBox(QDoubleSpinBox):
    """Beyond its limits stands for the limit, and what is no number for the value before.

    Qt's own field drops each character that doesn't fit while one types: 99999 became 999, and 1e9 became 19.
    """

    refused = Signal(str)
    """Why another number stands there now than was typed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setKeyboardTracking(False)
        self.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)

    def validate(self, text: str | None, pos: int) -> tuple[QValidator.State, str, int]:
        """Qt: anything may be typed; what is no number within the limits goes through :meth:`fixup`."""
        number = self._number(text or "")
        fits = number is not None and self.minimum() <= number <= self.maximum()
        return (QValidator.State.Acceptable if fits else QValidator.State.Intermediate), text or "", pos

    def valueFromText(self, text: str | None) -> float:
        """Qt: the number that was typed."""
        number = self._number(text or "")
        return self.value() if number is None else round(number, self.decimals())

    def fixup(self, text: str | None) -> str:
        """Qt: the nearest that is possible."""
        number, typed = self._number(text or ""), self._bare(text or "")
        if number is None:
            if typed:
                self.refused.emit(f"{typed[:20]} is not a number")
            number = self.value()
        else:
            least, most = (self.textFromValue(limit) for limit in (self.minimum(), self.maximum()))
            self.refused.emit(f"{typed[:20]} lies outside of {least} to {most}")
        return self.prefix() + self.textFromValue(min(max(number, self.minimum()), self.maximum()))

    def _bare(self, text: str) -> str:
        letter, bare = self.prefix().strip(), text.strip()
        # Qt puts its own before one that was typed.
        while letter and bare.startswith(letter):
            bare = bare.removeprefix(letter).strip()
        return bare.replace("\N{MINUS SIGN}", "-")

    def _number(self, text: str) -> float | None:
        number, understood = self.locale().toDouble(self._bare(text))
        return float(number) if understood and math.isfinite(number) else None
