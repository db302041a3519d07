"""The mouse in the picture finds rows, a row finds its structure; a cut hides from the mouse what it hides from the eye."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QEvent, Qt

from napari_spatialmed.case import Case
from napari_spatialmed.geometry import measure
from napari_spatialmed.viewer.clicks import place_at
from napari_spatialmed.viewer.cut_row import CutRow
from napari_spatialmed.viewer.drawings import drawing_key
from napari_spatialmed.viewer.pointing import POINTED, drawing_at
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.structures_model import NAME
from napari_spatialmed.viewer.structures_table import StructuresTable

Wait = Callable[[Callable[[], bool]], None]


def centre(case: Case, name: str) -> np.ndarray:
    return np.argwhere(case.labels == case[name].label).mean(axis=0) * case.spacing


def move(viewer: ViewerModel, session: Session, place: np.ndarray) -> None:
    event = SimpleNamespace(position=tuple(place), view_direction=None)
    session.scene.hover._on_move(viewer, event)


def test_the_row_of_what_the_mouse_is_on_is_bold(
    session: Session, viewer: ViewerModel, case: Case, wait_for: Wait
) -> None:
    table = StructuresTable(session)
    wait_for(lambda: not table.work.running)

    def bold() -> list[str]:
        rows = [table.model.index(n, NAME) for n in range(table.model.rowCount())]
        return [r.data() for r in rows if (font := r.data(Qt.ItemDataRole.FontRole)) and font.bold()]

    move(viewer, session, centre(case, "spleen"))
    assert bold() == ["spleen"]
    move(viewer, session, np.array([-50.0, 0, 0]))
    assert bold() == []


def test_a_row_under_the_mouse_is_boxed_in_the_picture(session: Session, wait_for: Wait) -> None:
    table = StructuresTable(session)
    wait_for(lambda: not table.work.running)
    table.table.entered.emit(table.filter.index(2, NAME))
    wait_for(lambda: POINTED in session.scene.drawing_layers.drawings)
    assert session.scene.drawing_layers.drawings[POINTED].structures == ("liver",)
    table.eventFilter(table.table.viewport(), QEvent(QEvent.Type.Leave))
    assert session.scene.drawing_layers.drawings == {}


def test_a_drawn_measurement_is_found_under_the_mouse(
    session: Session, viewer: ViewerModel, case: Case
) -> None:
    found = measure(session.geometry, "centre_distance_mm", "liver", "spleen")
    session.scene.draw([found])
    told: list[object] = []
    session.scene.pointing.drawing.connect(told.append)
    viewer.scene.camera.zoom = 4.0  # 8 pixels are 2 mm
    middle = (centre(case, "liver") + centre(case, "spleen")) / 2
    move(viewer, session, middle + np.array([0, 1.0, 0]))
    move(viewer, session, middle + np.array([0, 6.0, 0]))
    assert told == [drawing_key(found), None]
    viewer.dims.ndisplay = 3
    # From far in front, along the ray through the line's middle.
    assert drawing_at(session.scene, middle - np.array([0, 300.0, 0]), np.array([0.0, 1, 0])) == drawing_key(
        found
    )
    assert drawing_at(session.scene, middle - np.array([9.0, 300.0, 0]), np.array([0.0, 1, 0])) is None


@pytest.mark.parametrize(("flipped", "expected"), [(False, "spleen"), (True, "liver")])
def test_what_is_cut_away_cannot_be_pointed_at(
    session: Session, case: Case, flipped: bool, expected: str
) -> None:
    session.scene.view_from("R")
    height = centre(case, "liver")[0], centre(case, "spleen")[1]
    ray = np.array([*height, -200.0]), np.array([0.0, 0.0, 1.0])
    assert place_at(session.scene, *ray)[0] == "liver"
    session.scene.cut.across(2)
    if flipped:
        session.scene.cut.flip()
    assert place_at(session.scene, *ray)[0] == expected
    session.scene.cut.across(None)
    assert place_at(session.scene, *ray)[0] == "liver"


def test_the_cut_reaches_every_surface_and_takes_the_slice_along(
    session: Session, viewer: ViewerModel, wait_for: Wait, qtbot: object
) -> None:
    row = CutRow(session)
    qtbot.addWidget(row)  # type: ignore[attr-defined]
    session.scene.view_from("A")
    row.planes.setCurrentIndex(row.planes.findData(1))
    row.planes.activated.emit(row.planes.currentIndex())
    wait_for(lambda: session.scene.surfaces.complete)
    row.place.setValue(7)
    surfaces = [layer for layer in viewer.layers if layer.metadata.get("spatialmed") == "surface"]
    assert surfaces
    for layer in surfaces:
        plane = layer.experimental_clipping_planes[0]
        assert plane.position == pytest.approx((0, 7 * 1.5, 0))
        assert plane.normal == (0, 1, 0)
    corners = viewer.layers["Slice plane"].data[0]
    assert set(corners[:, 1]) == {7 * 1.5}
    row.flip.click()
    assert surfaces[0].experimental_clipping_planes[0].normal == (0, -1, 0)
    session.scene.show_plane(0)
    assert row.isHidden()


def test_one_step_of_the_slider_stays_one_slice(session: Session, viewer: ViewerModel) -> None:
    session.scene.draw([measure(session.geometry, "centre_distance_mm", "liver", "spleen")])
    assert [r.step for r in viewer.dims.range] == [2.0, 1.5, 1.0]
    assert viewer.dims.nsteps == session.case.labels.shape


def test_what_is_under_the_mouse_stays_true_as_slices_go_by(
    session: Session, viewer: ViewerModel, case: Case
) -> None:
    overlay, told = session.scene._readout.overlay, []
    session.scene.pointing.structure.connect(told.append)
    viewer.mouse_over_canvas = True
    place = centre(case, "aorta")
    viewer.dims.set_point(0, float(place[0]))
    move(viewer, session, place)
    assert "aorta" in overlay.text
    liver = centre(case, "liver")
    move(viewer, session, np.array([place[0], *liver[1:]]))
    viewer.dims.set_point(0, float(np.argwhere(case.labels == case["liver"].label)[0, 0] * case.spacing[0]))
    assert "liver" in overlay.text, "another slice came under the mouse"
    viewer.dims.set_point(0, 0.0)
    assert "liver" not in overlay.text
    assert told == ["aorta", None, "liver", None] or told == ["aorta", "liver", None]
    move(viewer, session, liver)
    viewer.scene.camera.zoom *= 2
    assert not overlay.visible, "the picture went away from under the mouse"
    move(viewer, session, liver)
    viewer.mouse_over_canvas = False
    assert not overlay.visible
    assert told[-1] is None
    session.scene.say("lung")
    viewer.scene.camera.zoom *= 2
    assert overlay.visible, "what was said stays until the mouse moves"
