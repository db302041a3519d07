"""The 3D surfaces of a case: built in the background, kept, and shown in a few layers of many structures each.

A layer per structure would cost napari a tenth of a second each, sixty times over; one mesh of everything would stall
the window whenever it changes.  What is selected is shown again in a layer of its own, opaque, fine, drawn last.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Collection, Iterable, Mapping

import numpy as np
from napari.components import ViewerModel
from napari.layers import Surface as SurfaceLayer
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer

from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.viewer.layer_changes import OWNER, add_quietly, keep_from_sliders, note_extent
from napari_spatialmed.viewer.surface_building import MOST_REFINED, Group, build, refine
from napari_spatialmed.viewer.surfaces import Surface
from napari_spatialmed.viewer.turns import NEXT_TURN_MS, turns_are_held
from napari_spatialmed.viewer.work import Work

CONTEXT_OPACITY = 0.14


class SurfaceLayers(QObject):
    """The 3D surfaces of one case in one viewer."""

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = weakref.ref(viewer)
        self._geometry: CaseGeometry | None = None
        self._surfaces: dict[int, Surface] = {}
        self._fine: dict[int, Surface] = {}
        self._stale: set[int] = set()
        self._layers: dict[Group, SurfaceLayer] = {}
        self._spare: list[SurfaceLayer] = []
        self._selected_layer: SurfaceLayer | None = None
        self._waiting: deque[Group] = deque()
        self._unseen: deque[SurfaceLayer] = deque()
        self._hidden: frozenset[int] = frozenset()
        self._selected: frozenset[int] = frozenset()
        self._colors: dict[str, tuple[int, int, int]] = {}
        self._shown = False
        self.opacity = 1.0
        """How solid they are where nothing is selected, 0–1."""
        self.work = Work(self)
        self.work.part.connect(self._keep)
        self._refining = Work(self)
        self._refining.part.connect(self._keep_fine)
        # One step per turn of the event loop, so that the window stays alive between them: a layer is added in one, gets
        # its mesh in the next, and is seen in the one after, when napari works out how light falls on it.
        self._adding = QTimer(self)
        self._adding.setInterval(NEXT_TURN_MS)
        self._adding.timeout.connect(self._show_next)
        self.work.finished.connect(self._adding.start)

    @property
    def built(self) -> frozenset[int]:
        """Labels whose surface is ready."""
        return frozenset(self._surfaces)

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for is on show."""
        return not (self.work.running or self._refining.running or self._waiting or self._unseen)

    def set_case(self, geometry: CaseGeometry | None) -> None:
        """Forget the last case's surfaces.  Their layers stay, empty and hidden, for those of the next, until 3D is entered."""
        self._shown = False
        self.work.cancel()
        self._refining.cancel()
        self._adding.stop()
        self._waiting.clear()
        self._unseen.clear()
        self._spare = [layer for layer in (*self._layers.values(), *self._spare) if self._in_viewer(layer)]
        self._layers.clear()
        for layer in self._all():
            if layer.visible:
                layer.visible = False
            _set_mesh(layer, _NOTHING)
        for known in (self._surfaces, self._fine, self._stale):
            known.clear()
        self._geometry, self._hidden, self._selected = geometry, frozenset(), frozenset()
        self._colors = {} if geometry is None else {s.name: s.color for s in geometry.case}

    def remove(self) -> None:
        """Take the layers out of the viewer."""
        self.set_case(None)
        viewer = self._viewer()
        for layer in self._all():
            if viewer is not None and layer in viewer.layers:
                viewer.layers.remove(layer)
        self._spare.clear()
        self._selected_layer = None

    def stop(self) -> None:
        """Build and add nothing any more: the window closes."""
        self.work.stop()
        self._refining.stop()
        self._adding.stop()
        self._waiting.clear()
        self._unseen.clear()

    def recolor(self, colors: Mapping[str, tuple[int, int, int]]) -> None:
        """Give the structures other colours, by name."""
        self._colors = dict(colors)
        self._waiting.extend(g for g in self._layers if g not in self._waiting)
        self._adding.start()
        self._show_selected()

    def set_opacity(self, opacity: float) -> None:
        """How solid they are where nothing is selected, 0–1."""
        self.opacity = opacity
        self._dress()

    def resume(self) -> None:
        """Go on building after it was cancelled."""
        if self._shown and not self.work.running:
            self._build()

    def leave(self, ndisplay: int) -> None:
        """Hide the surfaces before a 2D view comes: napari would slice every one of them."""
        if ndisplay == 2:
            self._shown = False
            self._dress()
            self._show_selected()

    def enter(self, ndisplay: int) -> None:
        """Show the surfaces in 3D, building what is missing."""
        if ndisplay == 3:
            self._shown = True
            self._build()
            self._dress()
            self._show_selected()
            self._refine()

    def forget(self, labels: Iterable[int]) -> None:
        """After an edit: these structures' surfaces are out of date."""
        edited = set(labels)
        self._stale.update(edited)
        self._fine = {label: surface for label, surface in self._fine.items() if label not in edited}
        if self._stale and self._shown:
            self._build()
            self._refine()

    def appear(self, hidden: Collection[int], selected: Collection[int]) -> None:
        """Which labels are invisible, and which stand out of the context."""
        changed = self._hidden ^ frozenset(hidden)
        self._hidden, self._selected = frozenset(hidden), frozenset(selected)
        self._waiting.extend(
            g for g in self._layers if changed.intersection(g.labels) and g not in self._waiting
        )
        self._adding.start()
        self._dress()
        self._show_selected()
        self._refine()

    def _build(self) -> None:
        geometry = self._geometry
        if geometry is None:
            return
        missing = [s for s in geometry.case if s.label not in self._surfaces or s.label in self._stale]
        # Only what has a layer already may be built apart from its group.
        placed = {label for group in self._layers for label in group.labels}
        again = [s for s in missing if s.label in placed]
        groups = [s for s in missing if s.label not in placed]
        if missing:
            self.work.run("Building surfaces", build, geometry, again, groups, self._selected)

    def _keep(self, part: tuple[int, Surface | None] | Group) -> None:
        if isinstance(part, Group):
            self._waiting.append(part)
        else:
            label, surface = part
            self._stale.discard(label)
            if surface is None:
                self._surfaces.pop(label, None)
            else:
                self._surfaces[label] = surface
            self._waiting.extend(g for g in self._layers if label in g.labels and g not in self._waiting)
            if label in self._selected:
                self._show_selected()
        self._adding.start()

    def _refine(self) -> None:
        """Build what is selected finer than what surrounds it."""
        geometry = self._geometry
        wanted = self._selected if len(self._selected) <= MOST_REFINED else frozenset[int]()
        self._fine = {label: surface for label, surface in self._fine.items() if label in wanted}
        if geometry is None or not self._shown:
            return
        missing = [geometry.case[label] for label in sorted(wanted) if label not in self._fine]
        if missing:
            self._refining.run("Refining surfaces", refine, geometry, missing)

    def _keep_fine(self, part: tuple[int, Surface | None]) -> None:
        label, surface = part
        if surface is not None and label in self._selected:
            self._fine[label] = surface
            self._show_selected()

    def _show_next(self) -> None:
        viewer = self._viewer()
        if turns_are_held():
            return
        if viewer is not None and self._unseen:
            self._unseen.popleft().visible = True
            return
        if viewer is None or not self._waiting:
            self._adding.stop()
            if viewer is not None and self._shown and self.complete:
                # For the first selection, which then needn't wait for it.
                self._place_selected(viewer)
            return
        group = self._waiting[0]
        if group not in self._layers:
            if not self._spare:
                self._spare.append(_layer("Surfaces · 3D"))
                self._insert(viewer, self._spare[0])
                return
            self._layers[group] = self._spare.pop(0)
        self._waiting.popleft()
        mesh = self._merged(label for label in group.labels if label not in self._hidden)
        if mesh is not None:
            _set_mesh(self._layers[group], mesh)
        self._dress()

    def _show_selected(self) -> None:
        viewer = self._viewer()
        mesh = self._merged(self._selected - self._hidden, self._fine) if self._shown else None
        if viewer is None:
            return
        if mesh is None:
            if self._selected_layer is not None and self._selected_layer.visible:
                self._selected_layer.visible = False
            return
        layer = self._place_selected(viewer)
        _set_mesh(layer, mesh)
        if not layer.visible:
            layer.visible = True

    def _place_selected(self, viewer: ViewerModel) -> SurfaceLayer:
        """The layer of what is selected, added where it is missing."""
        if self._selected_layer is None or not self._in_viewer(self._selected_layer):
            self._selected_layer = _layer("Selected · 3D")
            self._insert(viewer, self._selected_layer)
        return self._selected_layer

    def _seen(self, group: Group) -> bool:
        """Whether anything of a group should be seen."""
        return self._shown and any(label not in self._hidden for label in group.labels)

    def _dress(self) -> None:
        """Hide at once what shouldn't be seen; what should be is revealed layer by layer, once it has its mesh."""
        context = bool(self._selected)
        self._unseen.clear()
        for group, layer in self._layers.items():
            if not self._seen(group):
                if layer.visible:
                    layer.visible = False
            elif not layer.visible and group not in self._waiting:
                self._unseen.append(layer)
                self._adding.start()
            opacity = min(CONTEXT_OPACITY, self.opacity) if context else self.opacity
            blending = "opaque" if opacity == 1.0 else "translucent_no_depth"
            if layer.opacity != opacity:
                layer.opacity = opacity
            if layer.blending != blending:
                layer.blending = blending

    def _merged(self, labels: Iterable[int], finer: Mapping[int, Surface] | None = None) -> _Mesh | None:
        geometry = self._geometry
        surfaces = self._surfaces | dict(finer or {})
        ready = [label for label in labels if label in surfaces]
        if geometry is None or not ready:
            return None
        parts = [surfaces[label] for label in ready]
        starts = np.cumsum([0, *(len(v) for v, _ in parts)])
        colors = [[*(c / 255 for c in self._colors[name]), 1.0] for name in self._names(ready)]
        return (
            np.concatenate([v for v, _ in parts]),
            np.concatenate([f + start for (_, f), start in zip(parts, starts, strict=False)]),
            np.repeat(np.asarray(colors, np.float32), np.diff(starts), axis=0),
        )

    def _names(self, labels: Iterable[int]) -> list[str]:
        geometry = self._geometry
        return [] if geometry is None else [geometry.case[label].name for label in labels]

    def _insert(self, viewer: ViewerModel, layer: SurfaceLayer) -> None:
        # Drawn in this order: the context, which has no depth, what is selected, and the drawings.
        selected = self._selected_layer
        in_place = selected is not None and selected is not layer and selected in viewer.layers
        at = viewer.layers.index(selected) if in_place else _below_drawings(viewer)
        add_quietly(viewer, layer, at=at)
        keep_from_sliders(viewer, layer)

    def _all(self) -> list[SurfaceLayer]:
        selected = () if self._selected_layer is None else (self._selected_layer,)
        return [*self._layers.values(), *self._spare, *selected]

    def _in_viewer(self, layer: SurfaceLayer) -> bool:
        viewer = self._viewer()
        return viewer is not None and layer in viewer.layers


