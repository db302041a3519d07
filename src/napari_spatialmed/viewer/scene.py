"""The one facade that touches the viewer's layers, camera and overlays.

Docks ask it to show, draw, hide and jump; they never touch a layer themselves.  Everything here runs in the GUI thread
(:meth:`Scene.screenshot` may be called from any).
"""

from __future__ import annotations

import weakref
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from napari.components import ViewerModel
from numpy.typing import NDArray
from psygnal import Signal
from superqt.utils import ensure_main_thread

from napari_spatialmed.case import Case
from napari_spatialmed.case import colors as structure_colors
from napari_spatialmed.geometry import CaseGeometry, Measurement
from napari_spatialmed.viewer.case_layers import CaseLayers
from napari_spatialmed.viewer.case_pictures import Prepared
from napari_spatialmed.viewer.clicks import Clicks
from napari_spatialmed.viewer.crosshair import Crosshair, CrosshairSwitch
from napari_spatialmed.viewer.cut import Cut
from napari_spatialmed.viewer.drawing_layers import DrawingLayers
from napari_spatialmed.viewer.drawings import drawing_key, drawing_of
from napari_spatialmed.viewer.edits import Edit, EditWatch
from napari_spatialmed.viewer.filling import Filling
from napari_spatialmed.viewer.gl_context import watch_removals
from napari_spatialmed.viewer.hover import Hover
from napari_spatialmed.viewer.layer_changes import OWNER, in_one_go, load_layers
from napari_spatialmed.viewer.letters import OrientationLetters
from napari_spatialmed.viewer.looking import go_to, look_across, look_from
from napari_spatialmed.viewer.pointing import POINTED, Pointing, box_around
from napari_spatialmed.viewer.readout import Readout
from napari_spatialmed.viewer.scale_bar import ScaleBar
from napari_spatialmed.viewer.settings import Palette
from napari_spatialmed.viewer.slice_steps import SliceSteps
from napari_spatialmed.viewer.space import world_from_ras
from napari_spatialmed.viewer.surface_layers import SurfaceLayers
from napari_spatialmed.viewer.unmoved import Unmoved
from napari_spatialmed.viewer.view_switch import ViewSwitch
from napari_spatialmed.viewer.wheel import Wheel
from napari_spatialmed.viewer.window_level import WindowLevel

BACKGROUND = "#0c0e10"
"""Behind scans, in both themes: a bright canvas would blind the eye to dark tissue."""
_PATIENCE_MS = 60_000
"""Without a graphics card a large picture takes seconds; a thread waits for it."""


