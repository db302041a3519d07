"""Keeps words in the picture apart: words that would cover one another are moved down by whole lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from napari.components import ViewerModel
from numpy.typing import NDArray

_WIDTH_PX, _LINE_PX = 9.8, 20.0
"""Of one character and of one line, at the size that drawings are written in."""
_LIFT_LINES = 0.7
"""In 3D, where a text would stand right on its line."""
_MOST_LINES = 12


def apart(viewer: ViewerModel, world: NDArray[np.float64], texts: Sequence[str]) -> NDArray[np.float64]:
    """How far to move each text in the world so that none covers another on the screen, shape (N, 3).

    Parameters
    ----------
    world
        Where each text hangs, shape (N, 3).
    texts
        The texts; empty ones (dots) stay where they are.
    """
    right, down = _directions(viewer)
    zoom = float(viewer.scene.camera.zoom)
    places = np.stack([world @ right, world @ down], axis=1) * zoom
    if viewer.dims.ndisplay == 2:
        lines = np.asarray(lines_down(places, texts), float)
    else:
        # There napari writes a text around its place, not to the right of it.
        places[:, 0] -= [_WIDTH_PX * len(text) / 2 for text in texts]
        lines = np.asarray(lines_down(places, texts), float) - [_LIFT_LINES * bool(text) for text in texts]
    return np.outer(lines * _LINE_PX / zoom, down)


def _directions(viewer: ViewerModel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """To the right and down on the screen, as directions of the world."""
    right, down = np.zeros(3), np.zeros(3)
    order = list(viewer.dims.order[-3:])
    if viewer.dims.ndisplay == 2:
        down[order[1]] = right[order[2]] = 1.0
        return right, down
    camera = viewer.scene.camera
    up = np.asarray(camera.up_direction, float)
    hand = 1.0 if camera.handedness == "right" else -1.0
    right[order] = hand * np.cross(np.asarray(camera.view_direction, float), up)
    down[order] = -up
    return right, down


def lines_down(places: NDArray[np.float64], texts: Sequence[str]) -> list[int]:
    """By how many lines each text is moved down so that none covers one before it.

    Parameters
    ----------
    places
        Where each text begins on the screen: (right, down) in pixels, shape (N, 2).
    texts
        The texts; empty ones take no room.
    """
    taken: list[tuple[float, float, float]] = []
    moved = [0] * len(texts)
    for n in np.argsort(places[:, 1], kind="stable") if len(places) else ():
        if not texts[n]:
            continue
        left, top = (float(v) for v in places[n])
        right = left + _WIDTH_PX * len(texts[n])
        lines = 0
        while lines < _MOST_LINES and any(
            left < b and a < right and abs(top + lines * _LINE_PX - y) < _LINE_PX for a, b, y in taken
        ):
            lines += 1
        moved[n] = lines
        taken.append((left, right, top + lines * _LINE_PX))
    return moved
