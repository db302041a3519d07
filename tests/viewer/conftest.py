"""A small labelled scan in a viewer without a window: what the viewer's logic is tested on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_spatialmed.case import Case, make_case
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.viewer.session import Session, session_for

NAMES = {1: "liver", 2: "spleen", 3: "kidney_left", 4: "aorta"}


@pytest.fixture
def case() -> Case:
    """Four blocks in (R, A, S) order at 1 × 1.5 × 2 mm: the liver at the patient's right, the spleen at the left."""
    labels = np.zeros((40, 36, 30), np.uint8)
    labels[24:36, 10:24, 10:22] = 1
    labels[4:12, 8:18, 12:22] = 2
    labels[8:14, 4:8, 2:9] = 3
    labels[18:21, 6:9, 0:30] = 4
    image = (labels.astype(np.int16) * 40) - 20
    affine = np.diag([1.0, 1.5, 2.0, 1.0])
    affine[:3, 3] = (-20, -30, 100)
    return make_case(labels, affine, names=NAMES, image=image, modality="CT")


@pytest.fixture
def geometry(case: Case) -> CaseGeometry:
    return CaseGeometry(case)


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


@pytest.fixture
def session(qapp: object, viewer: ViewerModel, case: Case) -> Iterator[Session]:
    """A session with the case on show."""
    found = session_for(viewer)
    found.set_case(case)
    yield found
    found.scene.close()


@pytest.fixture
def wait_for(qtbot: object) -> Callable[[Callable[[], bool]], None]:
    """Let the event loop run until something is true."""

    def wait(condition: Callable[[], bool]) -> None:
        qtbot.waitUntil(condition, timeout=60_000)  # type: ignore[attr-defined]

    return wait