class Scene:
    """What one viewer shows of a case."""

    clicked = Signal(str, bool)
    """A structure's name, and whether to add it to the selection (Shift or Ctrl was held)."""
    edited = Signal(Edit)
    editing_changed = Signal(bool)
    hidden_changed = Signal(frozenset)
    """Names of the hidden structures."""
    colors_changed = Signal(dict)
    """Name → colour of every structure."""
    looks_changed = Signal()
    """Contrast, opacity or visibility changed."""
    view_changed = Signal(int)
    """2D or 3D is on show: 2 or 3."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        load_layers()
        watch_removals(viewer)
        self.geometry: CaseGeometry | None = None
        self.prepared: Prepared | None = None
        self._selected: frozenset[str] = frozenset()
        self._hidden: frozenset[str] = frozenset()
        self._palette: Palette = "steady"
        self._closed = False
        self.case_layers = CaseLayers(viewer)
        self.surfaces = SurfaceLayers(viewer)
        self._unmoved = Unmoved(viewer)
        self.drawing_layers = DrawingLayers(viewer)
        self.letters = OrientationLetters(viewer)
        self._scale_bar = ScaleBar(viewer)
        self.crosshairs = CrosshairSwitch()
        self._crosshair = Crosshair(viewer, self.crosshairs)
        self.drawing_layers.moved.connect(self._crosshair.leave_free)
        self._clicks = Clicks(viewer, self)
        self.hover = Hover(viewer)
        self._readout = Readout(viewer, self)
        self.window_level = WindowLevel(viewer, self)
        self.filling = Filling(self)
        self.pointing = Pointing(self)
        self.cut = Cut(viewer, self)
        self._steps = SliceSteps(viewer, self)
        self._switch = ViewSwitch(viewer, self)
        self._wheel: Wheel | None = None
        self._watch: EditWatch | None = None

    @property
    def has_viewer(self) -> bool:
        """Whether the viewer is still there, and its window isn't closing."""
        return self._viewer() is not None and not self._closed

    @property
    def viewer(self) -> ViewerModel:
        """The viewer; raises ReferenceError once it is gone."""
        viewer = self._viewer()
        if viewer is None:
            raise ReferenceError("the viewer was closed")
        return viewer

    # ---- the case

    @property
    def case(self) -> Case | None:
        """The case on show."""
        return None if self.geometry is None else self.geometry.case

    def pour_case(self, case: Case, prepared: Prepared) -> Iterator[None]:
        """Put a case into the layers in place of the last, in steps; from the first on, none is on show.

        :meth:`reveal_case` ends it.
        """
        viewer = self.viewer
        # First away with what is on show, or a change from 3D to 2D would draw the old case once more.
        self._forget_case()
        if viewer.dims.ndisplay == 3:
            yield
            viewer.dims.ndisplay = 2
            yield
        yield from self.case_layers.pour(case, prepared)
        yield

    def reveal_case(self, geometry: CaseGeometry, prepared: Prepared) -> None:
        """Show what was poured in, in 2D, axial, at its middle slice."""
        viewer, case = self.viewer, geometry.case
        self.geometry, self.prepared = geometry, prepared
        viewer.canvas.background_color_override = BACKGROUND
        viewer.dims.order = (0, 1, 2)
        self._steps.keep()
        self.case_layers.reveal((np.asarray(case.labels.shape) - 1) // 2 * case.spacing)
        self._palette = prepared.palette
        self.surfaces.set_case(geometry)
        self.surfaces.recolor(self.colors)
        self.drawing_layers.set_case(case)
        labels = self.case_layers.labels
        assert labels is not None
        self._watch = EditWatch(labels)
        self._watch.edited.connect(self._on_edited)
        viewer.reset_view()
        self.letters.show(True)
        self._crosshair.show(case)
        self._wheel = Wheel(viewer, viewer)
        self._scale_bar.show()

    def place_layers(self, *, scan: bool = True) -> Iterator[None]:
        """Add the layers that every case is shown in, one per step; those that are there take none.

        `scan`: also what shows a scan, not only labels.
        """
        yield from self.case_layers.place(scan=scan)
        yield from self.drawing_layers.place()

    def remove_layers(self) -> None:
        """Take the case and all layers of ours off the viewer."""
        self._forget_case()
        with in_one_go(self.viewer):
            # What is hidden isn't sliced and drawn anew for every layer that goes.
            for layer in self.viewer.layers:
                if OWNER in layer.metadata:
                    layer.visible = False
            self.drawing_layers.take_away()
            self.surfaces.remove()
            self.case_layers.remove()

    def _forget_case(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        if self._wheel is not None:
            self._wheel.stop()
            self._wheel = None
        self.cut.forget()
        self.filling.forget()
        with in_one_go(self.viewer):
            self.case_layers.leave(2)
            self.case_layers.leave(3)
            self.drawing_layers.set_case(None)
            self.surfaces.set_case(None)
            self.letters.show(False)
            self._crosshair.show(None)
        self.geometry = self.prepared = None
        self._selected = self._hidden = frozenset()

    def rename(self, case: Case) -> None:
        """Show the same scan under other names, which its geometry has already; drawings go, for they carry names."""
        before = self.case_layers.case
        if before is None or self.geometry is None:
            return
        self._selected = frozenset(case[before[n].label].name for n in self._selected)
        self._hidden = frozenset(case[before[n].label].name for n in self._hidden)
        self.case_layers.rename(case)
        self.drawing_layers.set_case(case)
        self.surfaces.set_case(self.geometry)
        self.surfaces.recolor(self.colors)
        self._appear()
        self.surfaces.enter(self.viewer.dims.ndisplay)
        self.hidden_changed.emit(self._hidden)
        self.colors_changed.emit(self.colors)
        self.looks_changed.emit()

    @property
    def palette(self) -> Palette:
        """Which set of colours the structures have."""
        return self._palette

    @property
    def colors(self) -> dict[str, tuple[int, int, int]]:
        """Name → the colour a structure is shown in."""
        return {} if self.case is None else structure_colors(self.case, self._palette)

    def set_palette(self, palette: Palette) -> None:
        """``steady``: each structure's own colour; ``safe``: apart for colour-blind readers too."""
        self._palette = palette
        self.case_layers.recolor(palette)
        self.surfaces.recolor(self.colors)
        self.looks_changed.emit()
        self.colors_changed.emit(self.colors)

    @property
    def windows(self) -> dict[str, tuple[float, float]]:
        """Window presets that fit the case: name → contrast limits."""
        return {} if self.prepared is None else dict(self.prepared.windows)

    def set_window(self, low: float, high: float) -> None:
        """Set the contrast of the scan, in 2D and on the 3D slice plane."""
        self.case_layers.set_window(low, high)
        self.looks_changed.emit()

    @property
    def opacity(self) -> float:
        """How strongly the structures' colours cover the scan in 2D, how solid the surfaces are in 3D; 0–1."""
        labels = self.case_layers.labels
        if self.viewer.dims.ndisplay == 3:
            return self.surfaces.opacity
        return 0.0 if labels is None else float(labels.opacity)

    def set_opacity(self, opacity: float) -> None:
        """Set it for the view on show."""
        if self.viewer.dims.ndisplay == 3:
            self.surfaces.set_opacity(opacity)
        else:
            self.set_label_opacity(opacity)

    def set_label_opacity(self, opacity: float) -> None:
        """How strongly the structures' colours cover the scan in 2D, 0–1."""
        if self.case_layers.labels is not None:
            self.case_layers.labels.opacity = opacity
            self.looks_changed.emit()

    # ---- structures

    @property
    def editing(self) -> bool:
        """Whether napari's tools may change the labels."""
        labels = self.case_layers.labels
        return labels is not None and bool(labels.editable)

    def set_editing(self, editing: bool) -> None:
        """Let napari's tools change the labels, in 2D, or lock them."""
        if self.case is not None and editing != self.editing:
            if editing:
                self.viewer.dims.ndisplay = 2
                # napari 0.9 draws a dark square in the middle of the brush, and leaves it there for good.
                self.viewer.canvas.overlays["_brush_circle"].box = False
            self.case_layers.set_editing(editing)
            self._crosshair.keep_away(editing)
            self.editing_changed.emit(self.editing)

    def undo_edit(self, *, forward: bool = False) -> None:
        """Take the last stroke back, or bring it back."""
        labels = self.case_layers.labels
        if labels is not None:
            (labels.redo if forward else labels.undo)()

    @property
    def hidden(self) -> frozenset[str]:
        """Names of the structures that aren't shown."""
        return self._hidden

    def select(self, names: Iterable[str]) -> None:
        """Let these stand out: opaque among translucent ones in 3D; painted with by napari's brush in 2D."""
        self._selected = frozenset(names)
        self._appear()
        labels = self.case_layers.labels
        if labels is not None and self.case is not None and len(self._selected) == 1:
            labels.selected_label = self.case[next(iter(self._selected))].label

    def hide(self, names: Iterable[str]) -> None:
        """Hide these and only these."""
        hidden = frozenset(names)
        if hidden != self._hidden:
            self._hidden = hidden
            self._appear()
            self.hidden_changed.emit(hidden)
            self.looks_changed.emit()

    def solo(self, names: Iterable[str]) -> None:
        """Hide everything but these."""
        kept = set(names)
        self.hide(s.name for s in self.case or () if s.name not in kept)

    def jump_to(self, names: Iterable[str]) -> None:
        """Go to these structures: to the slice of their common centre in 2D, the camera onto it in 3D."""
        case = self.case
        if case is None or self.geometry is None:
            return
        survey = self.geometry.survey
        rows = [survey.row(case[name].label) for name in names if case[name].label in survey]
        if rows:
            middle = (survey.index_min[rows].min(axis=0) + survey.index_max[rows].max(axis=0)) / 2
            self._go(middle * case.spacing)

    def jump_to_ras(self, place: Collection[float]) -> None:
        """Go to a place in patient RAS mm."""
        if self.case is not None:
            self._go(world_from_ras(self.case, np.asarray(list(place), float)))

    # ---- drawings

    def draw(self, measurements: Iterable[Measurement], *, go: bool = False) -> int:
        """Draw what can be drawn of these measurements, and go there; returns how many could be drawn."""
        geometry = self.geometry
        if geometry is None:
            return 0
        found = [d for m in measurements if (d := drawing_of(m, geometry)) is not None]
        self.drawing_layers.draw(*found)
        if go and found and self.case is not None:
            self._go(world_from_ras(self.case, found[0].all_points()).mean(axis=0))
        return len(found)

    def draw_only(self, measurements: Iterable[Measurement], names: Iterable[str]) -> int:
        """Draw these in place of all others and go there, or to these structures where none can be drawn."""
        geometry = self.geometry
        if geometry is None:
            return 0
        found = [d for m in measurements if (d := drawing_of(m, geometry)) is not None]
        with self.drawing_layers.held():
            if found:
                self.jump_to_ras(found[0].all_points().mean(axis=0))
            else:
                self.jump_to(names)
        self.drawing_layers.replace(*found)
        return len(found)

    def erase(self, *measurements: Measurement) -> None:
        """Take the drawings of these measurements away."""
        self.drawing_layers.erase(*(drawing_key(m) for m in measurements))

    def highlight(self, measurement: Measurement | None) -> None:
        """Let the drawing of this measurement stand out, or none."""
        self.drawing_layers.highlight(None if measurement is None else drawing_key(measurement))

    def point_out(self, name: str | None) -> None:
        """Draw a box around this structure, as long as the mouse is on its row; None takes it away."""
        geometry = self.geometry
        box = None if name is None or geometry is None else box_around(geometry, name)
        if box is not None:
            self.drawing_layers.draw(box)
            self.drawing_layers.highlight(POINTED)
        elif POINTED in self.drawing_layers.drawings:
            self.drawing_layers.erase(POINTED)

    def say(self, text: str) -> None:
        """Write a line at the canvas's edge, where the next move of the mouse replaces it."""
        self._readout.say(text)

    # ---- view

    def view_from(self, side: str) -> None:
        """Turn the 3D camera to look from a side: one of A, P, L, R, S, I."""
        self.viewer.layers.selection.clear()
        self.viewer.dims.ndisplay = 3
        self.surfaces.resume()
        look_from(self.viewer, side)

    def show_plane(self, axis: int) -> None:
        """Show slices across an axis of (I, P, L): 0 axial, 1 coronal, 2 sagittal."""
        look_across(self.viewer, axis)

    @ensure_main_thread(await_return=True, timeout=_PATIENCE_MS)
    def screenshot(
        self, path: Path | str | None = None, size: tuple[int, int] | None = None
    ) -> NDArray[np.uint8]:
        """The canvas as RGBA, written to `path` if given; `size` is height, width.  Safe from any thread."""
        viewer: Any = self.viewer
        picture = viewer.screenshot(
            None if path is None else str(path), size=size, canvas_only=True, flash=False
        )
        return np.asarray(picture, np.uint8)

    # ---- inner

    def _go(self, world: NDArray[np.float64]) -> None:
        case = self.case
        go_to(self.viewer, world, (1, 1, 1) if case is None else case.spacing)
        if self.viewer.dims.ndisplay == 3 and case is not None and self.cut.axis is None:
            self.case_layers.move_plane(0, round(world[0] / case.spacing[0]))

    def _appear(self) -> None:
        case = self.case
        if case is None:
            return
        hidden = {case[n].label for n in self._hidden}
        self.case_layers.hide(hidden)
        self.surfaces.appear(hidden, {case[n].label for n in self._selected if n in case})

    def _on_edited(self, edit: Edit) -> None:
        self.edited.emit(edit)

    def leave(self) -> None:
        """The window closes: nothing is added to it any more, and its layers are left to napari."""
        self._closed = True
        self.surfaces.stop()
        self.drawing_layers.stop()

    def close(self) -> None:
        """Let go of the viewer: take everything away and stop listening."""
        if self._closed:
            return
        self._closed = True
        self.remove_layers()
        for mouse in (self._clicks, self.hover, self._readout, self.window_level):
            mouse.stop()
        for looks in (self._unmoved, self.cut, self._steps, self._switch, self._scale_bar):
            looks.stop()
        for drawn in (self.drawing_layers, self.letters, self._crosshair):
            drawn.remove()
