"""The planes that the main view doesn't show, below it: two while it shows slices, all three while it is in 3D."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import napari
from napari.components import ViewerModel
from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QResizeEvent, QShowEvent
from qtpy.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from napari_spatialmed.viewer.hands import HandsOff
from napari_spatialmed.viewer.messages import PlainLabel
from napari_spatialmed.viewer.scene import BACKGROUND
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.side_view import ORDERS, SideView

_BESIDE_AXIAL = {"Coronal": 1, "Sagittal": 2}
IN_3D = "Axial"
"""The view that is there beside the 3D one only."""
EMPTY = (
    "No scan is open: choose one in the Case dock, or a sample.\n\n"
    "Its other two planes are then here, and all three while the picture above is in 3D.\n"
    "The crosshair is the same place in every view: click or drag in one, and all go there. The wheel goes through slices."
)
REST_MS = 400
"""Nothing is touched for so long before the third view is built."""
_INK = "#c9ced6"


class OrthogonalViews(QWidget):
    """The side views in a dock."""

    def __init__(self, napari_viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.session = session_for(viewer)
        self._main: ViewerModel = viewer
        splitter = QSplitter(self)
        self.views: dict[str, SideView] = {}
        """By what they show beside axial slices, or in 3D."""
        self._third = _Pane(splitter)
        self._third.hide()
        for title, axis in _BESIDE_AXIAL.items():
            self.views[title] = SideView(self.session, viewer, axis)
            _Pane(splitter).fill(self.views[title], self._catch_up)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)
        self.setMinimumSize(200, 160)
        self.empty = PlainLabel(EMPTY, self)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        # Over the canvases, which are dark in both themes, and drawn from the beginning.
        self.empty.setStyleSheet(f"color: {_INK}; background: {BACKGROUND}; padding: 12px;")
        # The main picture first: the side views follow in the next turn of the event loop, once for many steps.
        self._following = QTimer(self)
        self._following.setInterval(0)
        self._following.setSingleShot(True)
        self._following.timeout.connect(self._follow)
        self._rest = HandsOff(REST_MS, self)
        self._rest.came.connect(self._build_at_rest)
        viewer.dims.events.point.connect(self._on_point)
        viewer.dims.events.order.connect(self._on_order)
        self.session.opening.started.connect(self._on_opening)
        self.session.case_changed.connect(self._on_case)
        self.session.scene.looks_changed.connect(self._restyle)
        self.session.scene.edited.connect(self._repaint)
        self.session.scene.view_changed.connect(self._on_view)
        self._on_case()
        self._on_view(viewer.dims.ndisplay)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Qt: the words for an empty dock stay in its middle."""
        super().resizeEvent(event)
        self.empty.setGeometry(self.rect())

    @property
    def complete(self) -> bool:
        """Whether every view that belongs beside the main one is there, with the session's case."""
        wanted = {*_BESIDE_AXIAL, *([IN_3D] if self._main.dims.ndisplay == 3 else [])}
        return (
            self.session.turns.idle
            and wanted <= self.views.keys()
            and all(self.views[title].layers.case is self.session.case for title in wanted)
        )

    # ---- what they show

    def _on_opening(self) -> None:
        self.session.turns.add(self._steps(showing=False))

    def _on_case(self) -> None:
        self.empty.setVisible(self.session.case is None)
        # The main picture first, then one view per turn of the event loop.
        self.session.turns.add(self._steps(showing=True))

    def _steps(self, *, showing: bool) -> Iterator[None]:
        for view in list(self.views.values()):
            yield from view.place()
            if showing:
                yield from view.show_case()
                yield

    def _catch_up(self, view: SideView) -> None:
        """A view that was hidden is seen again."""
        self.session.turns.add(view.catch_up())

    def _on_point(self) -> None:
        self._following.start()

    def _on_order(self) -> None:
        order = self._main.dims.order
        beside = [axis for axis in ORDERS if axis != order[0]]
        if len(order) == len(ORDERS):
            for title, axis in zip(_BESIDE_AXIAL, beside, strict=True):
                self.views[title].look_across(axis)

    def _follow(self) -> None:
        scene, in_3d = self.session.scene, self._main.dims.ndisplay == 3
        self._third.setVisible(in_3d and IN_3D in self.views)
        for view in self.views.values():
            view.follow()
        if in_3d and self.session.case is not None and scene.cut.axis is None:
            scene.case_layers.move_plane(0, int(self._main.dims.current_step[0]))

    def _restyle(self) -> None:
        for view in self.views.values():
            view.restyle()

    def _repaint(self) -> None:
        for view in self.views.values():
            view.repaint()

    # ---- the third one

    def _on_view(self, ndisplay: int) -> None:
        # In a turn of its own: canvases change their size.
        self._following.start()
        if ndisplay == 3 and IN_3D not in self.views:
            self._rest.wait()
        else:
            self._rest.stop()

    def _build_at_rest(self) -> None:
        """A canvas of napari's takes four tenths of a second, which nobody waits for while the hands are off.

        So it isn't built in the turn that switches to 3D, nor before somebody wants 3D at all.
        """
        session = self.session
        if session.turns.idle and not session.opening.running and session.scene.surfaces.complete:
            session.turns.add(self._build_third())
        else:
            self._rest.wait()

    def _build_third(self) -> Iterator[None]:
        view = SideView(self.session, self._main, 0)
        # From here on it gets every case, whatever becomes of the next step, in which it is seen for the first time.
        self.views = {IN_3D: view, **self.views}
        self._third.fill(view, self._catch_up)
        yield
        self._follow()


class _Pane(QWidget):
    """A side view under its name."""

    def fill(self, view: SideView, seen: Callable[[SideView], None]) -> None:
        """Put a view in; `seen` hears each time that it comes to be seen."""
        self._view, self._seen = view, seen
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(view.title)
        column.addWidget(view.widget, 1)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Qt: also when the dock is opened again, or comes to the front."""
        super().showEvent(event)
        self._seen(self._view)
