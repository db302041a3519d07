"""A case's own layers: scan and label map in 2D, and one slice of the scan in 3D."""

from __future__ import annotations

import weakref
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from numpy.typing import ArrayLike, NDArray

from napari_spatialmed.case import Case
from napari_spatialmed.viewer.case_pictures import Prepared, label_colors, label_names
from napari_spatialmed.viewer.label_lock import lock, set_locked
from napari_spatialmed.viewer.layer_changes import (
    OWNER,
    add_quietly,
    as_one_change,
    in_one_go,
    keep_from_sliders,
)
from napari_spatialmed.viewer.settings import Palette
from napari_spatialmed.viewer.slice_plane import SlicePlane
from napari_spatialmed.viewer.status_line import HELP_3D, leave_to_readout

_EMPTY = np.zeros((1, 1, 1), np.uint8)
"""In a layer that waits for its case."""


class CaseLayers:
    """Scan and labels of one case in one viewer.  The Labels layer paints on the case's own array.

    Parameters
    ----------
    viewer
        Where they are shown.
    flat
        Whether this viewer never turns 3D.
    """

    def __init__(self, viewer: ViewerModel, *, flat: bool = False) -> None:
        self._viewer = weakref.ref(viewer)
        self._never_3d = flat
        self.image: Image | None = None
        self.labels: Labels | None = None
        self.plane: SlicePlane | None = None
        self._made: Layer | None = None
        """A layer that isn't added yet."""
        self._case: Case | None = None
        self.window: tuple[float, float] | None = None
        """Contrast limits that were last shown, in the scan's own values."""
        self._hidden: frozenset[int] = frozenset()
        self._palette: Palette = "steady"

    @property
    def case(self) -> Case | None:
        """The case on show, under the names it is shown with."""
        return self._case

    def place(self, *, scan: bool = True, plane: bool = True) -> Iterator[None]:
        """Add what is missing of the layers that every case is shown in, empty and hidden, in small steps.

        `scan`: also what shows a scan; `plane`: also what only 3D needs.
        """
        viewer = self._viewer()
        if viewer is None:
            return
        if viewer.dims.ndim < 3:
            viewer.dims.ndim = 3
            yield
        common: dict[str, Any] = {"visible": False, "units": ("mm",) * 3, "axis_labels": ("I", "P", "L")}
        # To make a layer takes napari a fifth of what adding it takes: the one in this turn, the other in the next.
        if self._lacks(viewer, self.labels):
            self.labels = self._made = Labels(_EMPTY, name="Structures", metadata={OWNER: "labels"}, **common)
            lock(self.labels)
            leave_to_readout(self.labels)
            for look in ("colormap", "opacity"):
                self.labels.events[look].connect(self._tint_plane)
            yield
        if self.labels not in viewer.layers:
            add_quietly(viewer, self.labels, at=len(viewer.layers))
            self._made = None
            yield
        if not scan:
            return
        if self._lacks(viewer, self.image):
            self.image = self._made = Image(
                _EMPTY, name="Scan", contrast_limits=(0, 1), metadata={OWNER: "scan"}, **common
            )
            leave_to_readout(self.image)
            yield
        if self.image not in viewer.layers:
            add_quietly(viewer, self.image, at=viewer.layers.index(self.labels))
            self._made = None
            yield
        needed = plane and not self._never_3d
        if needed and (self.plane is None or self.plane.layer not in viewer.layers):
            self.plane = SlicePlane({OWNER: "plane"})
            add_quietly(viewer, self.plane.layer, at=viewer.layers.index(self.labels) + 1)
            keep_from_sliders(viewer, self.plane.layer)
            yield

    def _lacks(self, viewer: ViewerModel, layer: Layer | None) -> bool:
        """Whether a layer must be made: it never was, or somebody has taken it out of the viewer."""
        return layer is None or (layer not in viewer.layers and layer is not self._made)

    def pour(self, case: Case, prepared: Prepared) -> Iterator[None]:
        """Put a case into the layers, hidden, in steps; :meth:`reveal` shows it.

        The layers stay between cases: to take them away and add them costs most of a second.
        """
        yield from self.place(scan=case.image is not None, plane=False)
        viewer = self._viewer()
        if viewer is None:
            return
        with in_one_go(viewer):
            self.leave(2)
            self.leave(3)
            if case.image is None:
                self._remove(self.image)
                self._remove(None if self.plane is None else self.plane.layer)
                self.image = self.plane = self.window = None
        self._case, self._palette, self._hidden = case, prepared.palette, frozenset()
        if self.plane is not None:
            self.plane.forget_case()
        with as_one_change(viewer, self._flat()):
            for layer, (data, given, _) in zip(self._flat(), prepared.layers, strict=True):
                layer.data = data
                for name, value in given.items():
                    setattr(layer, name, value)
        if self.image is not None:
            low, high = self.image.contrast_limits
            self.window = (float(low), float(high))
        assert self.labels is not None
        # New data unlock a layer; locked again, it forgets what could be undone in the last case.
        set_locked(self.labels, True)

    def reveal(self, place: ArrayLike) -> None:
        """Show what was poured in, at a place in the world, shape (3,), mm."""
        viewer = self._viewer()
        if viewer is None:
            return
        # Before they are seen, so that they are sliced once.
        viewer.dims.set_point((0, 1, 2), tuple(np.asarray(place, float)))
        with in_one_go(viewer):
            for layer in self._flat():
                layer.visible = True
        viewer.layers.selection.active = self.labels

    def remove(self) -> None:
        """Take the case's layers out of the viewer."""
        for layer in (self.image, self.labels, None if self.plane is None else self.plane.layer):
            self._remove(layer)
        self.image = self.labels = self.plane = None
        self._case = self.window = None
        self._hidden = frozenset()

    def _flat(self) -> list[Image | Labels]:
        """The layers of the 2D view, as :func:`layer_data` orders them."""
        return [layer for layer in (self.image, self.labels) if layer is not None]

    def _remove(self, layer: Layer | None) -> None:
        viewer = self._viewer()
        if viewer is not None and layer is not None and layer in viewer.layers:
            viewer.layers.remove(layer)

    def leave(self, ndisplay: int) -> None:
        """Hide what the coming view doesn't show: in 3D a full volume costs gigabytes and seconds per frame."""
        viewer = self._viewer()
        if ndisplay == 3 and viewer is not None:
            # napari's status line looks, in a thread of its own, under the cursor of the active layer, even a hidden one,
            # and stumbles over a camera that has no direction yet.
            viewer.layers.selection.clear()
        plane = None if self.plane is None else self.plane.layer
        for layer in (plane,) if ndisplay == 2 else (self.image, self.labels):
            if layer is not None and layer.visible:
                layer.visible = False

    def enter(self, ndisplay: int) -> None:
        """Show scan and labels in 2D, the slice plane in 3D."""
        viewer = self._viewer()
        if viewer is None:
            return
        if ndisplay == 3:
            if self._case is not None and self._case.image is not None:
                for _ in self.place():
                    pass
            self._fill_plane(viewer)
        plane = None if self.plane is None else self.plane.layer
        for layer in (self.image, self.labels) if ndisplay == 2 else (plane,):
            if layer is not None and not layer.visible:
                layer.visible = True
        if ndisplay == 3 and self._case is not None:
            viewer.help = HELP_3D
        if ndisplay == 2 and self.labels in viewer.layers:
            viewer.layers.selection.active = self.labels

    def set_window(self, low: float, high: float) -> None:
        """Contrast limits, in the scan's own values."""
        self.window = (low, high)
        if self.image is not None:
            smallest, largest = self.image.contrast_limits_range
            self.image.contrast_limits_range = (min(smallest, low), max(largest, high))
            self.image.contrast_limits = (low, high)
        if self.plane is not None:
            self.plane.set_window(low, high)

    def hide(self, labels: Collection[int]) -> None:
        """Make these labels, and only these, invisible in 2D."""
        if self.labels is not None and self._case is not None and frozenset(labels) != self._hidden:
            self._hidden = frozenset(labels)
            self.labels.colormap = label_colors(self._case, self._hidden, self._palette)

    def set_editing(self, editing: bool) -> None:
        """Hand the label map to napari's tools, brush in hand, or lock it."""
        viewer = self._viewer()
        if self.labels is None or viewer is None:
            return
        set_locked(self.labels, not editing)
        if editing:
            viewer.layers.selection.active = self.labels
            self.labels.mode = "paint"
        # napari hears of another help when the mouse next moves.
        viewer.help = self.labels.help

    def rename(self, case: Case) -> None:
        """Take over other names for the same labels."""
        self._case = case
        if self.labels is not None:
            self.labels.features = label_names(case)
            self.labels.colormap = label_colors(case, self._hidden, self._palette)

    def recolor(self, palette: Palette) -> None:
        """Give the structures other colours."""
        self._palette = palette
        if self.labels is not None and self._case is not None:
            self.labels.colormap = label_colors(self._case, self._hidden, palette)

    def move_plane(self, axis: int, index: int) -> None:
        """Put the 3D slice plane across `axis` at a voxel index."""
        if self.plane is not None:
            self.plane.move(axis, index)

    def _fill_plane(self, viewer: ViewerModel) -> None:
        case, limits = self._case, self.window
        if self.plane is None or case is None or limits is None:
            return
        if self.plane.case is None:
            step = viewer.dims.current_step
            self.plane.set_case(case, limits, int(step[0]) if len(step) == 3 else 0, self._tints(case))
        else:
            # Each time: in 2D the labels may have been painted on.
            self._tint_plane()

    def _tint_plane(self) -> None:
        """Colour the structures in the plane as they are in 2D."""
        if self.plane is not None and self.plane.case is not None and self._case is not None:
            self.plane.set_tints(self._tints(self._case))

    def _tints(self, case: Case) -> NDArray[np.float32]:
        tints = np.zeros((max((s.label for s in case), default=0) + 1, 4), np.float32)
        if self.labels is not None:
            colors = self.labels.colormap.color_dict
            for s in case:
                tints[s.label] = np.asarray(colors[s.label]) * (1, 1, 1, self.labels.opacity)
        return tints
