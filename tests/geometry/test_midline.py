"""Where the body's midline lies, and when nothing tells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_spatialmed.case import open_case
from napari_spatialmed.case.model import Case, Modality, Provenance, Side, Structure
from napari_spatialmed.geometry import CaseGeometry, measure

from .conftest import plain_affine

AIR: dict[str, float] = {"CT": -1000, "MR": 4}
TISSUE: dict[str, float] = {"CT": 40, "MR": 300}
MIDDLE = 60 - 74.5
"""R in mm of the middle between columns 20 and 129."""


def trunk(modality: Modality, columns: tuple[int, int] = (20, 130)) -> NDArray[np.float32]:
    """A body 40 mm deep; in MR the air holds noise."""
    rng = np.random.default_rng(0)
    image = np.full((20, 60, 160), AIR[modality], np.float32)
    image[:, 10:50, columns[0] : columns[1]] = TISSUE[modality]
    if modality == "MR":
        image += rng.rayleigh(4, image.shape)
    return image


def geometry_of(
    *structures: tuple[str, int, Side | None, str],
    image: NDArray[np.float32] | None = None,
    modality: Modality = "unknown",
    names: str = "none",
) -> CaseGeometry:
    """Cubes of four voxels at these columns; each with concept, side and system."""
    labels = np.zeros((20, 60, 160), np.uint8)
    listed = []
    for k, (concept, column, side, system) in enumerate(structures, start=1):
        labels[5:9, 20:24, column : column + 4] = k
        listed.append(
            Structure(k, f"{concept}_{side}" if side else concept, concept, concept, side, system=system)
        )
    case = Case(labels, plain_affine(), tuple(listed), image, modality, Provenance(names=names))
    return CaseGeometry(case)


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_the_bodys_outline_in_a_scan_that_shows_both_flanks(modality: Modality) -> None:
    geometry = geometry_of(
        ("liver", 50, None, "Digestive"), ("spleen", 100, None, "Lymphatic"), ("aorta", 73, None, "Cardiovascular"),
        image=trunk(modality), modality=modality,
    )  # fmt: skip
    sides = [measure(geometry, "laterality", name) for name in ("liver", "spleen", "aorta")]
    assert [one.value for one in sides] == ["right", "left", "midline"]
    assert "outline" in sides[0].method
    assert sides[0].detail["midline_r_mm"] == pytest.approx(MIDDLE)


@pytest.mark.parametrize(
    ("columns", "system"),
    [((0, 130), "Digestive"), ((20, 160), "Digestive"), ((40, 110), "Brain"), ((20, 130), "Lesions"), ((20, 130), "Skeleton: limbs and girdles")],
    ids=["cut at the right", "cut at the left", "too narrow", "nothing but a lesion", "a limb"],
)  # fmt: skip
def test_an_outline_that_need_not_be_trunks_or_heads_tells_nothing(
    columns: tuple[int, int], system: str
) -> None:
    geometry = geometry_of(("thing", 50, None, system), image=trunk("MR", columns), modality="MR")
    found = measure(geometry, "laterality", "thing")
    assert found.value is None
    assert "undecidable" in found.flags
    assert "outline" in found.method


def test_lesions_of_a_table_that_is_about_the_brain_lie_in_a_head() -> None:
    found = measure(
        geometry_of(
            ("edema", 40, None, "Lesions"), image=trunk("MR"), modality="MR", names="brats2021"
        ),
        "laterality",
        "edema",
    )  # fmt: skip
    assert found.value == "right"


def test_spine_and_pairs_tell_it_without_a_scan() -> None:
    spine = geometry_of(("vertebrae_L1", 73, None, "Skeleton: spine"), ("tumor", 30, None, "Lesions"))
    assert measure(spine, "laterality", "tumor").value == "right"
    assert "spine" in measure(spine, "laterality", "tumor").method
    pair = geometry_of(
        ("kidney", 40, "right", "Urinary"), ("kidney", 100, "left", "Urinary"), ("tumor", 90, None, "Lesions")
    )
    assert measure(pair, "laterality", "tumor").value == "left"
    assert measure(pair, "laterality", "tumor").detail["midline_r_mm"] == pytest.approx(60 - 71.5)


def test_ways_that_contradict_each_other_know_the_midline_no_better_than_they_agree() -> None:
    # The patient's left arm lies in the outline: its middle is far from the spine.
    geometry = geometry_of(
        ("vertebrae_L1", 43, None, "Skeleton: spine"), ("tumor", 64, None, "Lesions"),
        image=trunk("CT"), modality="CT",
    )  # fmt: skip
    found = measure(geometry, "laterality", "tumor")
    assert found.detail["midline_uncertainty_mm"] == pytest.approx(30 - 5)
    assert found.value == "midline"


SIDED = (
    ("amos_0013_label_only/amos_0013.nii.gz", None),
    ("mricron_ch2_aal/aal.nii.gz", "mricron_ch2_aal/ch2.nii.gz"),
    ("ts_abdomen_ct/seg_total.nii.gz", "ts_abdomen_ct/ct.nii.gz"),
    ("ts_abdomen_mr_sm/seg_total_mr.nii.gz", "ts_abdomen_mr_sm/mr.nii.gz"),
    ("cip_chest64/lm-64.nrrd", "cip_chest64/ct-64.nrrd"),
    ("ts_ct_dicom/seg_total.nii.gz", "ts_ct_dicom/dicom"),
)


@pytest.mark.parametrize(("labels", "image"), SIDED)
def test_every_organ_that_is_called_left_or_right_lies_there(
    labels: str, image: str | None, shared: Callable[[str], Path]
) -> None:
    case = open_case(shared(f"cases/{labels}"), shared(f"cases/{image}") if image else None)
    geometry = CaseGeometry(case)
    sided = [s for s in case.structures if s.side and s.label in geometry.survey]
    assert len(sided) > 3
    assert {s.name: measure(geometry, "laterality", s.name).value for s in sided} == {
        s.name: s.side for s in sided
    }


def test_the_ways_agree_on_a_real_scan_and_a_crop_has_no_midline(shared: Callable[[str], Path]) -> None:
    case = open_case(shared("cases/ts_abdomen_ct/seg_total.nii.gz"), shared("cases/ts_abdomen_ct/ct.nii.gz"))
    found = measure(CaseGeometry(case), "laterality", "liver")
    assert found.detail["midline_uncertainty_mm"] <= 5.0
    crop = CaseGeometry(
        open_case(
            shared("cases/msd_hippocampus_001/seg.nii.gz"), shared("cases/msd_hippocampus_001/mr.nii.gz")
        )
    )
    assert measure(crop, "laterality", crop.case.structures[0].name).value is None
