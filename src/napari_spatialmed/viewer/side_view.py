"""One 2D view beside the main one: another plane of the same case, with a crosshair; click or drag in it and all others follow."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.qt import QtViewer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSizePolicy

from napari_spatialmed.viewer.case_layers import CaseLayers
from napari_spatialmed.viewer.crosshair import Crosshair
from napari_spatialmed.viewer.layer_changes import in_one_go
from napari_spatialmed.viewer.letters import OrientationLetters
from napari_spatialmed.viewer.messages import PlainLabel
from napari_spatialmed.viewer.scene import BACKGROUND
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.space import PLANES
from napari_spatialmed.viewer.wheel import Wheel
from napari_spatialmed.viewer.window_level import WindowDrag

ORDERS = {0: (0, 1, 2), 1: (1, 0, 2), 2: (2, 0, 1)}
"""The axis across which one looks → the order of axes."""


class SideView:
    """One more 2D view of the session's case.  It shares the arrays, so it costs textures only.

    While it isn't seen it holds no case, follows nothing, and catches up later: of two changes to colours that vispy has
    not drawn in between, the second loses a texture that the drawing then looks for, which ends the program.
    """

    def __init__(self, session: Session, main: ViewerModel, axis: int) -> None:
        self._session, self._main, self._axis = session, main, axis
        self.model = ViewerModel()
        self.model.canvas.background_color_override = BACKGROUND
        self.letters = OrientationLetters(self.model)
        self.widget = QtViewer(self.model)
        self.widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        # The main view's slider leads.
        self.widget.dims.hide()
        self.title = PlainLabel("", quiet=True)
        self.title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._name()
        self.layers = CaseLayers(self.model, flat=True)
        self.crosshair = Crosshair(self.model, session.scene.crosshairs)
        self._size = np.asarray(self.model.canvas.size, float)
        self.model.canvas.events.size.connect(self._on_size)
        self.model.mouse_drag_callbacks.append(self._on_press)
        self._wheel = Wheel(self.model, main)
        self._window = WindowDrag(self.model, session.scene)

    def place(self) -> Iterator[None]:
        """Add what is missing of the layers that every case is shown in, one per step."""
        if self._seen:
            yield from self.layers.place()
            self.model.dims.order = ORDERS[self._axis]

    def show_case(self) -> Iterator[None]:
        """Show what the main view shows, in steps."""
        case, prepared = self._session.case, self._session.scene.prepared
        if not self._seen or case is None or prepared is None:
            self.forget()
            return
        self.crosshair.show(None)
        yield from self.place()
        yield from self.layers.pour(case, prepared)
        yield
        self.layers.reveal(self._main.dims.point)
        self.restyle()
        self.letters.show(True)
        self.crosshair.show(case)
        self.model.reset_view()

    def forget(self) -> None:
        """Hold no scan.  Empty layers stay: they wait for the first one."""
        if self.layers.case is not None:
            self.crosshair.show(None)
            self.letters.show(False)
            with in_one_go(self.model):
                self.layers.remove()

    def catch_up(self) -> Iterator[None]:
        """Show what was missed while the view wasn't seen, in steps."""
        if self._session.case is not None and self._session.case is self.layers.case:
            self.follow()
            self.restyle()
            self.repaint()
        else:
            yield from self.show_case()

    @property
    def _seen(self) -> bool:
        return bool(self.widget.isVisible())

    def _on_size(self) -> None:
        """As much of the scan is on show as before: a view has a third of the room in 3D, and a half in 2D."""
        before, self._size = self._size, np.asarray(self.model.canvas.size, float)
        case = self.layers.case
        if case is not None and before.all() and self._size.all():
            shown = np.asarray(case.labels.shape * case.spacing)[list(self.model.dims.displayed)]
            self.model.scene.camera.zoom *= float((self._size / shown).min() / (before / shown).min())

    def look_across(self, axis: int) -> None:
        """Show slices across another axis."""
        if axis == self._axis:
            return
        self._axis = axis
        self._name()
        if self._session.case is not None and self._session.case is self.layers.case:
            self.model.dims.order = ORDERS[axis]
            self.model.reset_view()

    def _name(self) -> None:
        plane = PLANES[self._axis].capitalize()
        self.title.setText(plane)
        self.widget.setAccessibleName(f"{plane} view")

    def follow(self) -> None:
        """Go where the main view is."""
        case = self._session.case
        # Another case comes in a turn of its own, and goes there by itself.
        if self._seen and case is not None and case is self.layers.case:
            self.model.dims.point = tuple(float(v) for v in self._main.dims.point)

    def restyle(self) -> None:
        """Take over contrast, opacity and what is hidden."""
        if not self._seen:
            return
        main = self._session.scene.case_layers
        image, labels = self.layers.image, self.layers.labels
        # Each change is drawn, even to what was there before.
        if (
            image is not None
            and main.image is not None
            and image.contrast_limits != main.image.contrast_limits
        ):
            image.contrast_limits_range = main.image.contrast_limits_range
            image.contrast_limits = main.image.contrast_limits
        if labels is not None and main.labels is not None:
            if labels.contour != main.labels.contour:
                labels.contour = main.labels.contour
            if labels.opacity != main.labels.opacity:
                labels.opacity = main.labels.opacity
            if labels.colormap is not main.labels.colormap:
                labels.colormap = main.labels.colormap

    def repaint(self) -> None:
        """The label map was edited."""
        if self._seen and self.layers.labels is not None:
            self.layers.labels.refresh()

    def _on_press(self, viewer: ViewerModel, event: Any) -> Generator[None, None, None]:
        """The crosshair goes with the mouse; with Shift the picture does."""
        shifting, start = tuple(event.modifiers) == ("Shift",), np.asarray(event.position)
        if event.button != 1 or (event.modifiers and not shifting):
            return
        while event.type in ("mouse_press", "mouse_move"):
            axes = list(self.model.dims.order[1:])
            here = np.asarray(event.position, float)
            if shifting:
                camera = self.model.scene.camera
                camera.center = (0.0, *(np.asarray(camera.center[1:]) - (here - start)[axes]))
            else:
                self._main.dims.set_point(axes, [float(v) for v in here[axes]])
            # Or napari would shift the picture, and the crosshair stay where it is in it.
            event.handled = True
            yield
        event.handled = True
