"""What is selected is refined, whatever the budget of the rest, and no longer than it is selected."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_spatialmed.case import Case
from napari_spatialmed.viewer import surface_building
from napari_spatialmed.viewer.session import Session

Wait = Callable[[Callable[[], bool]], None]


def test_a_selected_structure_is_shown_finer_than_the_budget_allows_all(
    session: Session, viewer: ViewerModel, wait_for: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surface_building, "FACES_OF_ALL_SURFACES", 400)
    surfaces = session.scene.surfaces
    viewer.dims.ndisplay = 3
    wait_for(lambda: surfaces.complete and bool(surfaces.built))
    coarse = len(surfaces._surfaces[1][1])
    session.select(["liver"])
    wait_for(lambda: surfaces.complete)
    shown = viewer.layers["Selected · 3D"].data
    assert len(shown[1]) > 2 * coarse
    low, high = shown[0].min(axis=0), shown[0].max(axis=0)
    voxels = np.argwhere(session.case.labels == 1) * session.case.spacing
    np.testing.assert_allclose([low, high], [voxels.min(axis=0), voxels.max(axis=0)], atol=2.0)
    session.select([])
    assert surfaces._fine == {}


def test_the_next_case_has_no_surfaces_in_its_slices(
    session: Session, viewer: ViewerModel, case: Case, wait_for: Wait
) -> None:
    surfaces = session.scene.surfaces
    viewer.dims.ndisplay = 3
    wait_for(lambda: surfaces.complete and bool(surfaces.built))
    session.set_case(Case(case.labels.copy(), case.affine, case.structures, case.image))
    assert viewer.dims.ndisplay == 2
    session.select(["liver"])
    session.scene.surfaces.forget([1])
    assert not surfaces.work.running
    wait_for(lambda: surfaces.complete and session.turns.idle)
    assert [layer.name for layer in viewer.layers if layer.visible and "3D" in layer.name] == []
    viewer.dims.ndisplay = 3
    wait_for(lambda: surfaces.complete and bool(surfaces.built))
    assert viewer.layers["Selected · 3D"].visible