_Mesh = tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]
_NOTHING: _Mesh = (
    np.zeros((3, 3), np.float32),
    np.array([[0, 1, 2]], np.int32),
    np.ones((3, 4), np.float32),
)


def _below_drawings(viewer: ViewerModel) -> int:
    layers = viewer.layers
    return next((n for n, layer in enumerate(layers) if layer.metadata.get(OWNER) == "drawing"), len(layers))


def _set_mesh(layer: SurfaceLayer, mesh: _Mesh) -> None:
    vertices, faces, colors = mesh
    # Old colours don't fit new vertices: they are taken off first.  The mesh goes to the graphics card once, not at each
    # of these steps.
    with layer.events.set_data.blocker(), layer.events.data.blocker():
        layer.vertex_colors = None
        layer.data = (vertices, faces)
    layer.vertex_colors = colors
    note_extent(layer)


def _layer(title: str) -> SurfaceLayer:
    """An empty layer, hidden until it has something to show."""
    vertices, faces, colors = _NOTHING
    return SurfaceLayer(
        (vertices, faces),
        name=title,
        vertex_colors=colors,
        shading="smooth",
        visible=False,
        blending="opaque",
        units=("mm",) * 3,
        axis_labels=("I", "P", "L"),
        metadata={OWNER: "surface"},
    )
