"""What the mouse points at, told both ways: from the picture to the tables' rows, and from a row to the picture."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_spatialmed.geometry import CaseGeometry, EmptyStructureError, measure
from napari_spatialmed.viewer.clicks import place_at
from napari_spatialmed.viewer.drawings import Drawing, drawing_of
from napari_spatialmed.viewer.space import world_from_ras

if TYPE_CHECKING:
    from napari_spatialmed.viewer.scene import Scene

NEAR_PIXELS = 8.0
"""A drawing this near to the cursor is pointed at."""
POINTED = "pointed at"
"""Key of the box around the structure whose row the mouse is on."""


class Pointing:
    """Follows the mouse over one viewer's canvas.

    Signals: ``structure(name or None)`` and ``drawing(key or None)``, each only when it changes.
    """

    structure = Signal(object)
    drawing = Signal(object)

    def __init__(self, scene: Scene) -> None:
        self._scene = weakref.ref(scene)
        self._structure: str | None = None
        self._drawing: str | None = None
        scene.hover.moved.connect(self._on_move)
        scene.hover.left.connect(self._on_left)

    def _on_move(self, position: NDArray[np.float64], direction: NDArray[np.float64] | None) -> None:
        scene = self._scene()
        if scene is None or scene.case is None:
            return
        place = place_at(scene, position, direction)
        self._point_at(scene, None if place is None else place[0], drawing_at(scene, position, direction))

    def _on_left(self) -> None:
        scene = self._scene()
        if scene is not None and scene.has_viewer:
            self._point_at(scene, None, None)

    def _point_at(self, scene: Scene, name: str | None, key: str | None) -> None:
        if name != self._structure:
            self._structure = name
            self.structure.emit(name)
        if key != self._drawing:
            self._drawing = key
            scene.drawing_layers.highlight(key)
            self.drawing.emit(key)


def drawing_at(scene: Scene, position: NDArray[Any], direction: NDArray[Any] | None) -> str | None:
    """Key of the measurement's drawing under the cursor, or None.

    Parameters
    ----------
    position
        In display world mm.
    direction
        Of the view ray in 3D; None in 2D, where everything is drawn onto the slice on show.
    """
    case, viewer = scene.case, scene.viewer
    if case is None or len(position) != 3 or not scene.drawing_layers.drawings:
        return None
    along = np.eye(3)[viewer.dims.order[0]] if direction is None else np.asarray(direction, float)
    along = along / max(float(np.linalg.norm(along)), 1e-12)
    reach = NEAR_PIXELS / float(viewer.scene.camera.zoom)
    best: tuple[float, str] | None = None
    for drawing in scene.drawing_layers.drawings.values():
        if drawing.key == POINTED:
            continue
        away = min(_distances(drawing, scene, position, along), default=np.inf)
        if away <= reach and (best is None or away < best[0]):
            best = (away, drawing.key)
    return None if best is None else best[1]


def _distances(
    drawing: Drawing, scene: Scene, position: NDArray[Any], along: NDArray[Any]
) -> Iterable[float]:
    """How far each line and point of a drawing lies from the view ray, in mm."""
    case = scene.case
    assert case is not None
    pairs = [*drawing.lines, *drawing.arrows, *((p, p) for p in drawing.points)]
    for pair in pairs:
        ends = world_from_ras(case, pair) - position
        a, b = ends - np.outer(ends @ along, along)
        side = b - a
        share = float(np.clip(-(a @ side) / max(float(side @ side), 1e-12), 0.0, 1.0))
        yield float(np.linalg.norm(a + share * side))


def box_around(geometry: CaseGeometry, name: str) -> Drawing | None:
    """A box with the structure's title, for the row that the mouse is on; None where nothing is left of it."""
    try:
        found = drawing_of(measure(geometry, "box_mm", name), geometry)
    except EmptyStructureError:
        return None
    if found is None:
        return None
    words = ((found.words[0][0], geometry.case[name].title),)
    return Drawing(POINTED, lines=found.lines, words=words, structures=(name,))
