"""What the window's last line says while the mouse is over the picture: what the mouse does."""

from __future__ import annotations

from typing import Any

from napari.layers import Layer

from napari_spatialmed.viewer.settings import wheel_moves_slices

HELP_3D = "Drag: turn · Shift + drag: shift · wheel: zoom · click: choose · F1: all keys"
_REST = " · drag: shift · Ctrl + drag: window and level · click: choose · F1: all keys"
_NOTHING = ("layer_name", "layer_base", "source_type", "plugin", "coordinates", "coords", "value")


def locked_help() -> str:
    """What the mouse does in 2D while labels are locked."""
    wheel = (
        "Wheel: slices · Shift + wheel: zoom"
        if wheel_moves_slices()
        else "Wheel: zoom · Ctrl + wheel: slices"
    )
    return wheel + _REST


def leave_to_readout(layer: Layer) -> None:
    """Let napari's last line tell nothing of this layer; what lies under the cursor stands at the picture's edge.

    napari writes places along the array's axes there, in mm from its corner, in place of the help: beside patient
    coordinates these are read as others.
    """
    layer.get_status = _no_status


def _no_status(*_: Any, **__: Any) -> dict[str, str]:
    return dict.fromkeys(_NOTHING, "")
