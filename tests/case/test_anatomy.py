"""The same thing has one concept, side and colour, whatever a data set calls it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_spatialmed.case import colors, load_names, make_case, paired
from napari_spatialmed.case.anatomy import concept_of, describe


@pytest.mark.parametrize(
    ("name", "concept", "side"),
    [
        ("kidney_right", "kidney", "right"),
        ("right kidney", "kidney", "right"),
        ("Kidney_R", "kidney", "right"),
        ("Right-Kidney", "kidney", "right"),
        ("R kidney", "kidney", "right"),
        ("rib_left_7", "rib_7", "left"),
        ("left rib 7", "rib_7", "left"),
        ("ctx-lh-insula", "insula", "left"),
        ("postcava", "inferior_vena_cava", None),
        ("gall_bladder", "gallbladder", None),
        ("oesophagus", "esophagus", None),
        ("vertebrae L1", "vertebrae_L1", None),
        ("L1", "vertebrae_L1", None),
        ("heart_ventricle_left", "heart_ventricle_left", None),
        ("left atrium", "heart_atrium_left", None),
        ("lateral_ventricle_left", "lateral_ventricle", "left"),
        ("liver_tumor_2", "liver_tumor", None),
        ("hepatic tumour", "liver_tumor", None),
        ("enhancing tumour", "enhancing_tumor", None),
        ("label_7", "label_7", None),
        ("L", "l", None),
        ("???", "", None),
    ],
)
def test_concept_and_side(name: str, concept: str, side: str | None) -> None:
    assert concept_of(name) == (concept, side)


@pytest.mark.parametrize(
    ("name", "title", "kind", "system"),
    [
        ("kidney_left", "left kidney", "organ", "Urinary"),
        ("vertebrae_T12", "T12 vertebra", "bone", "Skeleton: spine"),
        ("rib_right_2", "right 2nd rib", "bone", "Skeleton: ribs and sternum"),
        ("iliac_vena_left", "left iliac vein", "vessel", "Cardiovascular"),
        ("autochthon_left", "left deep back muscles", "muscle", "Muscles"),
        ("portal_vein_and_splenic_vein", "portal and splenic vein", "vessel", "Cardiovascular"),
        ("liver_tumor_2", "liver tumor 2", "lesion", "Lesions"),
        ("kidney_cyst_left", "left kidney cyst", "lesion", "Lesions"),
        ("lung_upper_lobe_left", "left lung upper lobe", "organ", "Respiratory"),
        ("Left-Lateral-Ventricle", "left lateral ventricle", "cavity", "Brain"),
        ("hip_left", "left hip bone", "bone", "Skeleton: limbs and girdles"),
        ("gallbladder", "gallbladder", "organ", "Digestive"),
        ("urinary_bladder", "urinary bladder", "organ", "Urinary"),
        ("label_7", "label 7", "other", "Other"),
    ],
)
def test_title_kind_and_group(name: str, title: str, kind: str, system: str) -> None:
    structure = describe(1, name)
    assert (structure.title, structure.kind, structure.system) == (title, kind, system)


def test_every_structure_of_totalsegmentator_has_a_group_a_code_and_its_own_colour() -> None:
    table = load_names("totalsegmentator")
    found = [table.structure(label) for label in table.labels]
    assert all(s is not None and s.system != "Other" and s.kind != "other" and s.code for s in found)
    assert table.structure(1).color == (150, 95, 175)  # type: ignore[union-attr]
    assert len({s.color for s in found if s}) == len(found)


def test_colours_and_codes_are_the_same_in_every_data_set() -> None:
    amos, total = load_names("amos").structure(2), load_names("totalsegmentator").structure(2)
    assert amos is not None
    assert total is not None
    assert (amos.color, amos.code) == (total.color, total.code) == ((225, 150, 40), "SCT:64033007")
    assert describe(3, "my_odd_thing").color == describe(9, "my_odd_thing").color


def test_safe_colours_stay_apart() -> None:
    table = load_names("totalsegmentator")
    chosen = [s for s in (table.structure(n) for n in range(1, 25)) if s]
    safe = colors(chosen, "safe")
    assert len(set(safe.values())) == 24
    assert colors(chosen)["liver"] == table.structure(5).color  # type: ignore[union-attr]
    assert all(0 <= c <= 255 for shade in safe.values() for c in shade)


def test_the_opposite_side() -> None:
    labels = np.zeros((6, 6, 6), np.uint8)
    labels[0], labels[1], labels[2], labels[3] = 2, 3, 5, 8
    case = make_case(labels, np.eye(4), names="totalsegmentator")
    assert paired(case["kidney_left"], case) is case["kidney_right"]
    assert paired(case["liver"], case) is None
    assert paired(case["adrenal_gland_right"], case) is None


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("ctx-lh-rostralanteriorcingulate", "left rostral anterior cingulate cortex"),
        ("ctx-rh-bankssts", "banks of the right superior temporal sulcus"),
        ("Frontal_Inf_Tri_L", "triangular part of the left inferior frontal gyrus"),
        ("Cerebelum_7b_R", "lobule VIIb of the right cerebellum"),
        ("Left-VentralDC", "left ventral diencephalon"),
        ("disc below vertebrae C5", "disc below the C5 vertebra"),
    ],
)
def test_parcels_of_brain_atlases_are_called_as_people_call_them(name: str, title: str) -> None:
    assert describe(1, name).title == title
