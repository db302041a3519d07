"""What is queued for the graphics card survives that layers go while no view is being drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import napari
import numpy as np
import pytest
from napari.utils.colormaps import DirectLabelColormap

from napari_spatialmed.viewer.layer_changes import in_one_go
from napari_spatialmed.viewer.session import session_for

pytestmark = pytest.mark.gui


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., napari.Viewer]) -> napari.Viewer:
    made = make_napari_viewer(show=True)
    session_for(made)
    return made


def batch(viewer: napari.Viewer) -> None:
    with in_one_go(viewer):
        viewer.layers["points"].visible = False


def removal(viewer: napari.Viewer) -> None:
    viewer.layers.remove("points")


@pytest.mark.parametrize("change", [batch, removal])
def test_new_colours_arrive_although_layers_go_in_between(
    viewer: napari.Viewer, qtbot: Any, change: Callable[[napari.Viewer], None]
) -> None:
    labels = viewer.add_labels(np.ones((20, 20), np.uint8))
    viewer.add_points(np.zeros((1, 2)), name="points")
    qtbot.wait(100)
    labels.colormap = DirectLabelColormap(color_dict={None: "black", 1: "red"})
    # As after Qt has put the window together.
    viewer.window._qt_viewer.canvas.native.doneCurrent()
    change(viewer)
    qtbot.wait(100)
    picture = viewer.screenshot(size=(200, 200), flash=False)[..., :3].astype(int)
    red = (picture[..., 0] > 150) & (picture[..., 1] < 60) & (picture[..., 2] < 60)
    assert red.mean() > 0.3
