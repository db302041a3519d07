"""The crosshair where it belongs in every view, and the third side view beside the 3D one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import napari
import numpy as np
import pytest
from qtpy.QtWidgets import QDockWidget

from napari_spatialmed.case import Case, make_case
from napari_spatialmed.viewer import commands
from napari_spatialmed.viewer.case_dock import CaseDock
from napari_spatialmed.viewer.crosshair import CROSSHAIR
from napari_spatialmed.viewer.orthogonal import IN_3D, OrthogonalViews
from napari_spatialmed.viewer.session import Session, session_for
from napari_spatialmed.viewer.side_view import SideView
from napari_spatialmed.viewer.workspace import show_dock

pytestmark = pytest.mark.gui
Wait = Callable[[Callable[[], bool]], None]
Maker = Callable[..., napari.Viewer]
HERE = (14, 40, 11)
"""The one bright voxel, as (S, A, R) index of the case: far from every middle."""
_INK = np.array([int(CROSSHAIR[n : n + 2], 16) for n in (1, 3, 5)])


def marked_case() -> Case:
    """Voxels of 1.5 × 0.8 × 4 mm, dark, with one bright voxel and one structure far from it."""
    labels = np.zeros((50, 60, 20), np.uint8)
    labels[30:44, 6:20, 2:6] = 1
    image = np.full(labels.shape, -200, np.int16)
    image[HERE] = 3000
    return make_case(labels, np.diag([1.5, 0.8, 4.0, 1.0]), names={1: "liver"}, image=image, modality="CT")


@pytest.fixture
def session(make_napari_viewer: Maker) -> Session:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(900, 700)
    found = session_for(viewer)
    found.set_case(marked_case())
    return found


def bright_place(case: Case) -> np.ndarray:
    """The bright voxel's middle in the world, mm."""
    assert case.image is not None
    return np.argwhere(case.image == 3000)[0] * case.spacing


def canvas_of(model: Any, qt_viewer: Any) -> np.ndarray:
    """What one view shows, as RGB."""
    picture = qt_viewer.screenshot(flash=False)
    return np.asarray(picture)[..., :3].astype(int)


def crossing(picture: np.ndarray) -> tuple[float, float]:
    """Row and column where the lines of the crosshair's colour meet, in pixels."""
    drawn = np.abs(picture - _INK).sum(axis=2) < 90
    rows, columns = drawn.sum(axis=1), drawn.sum(axis=0)
    assert rows.max() > 30
    assert columns.max() > 30
    return tuple(float(np.flatnonzero(n > 0.5 * n.max()).mean()) for n in (rows, columns))  # type: ignore[return-value]


