"""The mouse wheel over the pictures of a case."""

from __future__ import annotations

from collections.abc import Callable

import napari
import numpy as np
import pytest
from napari.settings import get_plugin_settings
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication

from napari_spatialmed.case import make_case
from napari_spatialmed.viewer.orthogonal import OrthogonalViews
from napari_spatialmed.viewer.session import session_for

pytestmark = pytest.mark.gui


def turn(canvas: object, notches: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Turn the wheel over the middle of a canvas; towards oneself is negative."""
    place = QPointF(canvas.native.width() / 2, canvas.native.height() / 2)
    event = QWheelEvent(
        place, canvas.native.mapToGlobal(place), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton, keys,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas.native, event)


def test_the_wheel_goes_through_slices_and_zooms_with_shift(
    make_napari_viewer: Callable[..., napari.Viewer],
    monkeypatch: pytest.MonkeyPatch,
    wait_for: Callable[[Callable[[], bool]], None],
) -> None:
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[5:15, 5:15, 5:15] = 1
    viewer = make_napari_viewer(show=True)
    session_for(viewer).set_case(make_case(labels, np.diag([2.0, 2.0, 2.0, 1.0])))
    sides = OrthogonalViews(viewer)
    viewer.window.add_dock_widget(sides)
    wait_for(lambda: sides.views["Coronal"].layers.case is not None)
    viewer.window._qt_window.resize(1000, 800)
    wait_for(lambda: viewer.window._qt_viewer.canvas.native.width() > 200)
    canvas, camera = viewer.window._qt_viewer.canvas, viewer.scene.camera
    before, zoom = viewer.dims.current_step, camera.zoom
    turn(canvas, -1)
    assert viewer.dims.current_step == (before[0] + 1, *before[1:])
    assert camera.zoom == zoom
    turn(sides.views["Coronal"].widget.canvas, 1)
    assert viewer.dims.current_step == (before[0] + 1, before[1] - 1, before[2])
    turn(canvas, 1, Qt.KeyboardModifier.ShiftModifier)
    assert camera.zoom == pytest.approx(1.1 * zoom)

    monkeypatch.setattr(get_plugin_settings("napari-spatialmed").looks, "wheel", "zoom")
    here, zoom = viewer.dims.current_step, camera.zoom
    turn(canvas, 1)
    assert viewer.dims.current_step == here
    wait_for(lambda: camera.zoom > zoom)
