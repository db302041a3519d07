"""Locks a Labels layer: while scans are reviewed, no stray key or click may paint, fill, undo or redo."""

from __future__ import annotations

from app_model.types import KeyCode, KeyMod
from napari.layers import Labels

from napari_spatialmed.viewer.status_line import locked_help

_TOOLS = ("polygon", "brush_stroke")


def lock(layer: Labels) -> None:
    """Lock a layer, and let its keys for undo and redo act only once it is unlocked; napari's act on a locked one, too."""
    set_locked(layer, True)
    layer.bind_key(KeyMod.CtrlCmd | KeyCode.KeyZ, _undo, overwrite=True)
    layer.bind_key(KeyMod.CtrlCmd | KeyMod.Shift | KeyCode.KeyZ, _redo, overwrite=True)


def set_locked(layer: Labels, locked: bool) -> None:
    """Lock a layer, or hand it to napari's tools."""
    layer.editable = not locked
    if locked:
        # In place of napari's list of tools, which do nothing now.
        layer.help = locked_help()
    # Two of napari's tools draw something of their own, which takes a quarter of a second to make: not until it is wanted.
    for name in _TOOLS:
        layer._overlays[name].visible = not locked


def _undo(layer: Labels) -> None:
    if layer.editable:
        layer.undo()


def _redo(layer: Labels) -> None:
    if layer.editable:
        layer.redo()
