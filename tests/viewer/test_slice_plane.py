"""The scan's slice in 3D: which voxel is drawn where, in which grey, and what the 3D view leaves alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_spatialmed.case import Case
from napari_spatialmed.viewer.case_pictures import label_colors
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.slice_plane import SlicePlane

Wait = Callable[[Callable[[], bool]], None]
UNTINTED = np.zeros((0, 4), np.float32)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_every_corner_of_the_picture_lies_at_its_own_voxel(case: Case, axis: int) -> None:
    plane = SlicePlane({})
    plane.set_case(case, (0.0, 100.0), 3, UNTINTED)
    plane.move(axis, 7)
    image, layer = case.image, plane.layer
    assert image is not None
    np.testing.assert_array_equal(
        layer.texture[..., 0], np.clip(np.take(image, 7, axis=axis) * 2.55, 0, 255).astype(np.uint8)
    )
    rows, columns = layer.texture.shape[:2]
    across = [n for n in range(3) if n != axis]
    for place, (u, v) in zip(layer.data[0], layer.texcoords, strict=True):
        # napari's texture coordinates count from the lower left of the picture.
        edge = np.array([(1 - v) * rows, u * columns]) - 0.5
        np.testing.assert_allclose(place[across], edge * case.spacing[across], rtol=1e-5)
        assert place[axis] == pytest.approx(7 * case.spacing[axis])


def test_the_plane_follows_the_window_and_stays_within_the_scan(case: Case) -> None:
    plane = SlicePlane({})
    plane.set_case(case, (0.0, 100.0), 3, UNTINTED)
    plane.set_window(-20.0, -19.0)
    assert plane.layer.texture.max() == 255
    plane.move(0, 10_000)
    assert plane.layer.data[0][0, 0] == pytest.approx((case.labels.shape[0] - 1) * case.spacing[0])


def test_the_plane_shows_structures_in_their_colours_as_strongly_as_2d_does(
    session: Session, viewer: ViewerModel
) -> None:
    case, layers = session.case, session.scene.case_layers
    layers.labels.opacity = 0.25
    viewer.dims.ndisplay = 3
    liver = case["liver"].label
    where = np.argwhere(case.labels == liver)
    index = int(np.bincount(where[:, 0]).argmax())
    layers.move_plane(0, index)
    row, column = where[where[:, 0] == index][0, 1:]
    low, high = layers.image.contrast_limits
    grey = np.clip((float(case.image[index, row, column]) - low) / (high - low), 0, 1)
    expected = 0.75 * grey + 0.25 * np.asarray(session.scene.colors["liver"]) / 255
    np.testing.assert_allclose(layers.plane.layer.texture[row, column] / 255, expected, atol=0.01)
    session.scene.hide(["liver"])
    np.testing.assert_allclose(layers.plane.layer.texture[row, column] / 255, grey, atol=0.01)


def test_the_plane_shows_what_was_painted_since(session: Session, viewer: ViewerModel) -> None:
    layers = session.scene.case_layers
    viewer.dims.ndisplay = 3
    index = viewer.dims.current_step[0]
    row, column = np.argwhere(session.case.labels[index] == 0)[0]
    before = layers.plane.layer.texture[row, column].copy()
    session.scene.set_editing(True)
    layers.labels.data_setitem(
        (np.array([index]), np.array([row]), np.array([column])), session.case["liver"].label
    )
    viewer.dims.ndisplay = 3
    assert viewer.dims.current_step[0] == index
    assert not np.array_equal(layers.plane.layer.texture[row, column], before)


def test_coming_to_3d_the_plane_lies_at_the_slice_one_left(session: Session, viewer: ViewerModel) -> None:
    viewer.dims.ndisplay = 3
    viewer.dims.ndisplay = 2
    viewer.dims.set_current_step(0, 2)
    viewer.dims.ndisplay = 3
    height = session.scene.case_layers.plane.layer.data[0][0, 0]
    assert height == pytest.approx(2 * session.case.spacing[0])
    session.scene.cut.across(1)
    viewer.dims.ndisplay = 2
    viewer.dims.ndisplay = 3
    at = session.scene.case_layers.plane.layer.data[0][:, 1]
    assert np.ptp(at) == 0, "a cut keeps its plane"


def test_napari_never_slices_the_scan_for_3d(session: Session, viewer: ViewerModel) -> None:
    """It would copy the whole volume into a texture, in floats, before our layers could be hidden."""
    seen: list[str] = []
    image, labels = session.scene.case_layers.image, session.scene.case_layers.labels
    assert image is not None
    assert labels is not None
    image.events.set_data.connect(lambda event: seen.append("scan"))
    labels.events.set_data.connect(lambda event: seen.append("labels"))
    viewer.dims.ndisplay = 3
    assert seen == []
    viewer.dims.ndisplay = 2
    assert set(seen) == {"scan", "labels"}


def test_a_jump_in_3d_leaves_the_surfaces_on_the_graphics_card(
    session: Session, viewer: ViewerModel, wait_for: Wait
) -> None:
    viewer.dims.ndisplay = 3
    wait_for(lambda: session.scene.surfaces.complete and bool(session.scene.surfaces.built))
    surface = next(layer for layer in viewer.layers if layer.name.startswith("Surfaces"))
    loaded: list[str] = []
    surface.events.set_data.connect(lambda event: loaded.append("again"))
    session.scene.jump_to(["spleen"])
    assert loaded == []
    session.scene.hide(["spleen"])
    wait_for(lambda: bool(loaded))


def test_labels_are_coloured_as_the_table_says_whatever_their_width(case: Case) -> None:
    colors = label_colors(case, hidden={2})
    for width in (np.uint8, np.uint16):
        mapped = colors.map(np.array([[0, 1, 2, 200]], width))
        np.testing.assert_allclose(mapped[0, 1, :3] * 255, case["liver"].color, atol=1e-3)
        np.testing.assert_array_equal(mapped[0, [0, 2, 3], 3], 0)
