"""Which part of the label map a brush stroke, an undo or a redo has changed.

napari tells of strokes (`paint`), but not of undo and redo; those show in the lengths of the layer's history.  And it tells
of a stroke before the voxels change, unless the mouse made it: so the word is passed on in the next turn of the event loop.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from napari.layers import Labels
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.viewer.work import Job

Region = tuple[slice, slice, slice]
Kind = Literal["stroke", "undo", "redo"]


@dataclass(frozen=True)
class Edit:
    """A changed part of the label map: its index box, and what changed it."""

    region: Region
    kind: Kind = "stroke"


class EditWatch:
    """Listens to one Labels layer and says what changed."""

    edited = Signal(Edit)

    def __init__(self, layer: Labels) -> None:
        self._layer = layer
        self._redone = len(layer._redo_history)
        self._due: list[Edit] = []
        layer.events.paint.connect(self._on_paint)
        layer.events.set_data.connect(self._on_refresh)

    def stop(self) -> None:
        """Stop listening."""
        self._due.clear()
        self._layer.events.paint.disconnect(self._on_paint)
        self._layer.events.set_data.disconnect(self._on_refresh)

    def _on_paint(self, event: Any) -> None:
        self._redone = len(self._layer._redo_history)
        self._tell(event.value)

    def _on_refresh(self) -> None:
        now, before = len(self._layer._redo_history), self._redone
        self._redone = now
        if now > before:
            self._tell(self._layer._redo_history[-1], "undo")
        elif now < before and self._layer._undo_history:
            self._tell(self._layer._undo_history[-1], "redo")

    def _tell(self, atoms: list[Any], kind: Kind = "stroke") -> None:
        found = edit_of(atoms, self._layer.data.shape)
        if found is not None:
            self._due.append(replace(found, kind=kind))
            QTimer.singleShot(0, self._emit_due)

    def _emit_due(self) -> None:
        due, self._due = self._due, []
        for edit in due:
            self.edited.emit(edit)


def edit_of(atoms: list[Any], shape: tuple[int, ...]) -> Edit | None:
    """The index box of one history item of a Labels layer."""
    starts, stops = np.asarray(shape), np.zeros(len(shape), int)
    for atom in atoms:
        if hasattr(atom, "slice_key"):
            key = [_bounds(k, n) for k, n in zip(atom.slice_key, shape, strict=True)]
        else:
            indices = atom[0]
            key = [(int(np.min(i)), int(np.max(i)) + 1) for i in indices]
        starts = np.minimum(starts, [a for a, _ in key])
        stops = np.maximum(stops, [b for _, b in key])
    if not atoms or np.any(stops <= starts):
        return None
    i, p, left = (slice(int(a), int(b)) for a, b in zip(starts, stops, strict=True))
    return Edit((i, p, left))


def _bounds(key: Any, size: int) -> tuple[int, int]:
    if isinstance(key, slice):
        start, stop, _ = key.indices(size)
        return start, stop
    return int(key), int(key) + 1


def update_geometry(job: Job, geometry: CaseGeometry, edits: list[Edit]) -> frozenset[str]:
    """Measure again, in a thread, what lies in the boxes of these edits; returns the names of what changed."""
    starts = np.min([[s.start for s in e.region] for e in edits], axis=0)
    stops = np.max([[s.stop for s in e.region] for e in edits], axis=0)
    return geometry.update(tuple(slice(int(a), int(b)) for a, b in zip(starts, stops, strict=True)))
