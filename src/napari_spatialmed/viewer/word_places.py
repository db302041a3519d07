"""Keeps words in the picture whole and apart: inwards from its edges, and down by whole lines from one another."""

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
_LETTER_PX = 32.0
"""From the picture's edge to the inner side of an orientation letter."""
_EDGE_PX = 6.0
"""Between a word and the picture's edge."""


def apart(viewer: ViewerModel, world: NDArray[np.float64], texts: Sequence[str]) -> NDArray[np.float64]:
    """How far to move each text in the world so that none covers another on the screen or is cut at its edge, shape (N, 3).

    Parameters
    ----------
    world
        Where each text hangs, shape (N, 3).
    texts
        The texts; empty ones (dots) stay where they are.
    """
    right, down = _directions(viewer)
    camera, size = viewer.scene.camera, np.asarray(viewer.canvas.size[::-1], float)
    zoom, shown, middle = float(camera.zoom), list(viewer.dims.displayed), np.zeros(3)
    middle[shown] = camera.center[-len(shown) :]
    places = np.stack([(world - middle) @ right, (world - middle) @ down], axis=1) * zoom + size / 2
    on_show = np.all((places >= 0) & (places <= size), axis=1)
    if viewer.dims.ndisplay == 3:
        # There napari writes a text around its place, not to the right of it.
        places[:, 0] -= [_WIDTH_PX * len(text) / 2 for text in texts]
    moved = np.where(on_show[:, None], inwards(places, texts, size), 0.0)
    lines = np.asarray(lines_down(places + moved, texts, _letters(size)), float)
    if viewer.dims.ndisplay == 3:
        lines -= [_LIFT_LINES * bool(text) for text in texts]
    moved[:, 1] += lines * _LINE_PX
    return np.asarray((np.outer(moved[:, 0], right) + np.outer(moved[:, 1], down)) / zoom)


def _letters(size: NDArray[np.float64]) -> list[tuple[float, float, float]]:
    """Left, right and foot of the letters at the sides and above; from the one below no text could give way downwards."""
    width, foot = float(size[0]), float(size[1]) / 2 + _LINE_PX / 2
    middle = (width - _LETTER_PX) / 2
    return [
        (0.0, _LETTER_PX, foot),
        (width - _LETTER_PX, width, foot),
        (middle, middle + _LETTER_PX, _LETTER_PX),
    ]


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


def inwards(
    places: NDArray[np.float64], texts: Sequence[str], size: NDArray[np.float64]
) -> NDArray[np.float64]:
    """By how many pixels to move each text so that the picture's edge doesn't cut it: (right, down), shape (N, 2).

    Parameters
    ----------
    places
        Where each text begins on the screen: (right, down) in pixels, shape (N, 2).
    texts
        The texts; empty ones stay.  One wider than the picture begins at its left edge.
    size
        Width and height of the picture in pixels.
    """
    widths = np.array([_WIDTH_PX * len(text) for text in texts], float)
    least = np.array([_EDGE_PX, _EDGE_PX + _LINE_PX])
    most = np.stack([size[0] - _EDGE_PX - widths, np.full(len(texts), size[1] - _EDGE_PX)], axis=1)
    moved = np.maximum(np.minimum(places, most), least) - places
    return np.where(widths[:, None] > 0, moved, 0.0)


def lines_down(
    places: NDArray[np.float64], texts: Sequence[str], kept: Sequence[tuple[float, float, float]] = ()
) -> list[int]:
    """By how many lines each text is moved down so that none covers one before it.

    Parameters
    ----------
    places
        Where each text begins on the screen: (right, down) in pixels, shape (N, 2).
    texts
        The texts; empty ones take no room.
    kept
        Left, right and foot of what they mustn't cover either, in pixels.
    """
    taken = list(kept)
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
