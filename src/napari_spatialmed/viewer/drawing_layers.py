"""Measurements as objects in the scene: lines, arrows and words that organs can't hide.

In 3D they stand where they are.  In 2D a slice would cut them away, so they are projected onto the slice on show, and
fade, words and all, while that slice lies outside of them.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer, Points, Vectors
from numpy.typing import NDArray
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_spatialmed.case import Case
from napari_spatialmed.viewer.drawings import Drawing
from napari_spatialmed.viewer.layer_changes import OWNER, add_quietly, keep_from_sliders
from napari_spatialmed.viewer.messages import shown
from napari_spatialmed.viewer.space import world_from_ras
from napari_spatialmed.viewer.word_halo import add_rim
from napari_spatialmed.viewer.word_places import apart

INK = "#ffe14d"
ACCENT = "#ff8ad8"
"""Of the highlighted drawing; its words carry a mark, too."""
_FADED, FADED_WORDS = 0.4, 0.7
"""What is left of lines, and of words, which must still be read, while the slice on show lies outside of a drawing."""
_TILT = 1e-4
_WIDTH_MM = 1.0
_POINT_MM = 3.0
_NO_POINT_MM = 0.01
_PATCH_MM = 1.5
"""Words hang on a point too small to see."""
SETTLE_MS = 120
"""Words are kept apart anew once the camera has rested for this long."""
_TEXT = {
    "string": "{text}",
    "size": 10,
    "color": {"feature": "ink", "fallback": INK},
    "anchor": "lower_left",
    "blending": "translucent_no_depth",
}


class DrawingLayers:
    """All drawings of one viewer, in three layers.

    Signal: ``moved(corners)``: the first and the last corner of all that is drawn, mm of the display, shape (2, 3), or None.
    """

    moved = Signal(object)

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._case: Case | None = None
        self._drawings: dict[str, Drawing] = {}
        self._held = False
        self._highlighted: str | None = None
        self._lines: Vectors | None = None
        self._arrows: Vectors | None = None
        self._words: Points | None = None
        self._texts: tuple[str, ...] = ()
        self._anchors = np.zeros((0, 3))
        self._settling = QTimer()
        self._settling.setSingleShot(True)
        self._settling.setInterval(SETTLE_MS)
        self._settling.timeout.connect(self._settle)
        viewer.scene.camera.events.zoom.connect(self._on_camera)
        viewer.scene.camera.events.angles.connect(self._on_camera)
        viewer.scene.camera.events.center.connect(self._on_camera)
        viewer.canvas.events.size.connect(self._on_camera)
        viewer.dims.events.ndisplay.connect(self.refresh)
        viewer.dims.events.point.connect(self._on_slice)
        viewer.dims.events.order.connect(self._on_slice)

    @property
    def drawings(self) -> dict[str, Drawing]:
        """Key → drawing, as on show."""
        return dict(self._drawings)

    def set_case(self, case: Case | None) -> None:
        """Forget the last case's drawings."""
        self._case = case
        self.clear()

    def draw(self, *drawings: Drawing) -> None:
        """Add drawings, or replace those of the same key."""
        for drawing in drawings:
            self._drawings[drawing.key] = drawing
        if self._case is not None and self._drawings:
            for _ in self.place():
                pass
        self.refresh()

    def replace(self, *drawings: Drawing) -> None:
        """Draw these and only these."""
        self._drawings.clear()
        self.draw(*drawings)

    @contextmanager
    def held(self) -> Iterator[None]:
        """While the view moves: nothing is drawn anew, because what comes next replaces all of it."""
        self._held = True
        try:
            yield
        finally:
            self._held = False

    def erase(self, *keys: str) -> None:
        """Take these drawings away."""
        for key in keys:
            self._drawings.pop(key, None)
        self.refresh()

    def clear(self) -> None:
        """Take all drawings away.  Their layers stay: to take them away and add them costs most of a second."""
        self._drawings.clear()
        self._highlighted = None
        self._texts = ()
        self.refresh()

    def highlight(self, key: str | None) -> None:
        """Make one drawing stand out."""
        if key != self._highlighted:
            self._highlighted = key
            self.refresh()

    def refresh(self) -> None:
        """Put the drawings where they belong for the view on show."""
        viewer, case = self._viewer(), self._case
        # Only `place` adds layers.  Adding or removing one makes napari move its slider, which asks for a refresh: layers
        # added at that moment would nest, and layers taken away by a closing window would come back for ever.
        if viewer is None or case is None or not self._placed(viewer):
            return
        lines, arrows, places = _Batch(), _Batch(), _Batch()
        everything: list[NDArray[np.float64]] = []
        for drawing in self._drawings.values():
            color = np.array(_rgba(ACCENT if drawing.key == self._highlighted else INK))
            spots = world_from_ras(case, drawing.all_points())
            color[3] = 1.0 if self._within(viewer, spots) else _FADED
            everything.append(spots)
            for pairs, batch in ((drawing.lines, lines), (drawing.arrows, arrows)):
                for pair in pairs:
                    batch.add(self._place(viewer, world_from_ras(case, pair)), color)
            for spot in self._on_slice_only(viewer, world_from_ras(case, np.reshape(drawing.patch, (-1, 3)))):
                places.add(spot[None], color, "", _PATCH_MM)
            for point in drawing.points:
                places.add(self._place(viewer, world_from_ras(case, [point])), color, "", _POINT_MM)
            # Not by colour alone: what stands out carries a mark, too.
            mark = "▸ " if drawing.key == self._highlighted else ""
            for point, text in drawing.words:
                places.add(
                    self._place(viewer, world_from_ras(case, [point])),
                    color,
                    mark + shown(text)[:80],
                    _NO_POINT_MM,
                )
        assert self._lines is not None
        assert self._arrows is not None
        assert self._words is not None
        for layer, batch in ((self._lines, lines), (self._arrows, arrows)):
            if not batch.points and not len(layer.data):
                continue
            ends = np.asarray(batch.points, float).reshape(-1, 2, 3)
            along = ends[:, 1] - ends[:, 0]
            # napari draws a vector as flat strips that an exactly axis-parallel one turns edge-on to the camera: the
            # slightest tilt towards posterior gives it a strip that every standard view sees.
            along[:, 1] += _TILT * np.linalg.norm(along, axis=1)
            layer.data = np.stack([ends[:, 0], along], axis=1)
            _keep_in_step(layer)
            if len(ends):
                layer.edge_color = np.asarray(batch.colors)
        self._set_words(places)
        spots = np.concatenate(everything) if everything else np.zeros((0, 3))
        self.moved.emit(np.stack([spots.min(axis=0), spots.max(axis=0)]) if len(spots) else None)

    def remove(self) -> None:
        """Take everything away and stop listening."""
        self.set_case(None)
        self.take_away()
        viewer = self._viewer()
        if viewer is not None:
            viewer.dims.events.ndisplay.disconnect(self.refresh)
            viewer.dims.events.point.disconnect(self._on_slice)
            viewer.dims.events.order.disconnect(self._on_slice)
            viewer.scene.camera.events.zoom.disconnect(self._on_camera)
            viewer.scene.camera.events.angles.disconnect(self._on_camera)
            viewer.scene.camera.events.center.disconnect(self._on_camera)
            viewer.canvas.events.size.disconnect(self._on_camera)

    def stop(self) -> None:
        """Move no words any more: the window closes."""
        self._settling.stop()

    def _set_words(self, places: _Batch) -> None:
        layer = self._words
        assert layer is not None
        viewer = self._viewer()
        assert viewer is not None
        if not places.points and not len(layer.data):
            return
        self._texts = tuple(places.texts)
        self._anchors = np.asarray(places.points, float).reshape(-1, 3)
        points = self._anchors + apart(viewer, self._anchors, self._texts)
        colors = np.asarray(places.colors, float).reshape(-1, 4)
        # Text and data must change together, or napari formats new points with old features.
        with layer.text.events.blocker_all():
            layer.data = points
            _keep_in_step(layer)
            layer.features = {"text": np.array(places.texts, dtype=object), "ink": _inks(colors)}
        if len(points):
            layer.size = np.asarray(places.sizes)
            # Where only words hang, there is no dot.
            colors[np.asarray(places.sizes) == _NO_POINT_MM, 3] = 0.0
            layer.face_color = colors
        layer.selected_data = set()
        layer.refresh_text()

    def _on_camera(self) -> None:
        if self._texts:
            self._settling.start()

    def _settle(self) -> None:
        """After the camera has moved: keep the words apart as they lie now."""
        viewer, layer = self._viewer(), self._words
        if viewer is None or layer is None or not self._placed(viewer) or len(layer.data) != len(self._texts):
            return
        points = self._anchors + apart(viewer, self._anchors, self._texts)
        if not np.allclose(points, layer.data):
            layer.data = points
            _keep_in_step(layer)

    def _on_slice(self) -> None:
        viewer = self._viewer()
        if viewer is not None and viewer.dims.ndisplay == 2 and self._drawings and not self._held:
            self.refresh()

    def _place(self, viewer: ViewerModel, world: NDArray[np.float64]) -> NDArray[np.float64]:
        if viewer.dims.ndisplay == 2 and viewer.dims.ndim == 3:
            axis = viewer.dims.order[0]
            world = world.copy()
            world[:, axis] = viewer.dims.point[axis]
        return world

    def _on_slice_only(self, viewer: ViewerModel, world: NDArray[np.float64]) -> NDArray[np.float64]:
        """Those of some places that the slice on show holds; all of them in 3D."""
        if viewer.dims.ndisplay != 2 or viewer.dims.ndim != 3 or self._case is None or not len(world):
            return world
        axis = viewer.dims.order[0]
        near = np.abs(world[:, axis] - viewer.dims.point[axis]) <= self._case.spacing[axis] / 2 + 1e-6
        return self._place(viewer, world[near])

    def _within(self, viewer: ViewerModel, world: NDArray[np.float64]) -> bool:
        if viewer.dims.ndisplay != 2 or viewer.dims.ndim != 3 or not len(world) or self._case is None:
            return True
        axis = viewer.dims.order[0]
        half = self._case.spacing[axis] / 2
        at = viewer.dims.point[axis]
        return bool(world[:, axis].min() - half <= at <= world[:, axis].max() + half)

    def _placed(self, viewer: ViewerModel) -> bool:
        return all(
            layer is not None and layer in viewer.layers for layer in (self._lines, self._arrows, self._words)
        )

    def take_away(self) -> None:
        """Take the layers out of the viewer."""
        viewer = self._viewer()
        for layer in (self._lines, self._arrows, self._words):
            if viewer is not None and layer is not None and layer in viewer.layers:
                viewer.layers.remove(layer)
        self._lines = self._arrows = self._words = None

    def place(self) -> Iterator[None]:
        """Add the layers that drawings are shown in, empty, one per step, unless they are there."""
        viewer = self._viewer()
        if viewer is None:
            return
        common: dict[str, Any] = {
            "units": ("mm",) * 3,
            "axis_labels": ("I", "P", "L"),
            "blending": "translucent_no_depth",
            "opacity": 1,
            "metadata": {OWNER: "drawing"},
        }
        nothing = np.zeros((0, 2, 3))
        if self._lines not in viewer.layers:
            self._lines = Vectors(
                nothing, ndim=3, name="Measured lines", vector_style="line", edge_width=_WIDTH_MM, **common
            )
            self._add(viewer, self._lines)
            yield
        if self._arrows not in viewer.layers:
            self._arrows = Vectors(
                nothing, ndim=3, name="Measured directions", vector_style="arrow", edge_width=3 * _WIDTH_MM, **common
            )  # fmt: skip
            self._add(viewer, self._arrows)
            yield
        if self._words not in viewer.layers:
            self._words = Points(
                np.zeros((0, 3)), ndim=3, name="Measured values", features={"text": np.zeros(0, object), "ink": np.zeros(0, object)}, text=_TEXT,
                border_width=0, **common,
            )  # fmt: skip
            self._add(viewer, self._words)
            add_rim(viewer, self._words)
            yield

    def _add(self, viewer: ViewerModel, layer: Layer) -> None:
        add_quietly(viewer, layer, at=len(viewer.layers))
        keep_from_sliders(viewer, layer)


