"""What a calculator returns: a value that says what it is worth and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Value = float | int | str | bool | None | list[Any] | dict[str, Any]
"""Whatever JSON can hold; never NaN."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A value with unit, uncertainty, method and the structures it was taken from.

    Attributes
    ----------
    calculator
        The registered calculator's name.
    value
        A number, word, list or dict; None where the question is undecidable (then `flags` says why).
    unit
        ``mm``, ``mm²``, ``mL``, ``HU``, ``%``, ``ratio``, ``count`` or ``""``.  Never voxels, except in ``count``.
    uncertainty
        How much one voxel at the boundary changes the value, in the same unit; None for words.
    method
        The definition used, in a few words.
    structures
        Names, in the calculator's order.
    flags
        What a reader must know: ``truncated``, ``in pieces``, ``small``, ``touching``, ``undecidable``, …
    detail
        What a drawing or a rule needs: end points in RAS mm, margins, per-axis values.  JSON only.
    """

    calculator: str
    value: Value
    unit: str
    uncertainty: float | None
    method: str
    structures: tuple[str, ...]
    flags: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON data, for evidence in a question's record."""
        return {
            "calculator": self.calculator,
            "value": self.value,
            "unit": self.unit,
            "uncertainty": self.uncertainty,
            "method": self.method,
            "structures": list(self.structures),
            "flags": list(self.flags),
            "detail": dict(self.detail),
        }
