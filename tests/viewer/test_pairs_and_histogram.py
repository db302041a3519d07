"""The matrix of pairs, the histogram, and the patch where two structures meet."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from napari_spatialmed.case import make_case
from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.viewer.drawings import drawing_of
from napari_spatialmed.viewer.histogram import histograms
from napari_spatialmed.viewer.pairs_matrix import PairsPanel
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.work import Job, Work

Wait = Callable[[Callable[[], bool]], None]


def lesion_in_a_liver() -> CaseGeometry:
    labels = np.zeros((30, 30, 30), np.uint8)
    labels[5:25, 5:25, 5:25] = 1
    labels[12:16, 12:16, 12:16] = 2
    image = np.where(labels == 1, 60, 30).astype(np.int16)
    image[5, 5, 5:15] = -1000
    return CaseGeometry(make_case(labels, np.eye(4), names={1: "liver", 2: "liver_tumor"}, image=image))


def test_where_the_order_matters_the_matrix_has_both(session: Session, qtbot: QtBot, wait_for: Wait) -> None:
    geometry = lesion_in_a_liver()
    session.set_case(geometry.case, geometry)
    panel = PairsPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    panel.calculator.setCurrentIndex(panel.calculator.findData("overlap_after_dilation"))
    session.select(["liver_tumor", "liver"])
    wait_for(lambda: panel.model.rowCount() == 2)
    # All around the lesion is liver; but little of what is around the liver is lesion: none, it lies inside.
    first, second = (panel.model.cell(panel.model.index(*at)) for at in ((0, 1), (1, 0)))
    assert first is not None
    assert second is not None
    assert first.value == pytest.approx(1.0)
    assert second.value == pytest.approx(
        measure(geometry, "overlap_after_dilation", "liver", "liver_tumor").value
    )
    assert second.value < 0.2
    assert "row to column" in panel.scale.accessibleDescription()
    panel.calculator.setCurrentIndex(panel.calculator.findData("surface_distance_mm"))
    wait_for(lambda: "row" not in panel.scale.accessibleDescription())
    assert panel.model.cell(panel.model.index(0, 1)) is panel.model.cell(panel.model.index(1, 0))


def test_a_few_voxels_of_gas_do_not_press_the_curves_into_a_corner(qapp: object) -> None:
    geometry = lesion_in_a_liver()
    found = histograms(Job(Work(), 0), geometry, ("liver", "liver_tumor"))
    assert found.low > 0
    assert found.high < 100
    assert [round(c.shares.sum(), 2) for c in found.curves] == [1.0, 1.0]


def test_a_contact_is_drawn_as_the_faces_that_the_two_share() -> None:
    geometry = lesion_in_a_liver()
    found = measure(geometry, "contact_area_mm2", "liver_tumor", "liver")
    drawing = drawing_of(found, geometry)
    assert drawing is not None
    assert len(drawing.patch) == found.value == 6 * 16
    places = np.array(drawing.patch)
    # Every face lies half a voxel outside of the lesion's outer voxel centres.
    centre = np.asarray(measure(geometry, "centroid_ras_mm", "liver_tumor").value)
    assert np.abs(places - centre).max(axis=1) == pytest.approx(2.0)
    assert np.abs(np.asarray(drawing.words[0][0]) - centre).max() > 2.0
