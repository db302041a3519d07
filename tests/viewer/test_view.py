"""Left is left: what is on which side of the picture, in numbers and letters."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_spatialmed.case import Case
from napari_spatialmed.viewer.letters import OrientationLetters
from napari_spatialmed.viewer.looking import VIEW_DIRECTIONS
from napari_spatialmed.viewer.picking import first_label_on_ray
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.space import ras_from_world, ras_text, world_from_ras

SIDES = {  # looked at from: left, right, top, bottom edge of the screen
    "A": "RLSI",
    "P": "LRSI",
    "R": "PASI",
    "L": "APSI",
    "I": "RLAP",
    "S": "LRAP",
}


def edges(letters: OrientationLetters) -> str:
    found = letters.letters()
    return found["left"] + found["right"] + found["top"] + found["bottom"]


def test_world_and_patient_space_are_inverse_on_an_oblique_grid(case: Case) -> None:
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]]
    oblique = Case(case.labels, turn @ case.affine, case.structures)
    points = np.array([[1.0, 2.0, 3.0], [-40.0, 12.0, 88.0]])
    np.testing.assert_allclose(ras_from_world(oblique, world_from_ras(oblique, points)), points, atol=1e-9)


def test_the_patients_right_lies_at_the_start_of_the_last_axis(case: Case) -> None:
    liver, spleen = (np.argwhere(case.labels == n).mean(axis=0) for n in (1, 2))
    assert liver[2] < spleen[2]
    right, left = world_from_ras(case, [[15.0, 0, 130], [-15.0, 0, 130]])
    assert right[2] < left[2]


def test_a_place_is_told_by_its_letters() -> None:
    assert ras_text((-12.34, 5, 100)) == "L 12.3  A 5.0  S 100.0 mm"


@pytest.mark.parametrize(
    ("order", "expected"), [((0, 1, 2), "RLAP"), ((1, 0, 2), "RLSI"), ((2, 0, 1), "APSI")]
)
def test_letters_of_the_three_planes(
    session: Session, viewer: ViewerModel, order: tuple[int, ...], expected: str
) -> None:
    viewer.dims.order = order
    assert edges(session.scene.letters) == expected


@pytest.mark.parametrize("side", SIDES)
def test_letters_of_the_six_views_in_3d(session: Session, viewer: ViewerModel, side: str) -> None:
    session.scene.view_from(side)
    assert edges(session.scene.letters) == SIDES[side]
    assert set(VIEW_DIRECTIONS) == set(SIDES)


def test_an_oblique_view_names_two_directions_at_an_edge(session: Session, viewer: ViewerModel) -> None:
    viewer.dims.ndisplay = 3
    viewer.scene.camera.set_view_direction((0, 1, 1), (-1, 0, 0))
    assert session.scene.letters.letters()["left"] in ("RP", "PR")


def test_a_ray_hits_the_first_shown_label(case: Case) -> None:
    shown = np.array([False, True, True, True, True])
    row = np.argwhere(case.labels == 1).mean(axis=0) * case.spacing
    start = np.array([row[0], row[1], -500.0])
    hit = first_label_on_ray(case.labels, case.spacing, start, (0, 0, 1), shown)
    assert hit is not None
    assert hit[0] == 1
    first = np.argwhere(case.labels == 1)[:, 2].min() * case.spacing[2]
    assert hit[1][2] == pytest.approx(first, abs=case.spacing[2])
    shown[1] = False
    behind = first_label_on_ray(case.labels, case.spacing, start, (0, 0, 1), shown)
    assert behind is not None
    assert behind[0] == 2
    assert first_label_on_ray(case.labels, case.spacing, start, (0, 1, 0), shown) is None


def test_a_ray_into_what_is_cut_by_the_scans_border_hits_a_voxel() -> None:
    labels = np.ones((4, 4, 4), np.uint8)
    for direction in np.vstack([np.eye(3), -np.eye(3)]):
        start = 6.0 - 50 * direction
        hit = first_label_on_ray(labels, (3, 3, 3), start, direction, np.array([False, True]))
        assert hit is not None
        index = np.rint(hit[1] / 3).astype(int)
        assert labels[tuple(index)] == 1, "its place is one of the scan's"


def test_a_narrow_picture_has_its_words_below_one_another_and_a_shorter_scale_bar(
    session: Session, viewer: ViewerModel
) -> None:
    bar, readout = viewer.canvas.overlays.scale_bar, session.scene._readout
    viewer.scene.camera.zoom = 1.0
    viewer.canvas.size = (400, 1000)
    session.scene.say("liver  ·  R 1.0  A 2.0  S 3.0 mm")
    assert bar.length is None
    assert "\n" not in readout.overlay.text
    session.scene.say("anterior hippocampus  ·  R 30.0  A 5.0  S 18.0 mm  ·  48")
    assert "\n" in readout.overlay.text, "one line would cover the letter in the middle"
    viewer.canvas.size = (300, 300)
    session.scene.say("liver  ·  R 1.0  A 2.0  S 3.0 mm")
    assert bar.length == 100.0, "mm; of 118 pixels between the letter and the edge"
    assert readout.overlay.text.split("\n") == ["liver", "R 1.0", "A 2.0", "S 3.0 mm"]
    viewer.scene.camera.zoom = 7.0
    assert bar.length == 10.0
