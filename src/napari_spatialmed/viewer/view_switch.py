"""From 2D to 3D and back: what is seen in one view only is hidden before napari turns, and shown after."""

from __future__ import annotations

import weakref
from contextlib import ExitStack
from typing import TYPE_CHECKING

from napari.components import ViewerModel
from napari.utils.events import EventEmitter
from qtpy.QtCore import QTimer

from napari_spatialmed.viewer.layer_changes import in_one_go

if TYPE_CHECKING:
    from napari_spatialmed.viewer.scene import Scene


class ViewSwitch:
    """Follows a viewer from 2D to 3D and back, with what a scene shows in it."""

    def __init__(self, viewer: ViewerModel, scene: Scene) -> None:
        self._viewer = weakref.ref(viewer)
        self._scene = weakref.ref(scene)
        # From leaving one view to entering the other, napari puts its scene in order once.
        self._between = ExitStack()
        # When the view turns 3D, napari first slices every visible layer for it: a whole scan, in floats.  So ours are
        # hidden before that.  A plugin's callback always comes after napari's own, but an emitter counts as napari's.
        self._leaving = EventEmitter(type_name="ndisplay")
        self._leaving.connect(self._leave)
        viewer.dims.events.ndisplay.connect(self._leaving, position="first")
        viewer.dims.events.ndisplay.connect(self._enter)
        viewer.dims.events.order.connect(self._keep_upright)

    def stop(self) -> None:
        """Stop following."""
        self._between.close()
        viewer = self._viewer()
        if viewer is not None:
            viewer.dims.events.ndisplay.disconnect(self._leaving)
            viewer.dims.events.ndisplay.disconnect(self._enter)
            viewer.dims.events.order.disconnect(self._keep_upright)

    def _leave(self) -> None:
        viewer, scene = self._viewer(), self._scene()
        if viewer is None or scene is None or scene.case is None:
            return
        self._between.close()
        self._between.enter_context(in_one_go(viewer))
        # Should napari fail on the way, the scene must not stay as it is for ever.
        QTimer.singleShot(0, self._between.close)
        scene.case_layers.leave(viewer.dims.ndisplay)
        scene.surfaces.leave(viewer.dims.ndisplay)
        self._keep_upright()

    def _keep_upright(self) -> None:
        """In 3D the axes keep their own order.

        In that of coronal or sagittal slices napari draws surfaces as before, but turns the camera and the cursor: the
        letters, and what is picked, would be wrong.
        """
        viewer, scene = self._viewer(), self._scene()
        if viewer is not None and scene is not None and scene.case is not None and viewer.dims.ndisplay == 3:
            viewer.dims.order = (0, 1, 2)

    def _enter(self) -> None:
        viewer, scene = self._viewer(), self._scene()
        if viewer is None or scene is None or scene.case is None:
            return
        with self._between:
            scene.case_layers.enter(viewer.dims.ndisplay)
            if viewer.dims.ndisplay == 3 and scene.cut.axis is None:
                scene.case_layers.move_plane(0, int(viewer.dims.current_step[0]))
            scene.surfaces.enter(viewer.dims.ndisplay)
        scene.view_changed.emit(viewer.dims.ndisplay)
