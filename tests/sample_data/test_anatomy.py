"""The phantoms are patients: sides, neighbours and intensities as a radiologist expects them."""

from __future__ import annotations

import nibabel as nib
import numpy as np
from scipy import ndimage

from napari_spatialmed.geometry import measure


def _mask(phantom, name):
    return phantom.case.labels == phantom.case[name].label


def _mean(phantom, name):
    return float(phantom.case.image[_mask(phantom, name)].mean())


def test_enough_structures_with_names_people_know(abdomen, brain):
    assert len(abdomen.case.structures) >= 50
    assert len(brain.case.structures) >= 20
    for name in (
        "liver",
        "spleen",
        "kidney_left",
        "aorta",
        "inferior_vena_cava",
        "portal_vein_and_splenic_vein",
        "hepatic_veins",
    ):
        assert name in abdomen.case


def test_left_is_left(phantom):
    """In RAS, x grows to the patient's right."""
    sided = [s for s in phantom.case if s.side and "iliac" not in s.name]  # these start near the midline
    assert len(sided) >= 14
    for structure in sided:
        x = measure(phantom.geometry, "centroid_ras_mm", structure.name).value[0]
        assert (x > 0) == (structure.side == "right"), structure.name


def test_organs_lie_where_they_lie(abdomen):
    centre = {s.name: measure(abdomen.geometry, "centroid_ras_mm", s.name).value for s in abdomen.case}
    right, anterior, superior = 0, 1, 2
    assert centre["liver"][right] > 30 > -30 > centre["spleen"][right]
    assert centre["stomach"][right] < 0 < centre["gallbladder"][right]
    assert centre["inferior_vena_cava"][right] > centre["aorta"][right]
    assert centre["kidney_left"][superior] > centre["kidney_right"][superior]
    assert centre["adrenal_gland_left"][superior] > centre["kidney_left"][superior]
    assert (
        centre["pancreas"][anterior]
        > centre["aorta"][anterior]
        > centre["vertebrae_L2"][anterior]
        > centre["spinal_cord"][anterior]
    )
    heights = [
        centre[f"vertebrae_{level}"][superior]
        for level in ("T9", "T10", "T11", "T12", "L1", "L2", "L3", "L4", "L5")
    ]
    assert heights == sorted(heights, reverse=True)


def test_file_orientations_are_not_trivial(sample_data):
    codes = {}
    for name in ("phantom_abdomen", "phantom_brain"):
        affine = nib.load(sample_data / name / "labels.nii.gz").affine
        codes[name] = "".join(nib.aff2axcodes(affine))
        assert np.count_nonzero(np.abs(affine[:3, :3]) > 1e-3) == 9, "oblique"
    assert codes == {"phantom_abdomen": "LPS", "phantom_brain": "PSR"}
    zooms = nib.load(sample_data / "phantom_abdomen" / "ct.nii.gz").header.get_zooms()
    assert max(zooms) / min(zooms) > 1.5


def test_three_liver_tumours_wholly_inside_the_liver(abdomen):
    liver = abdomen.case["liver"].label
    for number in (1, 2, 3):
        tumour = _mask(abdomen, f"liver_tumor_{number}")
        around = ndimage.binary_dilation(tumour) & ~tumour
        assert set(np.unique(abdomen.case.labels[around])) == {liver}, number
    volumes = [measure(abdomen.geometry, "volume_ml", f"liver_tumor_{n}").value for n in (1, 2, 3)]
    assert volumes == sorted(volumes, reverse=True)
    assert volumes[0] > 4 * volumes[1] > 12 * volumes[2]


def test_pancreatic_tumour_abuts_the_portal_vein_and_spares_the_arteries(abdomen):
    vein = measure(abdomen.geometry, "surface_distance_mm", "pancreas_tumor", "portal_vein_and_splenic_vein")
    assert vein.detail["touching"] is True
    for artery in ("superior_mesenteric_artery", "aorta"):
        away = measure(abdomen.geometry, "surface_distance_mm", "pancreas_tumor", artery)
        assert away.detail["touching"] is False
        assert away.value > 10
    tumour = _mask(abdomen, "pancreas_tumor")
    around = ndimage.binary_dilation(tumour) & ~tumour
    assert abdomen.case["pancreas"].label in abdomen.case.labels[around]


def test_glioma_is_nested_in_one_frontal_lobe(brain):
    core, ring, oedema = (_mask(brain, n) for n in ("necrotic_tumor_core", "enhancing_tumor", "edema"))
    around_core = ndimage.binary_dilation(core) & ~core
    assert set(np.unique(brain.case.labels[around_core])) == {brain.case["enhancing_tumor"].label}
    inner = core | ring
    around_ring = ndimage.binary_dilation(inner) & ~inner
    assert set(np.unique(brain.case.labels[around_ring])) == {brain.case["edema"].label}
    whole = inner | oedema
    around = ndimage.binary_dilation(whole, iterations=2) & ~whole
    lobes = {
        s.label: int((brain.case.labels[around] == s.label).sum()) for s in brain.case if "lobe" in s.name
    }
    assert brain.case.names[max(lobes, key=lobes.__getitem__)] == "frontal_lobe_right"


def test_ct_numbers(abdomen):
    expected = {
        "lung_lower_lobe_right": (-900, -780), "liver": (95, 120), "spleen": (110, 130), "kidney_left": (150, 195),
        "aorta": (125, 165), "portal_vein_and_splenic_vein": (110, 180), "gallbladder": (0, 30), "iliopsoas_left": (45, 65),
        "vertebrae_L2": (180, 420), "liver_tumor_1": (50, 70), "pancreas_tumor": (50, 75),
    }  # fmt: skip
    for name, (low, high) in expected.items():
        assert low < _mean(abdomen, name) < high, name
    assert abdomen.case.image[0, 0, 0] == -1000
    assert abdomen.case.image.min() >= -1024
    assert np.std(abdomen.case.image[_mask(abdomen, "spleen")]) > 5, "a scan without noise is no scan"


def test_mr_contrast_after_gadolinium(brain):
    assert _mean(brain, "enhancing_tumor") > 1.3 * _mean(brain, "corpus_callosum")
    assert _mean(brain, "necrotic_tumor_core") < _mean(brain, "edema") < _mean(brain, "corpus_callosum")
    assert _mean(brain, "lateral_ventricle_left") < 0.6 * _mean(brain, "thalamus_left")
    assert _mean(brain, "venous_sinuses") > _mean(brain, "corpus_callosum")


def test_organs_are_in_one_piece(abdomen):
    for name in (
        "liver",
        "spleen",
        "kidney_left",
        "kidney_right",
        "pancreas",
        "stomach",
        "aorta",
        "hepatic_veins",
        "vertebrae_L3",
        "rib_left_10",
    ):
        assert measure(abdomen.geometry, "components", name).value == 1, name
