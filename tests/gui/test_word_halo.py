"""Words over bright bone."""

from __future__ import annotations

from collections.abc import Callable

import napari
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Points

from napari_spatialmed.viewer.word_halo import add_rim


@pytest.mark.gui
def test_bright_words_on_a_bright_scan_have_a_dark_rim(
    make_napari_viewer: Callable[..., napari.Viewer],
) -> None:
    viewer = make_napari_viewer(show=True)
    viewer.add_image(np.full((64, 64), 255, np.uint8), contrast_limits=(0, 255))
    text = {"string": "{text}", "color": "#ffe14d", "size": 14}
    words = viewer.add_points([[32, 32]], features={"text": ["78.0 mm"]}, text=text, size=0.01)

    def dark_pixels() -> int:
        picture = viewer.screenshot(canvas_only=True, flash=False)
        middle = picture[picture.shape[0] // 3 : -picture.shape[0] // 3, :, :3]
        return int((middle.max(axis=2) < 60).sum())

    without = dark_pixels()
    assert add_rim(viewer, words)
    assert dark_pixels() > without + 50


def test_without_a_window_words_stay_as_they_are() -> None:
    viewer = ViewerModel()
    words = viewer.add_layer(Points([[1.0, 2.0]]))
    assert not add_rim(viewer, words)
