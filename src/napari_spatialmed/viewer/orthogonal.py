"""Coronal and sagittal slices beside the main view, with a crosshair; click in one and all others follow."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import napari
import numpy as np
from napari.components import ViewerModel
from napari.layers import Vectors
from napari.qt import QtViewer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout, QSizePolicy, QSplitter, QWidget

from napari_spatialmed.viewer.case_layers import CaseLayers
from napari_spatialmed.viewer.layer_changes import add_quietly, keep_from_sliders
from napari_spatialmed.viewer.letters import OrientationLetters
from napari_spatialmed.viewer.scene import BACKGROUND
from napari_spatialmed.viewer.session import Session, session_for
from napari_spatialmed.viewer.wheel import Wheel
from napari_spatialmed.viewer.window_level import WindowDrag

_ORDERS = {"Coronal": (1, 0, 2), "Sagittal": (2, 0, 1)}
CROSSHAIR = "#49c5ff"


class SideView:
    """One more 2D view of the session's case.  It shares the arrays, so it costs textures only."""

    def __init__(self, session: Session, main: ViewerModel, order: tuple[int, int, int]) -> None:
        self._session, self._main, self._order = session, main, order
        self.model = ViewerModel()
        self.model.canvas.background_color_override = BACKGROUND
        self.letters = OrientationLetters(self.model)
        self.widget = QtViewer(self.model)
        self.widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        # The main view's slider leads.
        self.widget.dims.hide()
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
        self.model.dims.order = self._order
        self.layers.reveal(self._main.dims.point)
        self.restyle()
        self.letters.show(True)
        # Before the view is fitted to all layers: the last case's crosshair may be larger than this scan.
        self.follow()
        self.model.reset_view()

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
        for axis in self._order[1:]:
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
        self.views = {title: SideView(self.session, viewer, order) for title, order in _ORDERS.items()}
        splitter = QSplitter(self)
        for title, view in self.views.items():
            view.widget.setAccessibleName(f"{title} view")
            splitter.addWidget(view.widget)
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

    def _follow(self) -> None:
        for view in self.views.values():
            view.follow()

    def _restyle(self) -> None:
        for view in self.views.values():
            view.restyle()

    def _repaint(self) -> None:
        for view in self.views.values():
            view.repaint()
