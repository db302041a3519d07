"""Broken and unusual files: each opens with these facts, or is refused with these words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_spatialmed.case import CaseError, open_case
from napari_spatialmed.case.volume import read_volume

Shared = Callable[[str], Path]

LABELS_REFUSED = {
    "misc/empty.nii.gz": "the file is empty",
    "misc/header_cut.nii": "ends after 300 bytes, inside its header",
    "misc/truncated_seg.nii.gz": "breaks off: its header declares 1.4 MB of voxels",
    "misc/truncated_example_ct.nii.gz": "negative values",
    "itksnap/X39.nii.gz": "a flat picture",
    "itksnap/X300.mha": "a flat picture",
    "itksnap/multi_chunk.nii.gz": "holds 2 volumes",
    "itksnap/seg4d_11f.nii.gz": "holds 11 volumes",
    "itksnap/ultrasound_seg4d.nii.gz": "holds 3 volumes",
    "itksnap/tensor_rgb.nii.gz": "holds 3 volumes",
    "itksnap/warp_image.nii.gz": "holds 3 volumes",
    "itksnap/nan.mha": "no numbers",
    "itksnap/tdigest_test.nii.gz": "not whole numbers",
    "itksnap/t2_chunk.nii.gz": "looks like a scan, not a label map",
    "nibabel/analyze.hdr": "Analyze 7.5",
    "nibabel/nifti1.hdr": "there is no nifti1.img beside this header",
    "nibabel/nifti2.hdr": "there is no nifti2.img beside this header",
    "nibabel/row_major.dconn.nii": "CIFTI",
    "nibabel/example4d.nii.gz": "holds 2 volumes",
    "nibabel/example_nifti2.nii.gz": "holds 2 volumes",
    "nibabel/functional.nii": "holds 20 volumes",
    "nibabel/test.mgz": "holds 2 volumes",
    "nibabel/anatomical.nii": "negative values",
    "nibabel/reoriented_anat_moved.nii": "not whole numbers",
    "nibabel/resampled_anat_moved.nii": "no numbers",
    "niivue/complex.nii.gz": "complex numbers",
    "niivue/CIT168_rgba.nii.gz": "colours",
    "niivue/minimal.nii.gz": "doesn't say how the patient lies",
    "niivue/shear.nii.gz": "not whole numbers",
    "niivue/ras.hdr": "looks like a scan, not a label map",
    "mismatch/hippocampus_118_image_has_no_label.nii.gz": "looks like a scan, not a label map",
    "dicom/pydicom_CT_small.dcm": "a CT image in DICOM, not a label map",
    "dicom/pydicom_MR_small_bigendian.dcm": "an MR image in DICOM, not a label map",
    "dicom/pydicom_MR_truncated.dcm": "damaged",
    "dicom/pydicom_badVR.dcm": "radiotherapy dose",
    "dicom/pydicom_no_meta.dcm": "damaged",
    "dicom/pydicom_rtplan_truncated.dcm": "radiotherapy plan",
    "dicom/pydicom_rtstruct.dcm": "damaged, or is no image",
    "dicom/pydicom_ExplVR_BigEnd.dcm": "ultrasound",
    "dicom/pydicom_JPEG2000.dcm": "secondary capture",
    "dicom/pydicom_SC_rgb_jpeg.dcm": "secondary capture",
    "dicom/pydicom_liver_1frame.dcm": "DICOM segmentation (SEG)",
    "dicom/pydicom_liver_expb_1frame.dcm": "DICOM segmentation (SEG)",
    "dicom/seg.dcm": "DICOM segmentation (SEG)",
    "dicom/sparse-labelmap-ppv5.dcm": "DICOM label map segmentation",
    "dicom/sparse-labelmap-noppv.dcm": "DICOM label map segmentation",
    "dicom/niivue_enhanced_multiframe.dcm": "enhanced (multi-frame) MR",
    "dicom/prostatex_missing_slice": "an MR image in DICOM, not a label map",
    "dicom/highdicom_test_files/seg_image_ct_binary_overlap.dcm": "DICOM segmentation (SEG)",
    "dicom/highdicom_test_files/seg_image_ct_true_fractional.dcm": "DICOM segmentation (SEG)",
    "dicom/highdicom_test_files/seg_image_sm_control_labelmap.dcm": "DICOM label map segmentation",
    "dicom/highdicom_test_files/sm_image.dcm": "microscopy",
    "dicom/highdicom_test_files/sr_document.dcm": "damaged, or is no image",
    "dicom/highdicom_test_files/dx_image.dcm": "X-ray",
}

# labels: shape in (I, P, L), how many structures, voxels of the first of them
LABELS_OPEN = {
    "misc/label_4d_singleton_bigendian.nii.gz": ((110, 172, 141), 659),
    "misc/label_scl_slope_0.99999997.nii.gz": ((155, 240, 240), 1),
    "misc/verse004_label_float64_oblique.nii.gz": ((338, 161, 61), 9),
    "itksnap/vb-seg.mha": ((299, 633, 640), 8),
    "itksnap/nan_seg.mha": ((64, 110, 78), 4),
    "niivue/hippo.nii.gz": ((91, 109, 91), 1),
    "niivue/hippolr.nii.gz": ((91, 109, 91), 1),
    "niivue/lesion.nii.gz": ((140, 160, 124), 3),
    "niivue/low_res.nii.gz": ((3, 5, 7), 1),
    "nibabel/standard.nii.gz": ((7, 5, 4), 1),
    "mismatch/hippocampus_010_label_has_no_image.nii.gz": ((31, 50, 36), 2),
    "mismatch/hippocampus_281_label_from_other_scan.nii.gz": ((94, 512, 512), 1),
}

IMAGES_REFUSED = {
    "misc/truncated_example_ct.nii.gz": "breaks off: its header declares 5.5 MB of voxels and it holds 2.5 MB",
    "dicom/prostatex_missing_slice": r"1 slice\(s\) seem to be missing: 6 mm between 1-07.dcm and 1-05.dcm, elsewhere 3 mm",
    "dicom/pydicom_CT2_4slices": "missing|uneven",
    "dicom/pydicom_CT_small.dcm": "a single DICOM slice",
    "niivue/complex.nii.gz": "complex numbers",
    "niivue/CIT168_rgba.nii.gz": "colours",
    "niivue/minimal.nii.gz": "doesn't say how the patient lies",
    "itksnap/ultrasound_img4d.nii.gz": "holds 3 volumes",
    "nibabel/row_major.dconn.nii": "CIFTI",
}


@pytest.mark.parametrize("name", LABELS_REFUSED)
def test_refused_as_labels(shared: Shared, name: str) -> None:
    path = shared(f"hostile/{name}")
    with pytest.raises(CaseError) as caught:
        open_case(path)
    assert LABELS_REFUSED[name] in str(caught.value)
    assert path.name in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("name", LABELS_OPEN)
def test_opens_as_labels(shared: Shared, name: str) -> None:
    shape, count = LABELS_OPEN[name]
    path = shared(f"hostile/{name}")
    case = open_case(path)
    assert case.labels.shape == shape
    assert len(case.structures) == count
    if not name.endswith(".mha"):
        read = nib.load(path)
        values = np.rint(np.squeeze(np.asanyarray(read.dataobj))).astype(np.int32)
        assert case.voxel_ml == pytest.approx(abs(np.linalg.det(read.affine[:3, :3])) / 1000)
        assert np.array_equal(np.bincount(values.ravel())[1:], np.bincount(case.labels.ravel())[1:])


@pytest.mark.parametrize("name", IMAGES_REFUSED)
def test_refused_as_scan(shared: Shared, name: str) -> None:
    path = shared(f"hostile/{name}")
    with pytest.raises(CaseError, match=IMAGES_REFUSED[name]):
        read_volume(path, "image").in_display_order()


def test_no_hostile_file_ends_in_anything_but_a_case_or_a_clear_error(shared: Shared) -> None:
    files = [p for p in shared("hostile").rglob("*") if p.suffix not in (".md", ".jpeg")]
    opened, refusals = 0, {}
    for path in files:
        try:
            opened += bool(open_case(path).structures)
        except CaseError as error:
            refusals[path.name] = str(error)
    assert all(name in said and len(said) < 600 for name, said in refusals.items())
    assert len(files) > 90
    assert opened >= len(LABELS_OPEN)


def test_the_same_brain_in_many_orders_is_one_scan(shared: Shared) -> None:
    ids, places = set(), []
    for path in sorted(shared("hostile/niivue/nifti_space_48").glob("*.nii.gz")):
        volume = read_volume(path, "image").in_display_order()
        ids.add((volume.array.shape, volume.array.tobytes()))
        places.append(volume.affine)
    assert len(places) == 12
    assert len(ids) == 1
    assert np.ptp(places, axis=0).max() < 1e-3


@pytest.mark.parametrize("name", ["CT_pitch", "shear"])
def test_a_tilted_gantry_is_sheared_and_said(shared: Shared, name: str) -> None:
    path = shared(f"hostile/niivue/{name}.nii.gz")
    volume = read_volume(path, "image")
    affine = nib.load(path).affine
    assert np.allclose(volume.affine, affine)
    columns = affine[:3, :3]
    sheared = abs(np.linalg.det(columns)) < 0.999 * np.prod(np.linalg.norm(columns, axis=0))
    assert any("sheared" in n for n in volume.notes) == sheared
    assert sheared or name != "shear"


def test_a_scan_with_gaps_is_filled_and_said(shared: Shared) -> None:
    volume = read_volume(shared("hostile/itksnap/nan.mha"), "image")
    assert np.isfinite(volume.array).all()
    assert any("1592 voxels of the scan are no numbers" in n for n in volume.notes)


@pytest.mark.parametrize(
    ("labels", "image", "said"),
    [
        ("hostile/mismatch/hippocampus_281_label_from_other_scan.nii.gz", "hostile/mismatch/hippocampus_118_image_has_no_label.nii.gz", "none of the labelled"),
        ("hostile/mismatch/hippocampus_010_label_has_no_image.nii.gz", "hostile/mismatch/hippocampus_118_image_has_no_label.nii.gz", "start at the same corner"),
        ("hostile/mismatch/hippocampus_010_label_has_no_image.nii.gz", "cases/msd_hippocampus_001/mr.nii.gz", "start at the same corner"),
        ("cases/msd_hippocampus_003/seg.nii.gz", "cases/msd_hippocampus_001/mr.nii.gz", "start at the same corner"),
        ("cases/msd_hippocampus_004/seg.nii.gz", "cases/msd_hippocampus_003/mr.nii.gz", "start at the same corner"),
        ("cases/ts_abdomen_ct_sm/seg_total.nii.gz", "cases/ts_abdomen_ct/ct.nii.gz", "start at the same corner"),
        ("cases/ts_abdomen_ct_sm/seg_liver_only.nii.gz", "cases/ts_abdomen_ct/ct.nii.gz", "start at the same corner"),
        ("cases/ts_abdomen_ct/seg_total.nii.gz", "cases/ts_abdomen_ct_sm/ct.nii.gz", "only 24 %"),
        ("cases/ts_abdomen_ct/seg_total.nii.gz", "cases/ibsi_lung_tumor_ct/ct.nii.gz", "none of the labelled"),
        ("cases/ibsi_sts_001/CT_mask.nii.gz", "cases/ibsi_sts_002/CT_image.nii.gz", "none of the labelled"),
    ],
)  # fmt: skip
def test_labels_of_another_patient_are_refused(shared: Shared, labels: str, image: str, said: str) -> None:
    one, other = shared(labels), shared(image)
    with pytest.raises(CaseError, match="don't belong together") as caught:
        open_case(one, other)
    assert said in str(caught.value)
    assert str(one) in str(caught.value)
    assert str(other) in str(caught.value)
