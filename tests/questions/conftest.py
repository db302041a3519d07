"""A small body of boxes whose every number can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from napari_spatialmed.case import Case, make_case
from napari_spatialmed.geometry import CaseGeometry

SPACING_MM = 2.0
BOXES: dict[str, tuple[tuple[int, int], tuple[int, int], tuple[int, int]]] = {
    # name: (R, A, S) index ranges, half-open; R grows to the patient's right
    "liver": ((80, 130), (50, 90), (60, 95)),
    "spleen": ((20, 40), (30, 55), (65, 90)),
    "kidney_left": ((25, 42), (20, 40), (30, 62)),
    "kidney_right": ((90, 106), (20, 38), (25, 56)),
    "pancreas": ((45, 78), (60, 72), (45, 57)),
    "stomach": ((25, 60), (74, 100), (62, 94)),
    "aorta": ((62, 72), (34, 44), (0, 110)),
    "vertebrae_L1": ((57, 77), (10, 30), (40, 55)),
    "vertebrae_L3": ((57, 78), (10, 30), (5, 21)),
    "urinary_bladder": ((50, 82), (60, 85), (4, 24)),
    "gallbladder": ((96, 106), (90, 102), (50, 66)),
    "left_atrium": ((50, 69), (60, 79), (97, 109)),
    "adrenal_gland_left": ((46, 49), (26, 29), (66, 69)),
    "portal_vein": ((78, 84), (60, 66), (46, 60)),
    "inferior_vena_cava": ((78, 86), (34, 42), (0, 110)),
    "celiac_trunk": ((64, 68), (44, 54), (58, 62)),
}
LIVER_TUMOR = ((100, 112), (60, 72), (70, 82))
KIDNEY_TUMORS = (((42, 50), (22, 32), (40, 52)), ((30, 40), (40, 48), (34, 44)))
PANCREAS_TUMOR = ((70, 78), (60, 68), (47, 55))
"""Lies against the portal vein."""
CYST_CORNERS = ((84, 54, 64), (90, 80, 64), (118, 54, 88), (124, 80, 70), (90, 70, 88))
"""Five cysts of 4 × 4 × 4 voxels inside the liver."""
SHAPE = (140, 110, 110)


def fill(labels: np.ndarray, box: tuple[tuple[int, int], ...], value: int) -> None:
    labels[tuple(slice(*ends) for ends in box)] = value


def make_body(*, shift: dict[str, tuple[int, int, int]] | None = None) -> Case:
    """The body, with some of its boxes moved by whole voxels."""
    labels = np.zeros(SHAPE, np.uint8)
    names: dict[int, str] = {}
    for value, (name, box) in enumerate(BOXES.items(), start=1):
        by = (shift or {}).get(name, (0, 0, 0))
        moved = tuple((low + d, high + d) for (low, high), d in zip(box, by, strict=True))
        fill(labels, moved, value)
        names[value] = name
    names |= {20: "liver_tumor", 21: "kidney_tumor", 22: "pancreas_tumor", 23: "liver_cyst"}
    fill(labels, LIVER_TUMOR, 20)
    for box in KIDNEY_TUMORS:
        fill(labels, box, 21)
    fill(labels, PANCREAS_TUMOR, 22)
    for corner in CYST_CORNERS:
        fill(labels, tuple((low, low + 4) for low in corner), 23)
    return make_case(labels, np.diag([SPACING_MM] * 3 + [1.0]), names=names, modality="CT")


@pytest.fixture(scope="session")
def body() -> CaseGeometry:
    """For tests that only read."""
    return CaseGeometry(make_body())


@pytest.fixture
def editable_body() -> CaseGeometry:
    """For tests that paint on the labels."""
    return CaseGeometry(make_body())
