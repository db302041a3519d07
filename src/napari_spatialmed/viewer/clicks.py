"""Click on a structure to select it: in 2D through the label under the cursor, where the side views go, too; in 3D through a
ray of our own."""

from __future__ import annotations

import weakref
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.components import ViewerModel

from napari_spatialmed.viewer.picking import first_label_on_ray

if TYPE_CHECKING:
    from napari_spatialmed.viewer.scene import Scene

_STILL_PIXELS = 4
"""A press that moves farther than this is a drag."""


class Clicks:
    """Listens to one viewer's mouse for its scene."""

    def __init__(self, viewer: ViewerModel, scene: Scene) -> None:
        self._viewer = weakref.ref(viewer)
        self._scene = weakref.ref(scene)
        viewer.mouse_drag_callbacks.append(self._on_press)

    def stop(self) -> None:
        """Stop listening."""
        viewer = self._viewer()
        if viewer is not None and self._on_press in viewer.mouse_drag_callbacks:
            viewer.mouse_drag_callbacks.remove(self._on_press)

    def _on_press(self, viewer: ViewerModel, event: Any) -> Generator[None, None, None]:
        scene = self._scene()
        if scene is None or scene.case is None or event.button != 1:
            return
        start, position = np.asarray(event.pos, float), np.asarray(event.position, float)
        adding = "Shift" in event.modifiers or "Control" in event.modifiers
        moved = 0.0
        yield
        while event.type == "mouse_move":
            moved = max(moved, float(np.abs(np.asarray(event.pos, float) - start).max()))
            yield
        active = viewer.layers.selection.active
        # While painting, a click is a brush stroke, not a choice.
        if moved > _STILL_PIXELS or getattr(active, "mode", "pan_zoom") not in ("pan_zoom", "transform"):
            return
        if event.view_direction is None and not event.modifiers and len(position) == viewer.dims.ndim:
            # The other views go there: the slice on show stays.
            axes = viewer.dims.displayed
            viewer.dims.set_point(axes, [float(position[axis]) for axis in axes])
        name = structure_at(scene, position, event.view_direction)
        if name is not None:
            scene.clicked.emit(name, adding)


def structure_at(scene: Scene, position: np.ndarray, direction: np.ndarray | None) -> str | None:
    """Name of the shown structure at a world position (2D), or first along a view ray (3D)."""
    place = place_at(scene, position, direction)
    return None if place is None else place[0]


def place_at(
    scene: Scene, position: np.ndarray, direction: np.ndarray | None
) -> tuple[str | None, np.ndarray] | None:
    """The shown structure, or None, and the point in world mm; None outside of the scan, or where a ray hits nothing."""
    case = scene.case
    if case is None or len(position) != 3 or not case.structures:
        return None
    shown = np.zeros(max(s.label for s in case) + 1, bool)
    shown[[s.label for s in case if s.name not in scene.hidden]] = True
    if direction is not None:
        hit = first_label_on_ray(
            case.labels, case.spacing, position, direction, shown, kept=scene.cut.half_space
        )
        return None if hit is None else (case.names.get(hit[0]), hit[1])
    index = np.rint(position / case.spacing).astype(int)
    if np.any(index < 0) or np.any(index >= case.labels.shape):
        return None
    label = int(case.labels[tuple(index)])
    return (case.names.get(label) if label < shown.size and shown[label] else None), position
