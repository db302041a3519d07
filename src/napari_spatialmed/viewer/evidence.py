"""Showing what a question's answer rests on: its structures selected, its measurements drawn, the view there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_spatialmed.geometry import Measurement
from napari_spatialmed.questions import Question
from napari_spatialmed.viewer.session import Session


def measurements_of(question: Question) -> tuple[Measurement, ...]:
    """The stored evidence as measurements."""
    return tuple(_measurement(entry) for entry in question.evidence)


def show_evidence(session: Session, question: Question) -> int:
    """Draw a question's evidence on the case on show; returns how many measurements could be drawn.

    Nothing happens where another case is on show.
    """
    case = session.case
    if case is None or question.case != case.id:
        return 0
    names = [name for name in question.key.structures if name in case]
    session.select(names)
    return session.scene.draw_only(measurements_of(question), names)


def _measurement(entry: Mapping[str, Any]) -> Measurement:
    return Measurement(
        calculator=str(entry.get("calculator", "")),
        value=entry.get("value"),
        unit=str(entry.get("unit", "")),
        uncertainty=entry.get("uncertainty"),
        method=str(entry.get("method", "")),
        structures=tuple(entry.get("structures", ())),
        flags=tuple(entry.get("flags", ())),
        detail=dict(entry.get("detail", {})),
    )