def bright_spot(picture: np.ndarray) -> tuple[float, float]:
    """Row and column of the bright voxel's middle, in pixels, away from letters and scale bar."""
    inner = np.zeros(picture.shape[:2], bool)
    h, w = inner.shape
    inner[h // 20 : -h // 6, w // 20 : -w // 20] = True
    row, column = np.argwhere((picture > 245).all(axis=2) & inner).mean(axis=0)
    return float(row), float(column)


def test_the_crosshair_meets_in_the_voxel_it_stands_for(session: Session, qtbot: Any) -> None:
    viewer, scene, case = session.scene.viewer, session.scene, session.case
    assert case is not None
    qt_viewer = viewer.window._qt_viewer
    scene.letters.show(False)
    place = bright_place(case)
    for axis in range(3):
        scene.show_plane(axis)
        for flipped in (False, True):
            viewer.scene.camera.orientation2d = ("up", "left") if flipped else ("down", "right")
            viewer.dims.set_point((0, 1, 2), tuple(place))
            picture = canvas_of(viewer, qt_viewer)
            # The gap leaves the voxel free: it is as bright as it was.
            np.testing.assert_allclose(crossing(picture), bright_spot(picture), atol=2.0)
            # And it is where napari itself says that this place lies on the canvas.
            x, y = place[list(viewer.dims.displayed)][::-1]
            view = qt_viewer.canvas.view
            there = (view.transform * view.scene.transform).map([x, y, 0, 1])
            ratio = picture.shape[1] / qt_viewer.canvas.size[1]
            np.testing.assert_allclose(crossing(picture), np.asarray(there[[1, 0]]) * ratio, atol=2.0)
    assert not any("cross" in layer.name.lower() for layer in viewer.layers), "no layer that could be chosen"


def lines_of(viewer: Any) -> int:
    """How many pixels of the main canvas have the crosshair's colour."""
    picture = canvas_of(viewer, viewer.window._qt_viewer)
    return int((np.abs(picture - _INK).sum(axis=2) < 90).sum())


def test_the_scale_bar_is_as_long_as_it_says_in_a_narrow_picture(session: Session, qtbot: Any) -> None:
    viewer = session.scene.viewer
    bar = viewer.canvas.overlays.scale_bar
    for width, factor in ((320, 1.0), (320, 5.0), (240, 1.0), (500, 1.0), (240, 0.01), (320, 1.0)):
        viewer.canvas.size = (400, width)
        viewer.scene.camera.zoom *= factor
        qtbot.wait(50)
        (drawn,) = (
            o
            for o in viewer.window._qt_viewer.canvas._viewer_overlay_to_visual[bar]
            if hasattr(o, "_current_length")
        )
        assert drawn._current_length < viewer.canvas.size[1] / 2 - 20
        said_mm = (
            float(drawn.node.text.text.split()[0])
            * {"mm": 1, "cm": 10, "m": 1000, "µm": 1e-3}[drawn.node.text.text.split()[1]]
        )
        assert drawn._current_length == pytest.approx(said_mm * viewer.scene.camera.zoom, rel=1e-3)


def test_the_crosshair_goes_by_key_and_button_and_keeps_out_of_painting(
    make_napari_viewer: Maker, qtbot: Any
) -> None:
    viewer = make_napari_viewer(show=True)
    commands.workspace(viewer)
    session = session_for(viewer)
    bar, dock = show_dock(viewer, "Workspace"), show_dock(viewer, "Case")
    assert isinstance(dock, CaseDock)
    bar._act("crosshair")
    assert session.scene.crosshairs.on, "without a case the key does nothing"
    session.set_case(marked_case())
    assert lines_of(viewer) > 100
    bar._act("crosshair")
    assert lines_of(viewer) == 0
    assert not dock.crosshair.isChecked()
    dock.crosshair.click()
    assert lines_of(viewer) > 100
    session.scene.set_editing(True)
    assert lines_of(viewer) == 0
    session.scene.set_editing(False)
    assert lines_of(viewer) > 100
    session.scene.view_from("A")
    assert lines_of(viewer) == 0


def in_structures_colour(view: SideView, case: Case) -> int:
    """How many pixels of a view have the hue of the case's one structure."""
    picture = canvas_of(view.model, view.widget).astype(float)
    wanted = np.asarray(case.structures[0].color, float)
    cosine = (picture @ wanted) / np.maximum(np.linalg.norm(picture, axis=2) * np.linalg.norm(wanted), 1)
    return int(((np.linalg.norm(picture, axis=2) > 60) & (cosine > 0.985)).sum())


def test_beside_3d_there_are_all_three_planes_for_every_case(
    session: Session, wait_for: Wait, qtbot: Any
) -> None:
    viewer, scene = session.scene.viewer, session.scene
    side = show_dock(viewer, "Orthogonal views")
    assert isinstance(side, OrthogonalViews)
    wait_for(lambda: session.turns.idle)
    assert list(side.views) == ["Coronal", "Sagittal"]
    scene.view_from("A")
    assert list(side.views) == ["Coronal", "Sagittal"], "not in the turn that switches"
    wait_for(
        lambda: IN_3D in side.views and side.views[IN_3D].layers.case is session.case and session.turns.idle
    )
    third = side.views[IN_3D]
    assert [view.title.text() for view in side.views.values()] == ["Axial", "Coronal", "Sagittal"]
    scene.jump_to(["liver"])
    wait_for(lambda: third.model.dims.point == viewer.dims.point)
    assert in_structures_colour(third, session.case) > 50
    # The slice in 3D goes with the axial view.
    third._main.dims.set_current_step(0, 3)
    plane = scene.case_layers.plane
    wait_for(lambda: np.allclose(plane.layer.data[0][:, 0], 3 * session.case.spacing[0]))
    scene.show_plane(0)
    wait_for(lambda: not third.widget.isVisible())
    session.set_case(marked_case())
    wait_for(lambda: session.turns.idle)
    assert third.layers.case is None, "what isn't seen holds no scan"
    scene.view_from("A")
    scene.jump_to(["liver"])
    wait_for(lambda: third.layers.case is session.case and session.turns.idle)
    assert in_structures_colour(third, session.case) > 50


def test_a_closed_dock_of_side_views_takes_no_harm_from_another_scan(
    session: Session, wait_for: Wait, qtbot: Any
) -> None:
    viewer = session.scene.viewer
    side = show_dock(viewer, "Orthogonal views")
    assert isinstance(side, OrthogonalViews)
    assert not side.empty.isVisible()
    wait_for(lambda: all(view.layers.case is session.case for view in side.views.values()))
    dock = next(d for d in viewer.window._qt_window.findChildren(QDockWidget) if d.isAncestorOf(side))
    dock.hide()
    session.set_case(marked_case())
    session.scene.set_palette("safe")
    session.scene.set_palette("steady")
    qtbot.wait(50)
    dock.show()
    wait_for(
        lambda: session.turns.idle and all(view.layers.case is session.case for view in side.views.values())
    )
    session.scene.jump_to(["liver"])
    coronal = side.views["Coronal"]
    wait_for(lambda: coronal.model.dims.point == viewer.dims.point)
    assert in_structures_colour(coronal, session.case) > 20


def test_side_views_without_a_scan_teach(make_napari_viewer: Maker) -> None:
    viewer = make_napari_viewer(show=True)
    side = show_dock(viewer, "Orthogonal views")
    assert isinstance(side, OrthogonalViews)
    assert side.empty.isVisible()
    assert "Case dock" in side.empty.text()
    assert side.empty.size() == side.size()
    session_for(viewer).set_case(marked_case())
    assert not side.empty.isVisible()
