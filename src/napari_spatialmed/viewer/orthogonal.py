"""The two planes that the main view doesn't show, with a crosshair; click or drag in one and all others follow."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import napari
import numpy as np
from napari.components import ViewerModel
from napari.layers import Vectors
from napari.qt import QtViewer
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QHBoxLayout, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from napari_spatialmed.viewer.case_layers import CaseLayers
from napari_spatialmed.viewer.layer_changes import add_quietly, keep_from_sliders
from napari_spatialmed.viewer.letters import OrientationLetters
from napari_spatialmed.viewer.messages import PlainLabel
from napari_spatialmed.viewer.scene import BACKGROUND
from napari_spatialmed.viewer.session import Session, session_for
from napari_spatialmed.viewer.space import PLANES
from napari_spatialmed.viewer.wheel import Wheel
from napari_spatialmed.viewer.window_level import WindowDrag

_ORDERS = {0: (0, 1, 2), 1: (1, 0, 2), 2: (2, 0, 1)}
"""The axis across which one looks → the order of axes."""
_BESIDE_AXIAL = {"Coronal": 1, "Sagittal": 2}
CROSSHAIR, CROSSHAIR_PX = "#49c5ff", 1.5


class SideView:
    """One more 2D view of the session's case.  It shares the arrays, so it costs textures only."""

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
        self.crosshair: Vectors | None = None
        self.model.mouse_drag_callbacks.append(self._on_press)
        self._wheel = Wheel(self.model, main)
        self._window = WindowDrag(self.model, session.scene)

    def place(self) -> Iterator[None]:
        """Add what is missing of the layers that every case is shown in, one per step."""
        yield from self.layers.place()
        if self.crosshair is None:
            self.crosshair = Vectors(
                np.zeros((0, 2, 3)), ndim=3, edge_color=CROSSHAIR, vector_style="line", edge_width=1.2, opacity=0.9,
                blending="translucent_no_depth", units=("mm",) * 3, axis_labels=("I", "P", "L"),
            )  # fmt: skip
            add_quietly(self.model, self.crosshair, at=len(self.model.layers))
            keep_from_sliders(self.model, self.crosshair)
            yield

    def show_case(self) -> Iterator[None]:
        """Show what the main view shows, in steps."""
        case, prepared = self._session.case, self._session.scene.prepared
        if case is None or prepared is None:
            return
        yield from self.layers.pour(case, prepared)
        yield
        self.model.dims.order = _ORDERS[self._axis]
        self.layers.reveal(self._main.dims.point)
        self.restyle()
        self.letters.show(True)
        self._fit()

    def _fit(self) -> None:
        # The crosshair first: the last case's may be larger than this scan.
        self.follow()
        self.model.reset_view()
        if self.crosshair is not None:
            self.crosshair.edge_width = CROSSHAIR_PX / self.model.scene.camera.zoom

    def look_across(self, axis: int) -> None:
        """Show slices across another axis."""
        if axis == self._axis:
            return
        self._axis = axis
        self._name()
        if self._session.case is not None and self._session.case is self.layers.case:
            self.model.dims.order = _ORDERS[axis]
            self._fit()

    def _name(self) -> None:
        plane = PLANES[self._axis].capitalize()
        self.title.setText(plane)
        self.widget.setAccessibleName(f"{plane} view")

    def follow(self) -> None:
        """Go where the main view is."""
        case, main = self._session.case, self._main
        # Another case comes in a turn of its own, and goes there by itself.
        if case is None or case is not self.layers.case or self.crosshair is None:
            return
        here = np.asarray(main.dims.point, float)
        self.model.dims.point = tuple(here)
        extent = (np.asarray(case.labels.shape) - 1) * case.spacing
        lines = []
        for axis in _ORDERS[self._axis][1:]:
            start, along = here.copy(), np.zeros(3)
            start[axis], along[axis] = 0.0, extent[axis]
            lines.append([start, along])
        self.crosshair.data = np.asarray(lines)

    def restyle(self) -> None:
        """Take over contrast, opacity and what is hidden."""
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
        if self.layers.labels is not None:
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


class OrthogonalViews(QWidget):
    """The two side views in a dock."""

    def __init__(self, napari_viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.session = session_for(viewer)
        self._main: ViewerModel = viewer
        self.views = {title: SideView(self.session, viewer, axis) for title, axis in _BESIDE_AXIAL.items()}
        """By what they show beside axial slices."""
        splitter = QSplitter(self)
        for view in self.views.values():
            pane = QWidget(splitter)
            column = QVBoxLayout(pane)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(0)
            column.addWidget(view.title)
            column.addWidget(view.widget, 1)
            splitter.addWidget(pane)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)
        self.setMinimumSize(200, 160)
        # The main picture first: the side views follow in the next turn of the event loop, once for many steps.
        self._following = QTimer(self)
        self._following.setInterval(0)
        self._following.setSingleShot(True)
        self._following.timeout.connect(self._follow)
        viewer.dims.events.point.connect(self._on_point)
        viewer.dims.events.order.connect(self._on_order)
        self.session.opening.started.connect(self._on_opening)
        self.session.case_changed.connect(self._on_case)
        self.session.scene.looks_changed.connect(self._restyle)
        self.session.scene.edited.connect(self._repaint)
        self._on_opening()
        self._on_case()

    def _on_opening(self) -> None:
        self.session.turns.add(self._steps(showing=False))

    def _on_case(self) -> None:
        # The main picture first, then one view per turn of the event loop.
        self.session.turns.add(self._steps(showing=True))

    def _steps(self, *, showing: bool) -> Iterator[None]:
        for view in self.views.values():
            yield from view.place()
            if showing:
                yield from view.show_case()
                yield

    def _on_point(self) -> None:
        self._following.start()

    def _on_order(self) -> None:
        order = self._main.dims.order
        beside = [axis for axis in _ORDERS if axis != order[0]]
        if len(order) == len(_ORDERS):
            for view, axis in zip(self.views.values(), beside, strict=True):
                view.look_across(axis)

    def _follow(self) -> None:
        for view in self.views.values():
            view.follow()

    def _restyle(self) -> None:
        for view in self.views.values():
            view.restyle()

    def _repaint(self) -> None:
        for view in self.views.values():
            view.repaint()
