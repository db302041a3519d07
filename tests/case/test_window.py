"""The window that a CT is shown in: for the viewer when it opens, for the pictures that models get by what is asked about."""

from __future__ import annotations

import numpy as np
import pytest

from napari_spatialmed.case import make_case
from napari_spatialmed.case.window import choose_window, ct_preset


@pytest.mark.parametrize(
    ("names", "preset"),
    [
        (["lung_upper_lobe_left", "lung_lower_lobe_right", "trachea"], "Lung"),
        (["left upper third of the lung", "vessel in left upper third", "airway"], "Lung"),
        (["vertebrae_L1", "rib_left_7"], "Bone"),
        (["thalamus_left", "lateral_ventricle_right"], "Brain"),
        (["lung_upper_lobe_left", "heart", "aorta"], "Abdomen"),
        (["portal_vessel", "liver"], "Abdomen"),
        (["portal_vessel"], "Abdomen"),
    ],
)
def test_what_is_labelled_decides_unless_it_is_of_several_kinds(names: list[str], preset: str) -> None:
    labels = np.zeros((12, 4, 4), np.uint8)
    for n, _ in enumerate(names, start=1):
        labels[n] = n
    case = make_case(
        labels,
        np.eye(4),
        names=dict(enumerate(names, start=1)),
        image=labels.astype(np.int16),
        modality="CT",
    )
    assert ct_preset(case.structures) == preset
    assert choose_window(case, case.structures).title.startswith(f"{preset.lower()} window")


def test_nothing_labelled_is_shown_as_soft_tissue() -> None:
    assert ct_preset(()) == "Abdomen"


def test_hu_windows_are_for_ct_alone() -> None:
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[2:4] = 1
    case = make_case(labels, np.eye(4), names={1: "lung_left"}, image=100 * labels, modality="MR")
    assert choose_window(case, case.structures).title == "1st to 99.5th percentile"
