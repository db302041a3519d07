"""Window and level by dragging, typing and presets: one window for all views."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_spatialmed.case import Case
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.window_level import DOUBLED_IN_PX


def drag(viewer: ViewerModel, right: float, down: float, *, keys: tuple[str, ...] = ("Control",)) -> Any:
    """Press in the middle, move and let go; returns the press."""
    event = SimpleNamespace(
        type="mouse_press", button=1, modifiers=keys, pos=(50.0, 50.0), position=(40.0, 20.0, 30.0),
        view_direction=None, handled=False,
    )  # fmt: skip
    running = [f(viewer, event) for f in viewer.mouse_drag_callbacks]
    running = [steps for steps in running if steps is not None]
    for steps in running:
        next(steps, None)
    taken = event.handled
    for kind, place in (
        ("mouse_move", (50.0 + right, 50.0 + down)),
        ("mouse_release", (50.0 + right, 50.0 + down)),
    ):
        event.type, event.pos = kind, place
        for steps in running:
            next(steps, None)
    return taken


def test_ctrl_and_a_drag_to_the_right_widens_and_one_upwards_raises_the_level(
    session: Session, viewer: ViewerModel
) -> None:
    window = session.scene.window_level
    assert (window.preset, window.value) == ("Abdomen", (350, 40))
    assert drag(viewer, DOUBLED_IN_PX, 0), "napari neither shifts nor zooms"
    assert window.value is not None
    assert window.value[0] > 700 - 1
    assert window.preset is None
    session.scene.set_window(-135, 215)
    drag(viewer, 0, -DOUBLED_IN_PX)
    assert window.value == (350, 40 + 175)
    assert session.scene._readout.overlay.text.replace("\n", " ") == "W 350  L 215 HU"
    window.next_preset()
    assert (window.preset, window.value) == ("Abdomen", (350, 40)), "from one's own window back to the first"
    window.next_preset()
    assert window.preset == "Liver"


def test_without_ctrl_in_3d_or_with_a_brush_a_drag_is_naparis(session: Session, viewer: ViewerModel) -> None:
    assert not drag(viewer, 90, 0, keys=())
    session.scene.set_editing(True)
    assert not drag(viewer, 90, 0)
    session.scene.set_editing(False)
    viewer.dims.ndisplay = 3
    assert not drag(viewer, 90, 0)
    assert session.scene.window_level.preset == "Abdomen"


def test_ctrl_and_a_click_still_chooses(session: Session, viewer: ViewerModel, case: Case) -> None:
    place = np.argwhere(case.labels == 2)[0] * case.spacing
    session.select(["liver"])
    event = SimpleNamespace(
        type="mouse_press", button=1, modifiers=("Control",), pos=(50.0, 50.0), position=tuple(place),
        view_direction=None, handled=False,
    )  # fmt: skip
    running = [f(viewer, event) for f in viewer.mouse_drag_callbacks]
    running = [steps for steps in running if steps is not None]
    for steps in running:
        next(steps, None)
    event.type = "mouse_release"
    for steps in running:
        next(steps, None)
    assert session.selection == ("liver", "spleen")
    assert session.scene.window_level.preset == "Abdomen"


def test_a_window_without_a_scale_has_steps_that_fit_the_scan(session: Session, case: Case) -> None:
    assert case.image is not None
    scan = case.image.astype(np.float32) / 140
    session.set_case(Case(case.labels, case.affine, case.structures, image=scan, modality="MR"))
    window = session.scene.window_level
    assert window.step == pytest.approx(0.001)
    assert "HU" not in window.text()
    window.set(0.5004, 1e9)
    assert window.value == pytest.approx((0.5, window.range[1]))
    session.set_case(Case(case.labels, case.affine, case.structures))
    assert window.value is None
    window.set(1, 1)
    window.next_preset()
    assert window.text() == ""


def test_naparis_own_contrast_slider_is_followed_once(session: Session, qtbot: Any) -> None:
    image = session.scene.case_layers.image
    assert image is not None
    told: list[None] = []
    session.scene.looks_changed.connect(lambda: told.append(None))
    image.contrast_limits = (-50, 150.5)
    qtbot.waitUntil(lambda: session.scene.case_layers.window == (-50, 150.5))
    qtbot.wait(100)
    assert len(told) == 1
