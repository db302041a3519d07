"""Warns where the Qt binding will abort Python: better told at the start than after an hour of work."""

from __future__ import annotations

import sys
from functools import cache

from napari.utils.notifications import show_warning
from qtpy import API_NAME, QT_VERSION
from qtpy.QtCore import QObject, Signal

from napari_spatialmed.diagnosis import OTHER_BINDING

_TRIES = 20


class _Source(QObject):
    changed = Signal()


@cache
def loses_references() -> bool:
    """Whether every emitted signal takes a reference to True away that isn't its own, as with PySide6 6.12.0.

    Python 3.12 and newer don't count references to True and None, and are not harmed.
    """
    source, before = _Source(), sys.getrefcount(True)
    for _ in range(_TRIES):
        source.changed.emit()
    return before - sys.getrefcount(True) >= _TRIES


@cache
def warn_of_binding() -> None:
    """Say once what to install instead."""
    if loses_references():
        show_warning(
            f"{API_NAME} {QT_VERSION} miscounts references on this Python, which will abort after a while. "
            f"Nothing saved is lost. Install another: {OTHER_BINDING}"
        )