def _keep_in_step(layer: Layer) -> None:
    """Of a hidden layer with new data napari goes on to show what of the old data was in view, and stumbles."""
    if not layer.visible:
        layer.set_view_slice()


class _Batch:
    """Points, or pairs of points, with what goes with each."""

    def __init__(self) -> None:
        self.points: list[NDArray[np.float64]] = []
        self.colors: list[NDArray[np.float64]] = []
        self.texts: list[str] = []
        self.sizes: list[float] = []

    def add(
        self, points: NDArray[np.float64], color: NDArray[np.float64], text: str = "", size: float = 1.0
    ) -> None:
        self.points.append(points)
        self.colors.append(color)
        self.texts.append(text)
        self.sizes.append(size)


def _inks(colors: NDArray[np.float64]) -> NDArray[np.object_]:
    """Colours of words beside their lines, as napari takes them from a table: ``#rrggbbaa``."""
    inks = np.empty(len(colors), object)
    for n, (*rgb, alpha) in enumerate(colors):
        parts = (*rgb, 1.0 if alpha == 1.0 else FADED_WORDS)
        inks[n] = "#" + "".join(f"{round(255 * part):02x}" for part in parts)
    return inks


def _rgba(color: str) -> tuple[float, float, float, float]:
    r, g, b = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return r, g, b, 1.0
