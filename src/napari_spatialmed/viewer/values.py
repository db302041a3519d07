"""A measurement in words: the value as people write it, with its unit and what it is worth."""

from __future__ import annotations

from typing import Any

from napari_spatialmed.geometry import Measurement

_DIRECTIONS = ("RL", "AP", "SI")


def number_text(value: float, uncertainty: float | None = None) -> str:
    """As many decimals as the value deserves: three significant figures, none finer than the uncertainty."""
    size = abs(value)
    decimals = 0 if size >= 100 else 1 if size >= 10 else 2
    if uncertainty is not None and uncertainty >= 1:
        decimals = min(decimals, 1)
    return f"{value:,.{decimals}f}"


def value_text(measurement: Measurement) -> str:
    """One line: ``23.4 mm``, ``right, superior``, ``120 × 84 × 96 mm``, or why there is no value."""
    return _text(measurement.value, measurement.unit, measurement)


def _text(value: Any, unit: str, measurement: Measurement) -> str:
    suffix = f" {unit}" if unit and unit != "count" else ""
    if value is None:
        return "undecidable" if not measurement.flags else ", ".join(measurement.flags)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}{suffix}"
    if isinstance(value, float):
        return number_text(value, measurement.uncertainty) + suffix
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and set(value) == set(_DIRECTIONS):
        parts = [value[k] for k in _DIRECTIONS]
        if all(isinstance(p, int | float) for p in parts):
            return " × ".join(number_text(float(p)) for p in parts) + suffix
        return ", ".join(str(p) for p in parts if p) or "undecidable"
    if isinstance(value, dict):
        return "; ".join(f"{k} {_text(v, '', measurement)}" for k, v in value.items()) + suffix
    if isinstance(value, list):
        return ", ".join(_text(v, "", measurement) for v in value) + suffix
    return str(value)


def uncertainty_text(measurement: Measurement) -> str:
    """``± 1.2`` in the value's unit, or nothing for words."""
    worth = measurement.uncertainty
    return "" if worth is None else f"± {number_text(worth)}"
