"""Every format gives the voxels and the place that nibabel and SimpleITK read from the same file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from napari_spatialmed.case import CaseError, open_case
from napari_spatialmed.case.orientation import to_display_order
from napari_spatialmed.case.volume import read_volume

Save = Callable[..., Path]
TILT = np.array([[0.8, 0.1, -0.3, -40], [-0.12, 0.89, 0.2, 15], [0.06, -0.05, 4.9, -300], [0, 0, 0, 1.0]])


def orthogonal(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """The nearest affine without shear: ITK writes no other."""
    result = affine.copy()
    u, _, v = np.linalg.svd(affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0))
    result[:3, :3] = u @ v * np.linalg.norm(affine[:3, :3], axis=0)
    return result


def by_itk(path: Path) -> tuple[NDArray[np.generic], NDArray[np.float64]]:
    """SimpleITK's array (x, y, z) and affine in RAS."""
    picture = sitk.ReadImage(str(path))
    affine = np.eye(4)
    affine[:3, :3] = np.array(picture.GetDirection()).reshape(3, 3) * picture.GetSpacing()
    affine[:3, 3] = picture.GetOrigin()
    return sitk.GetArrayFromImage(picture).T, np.diag([-1.0, -1, 1, 1]) @ affine


def write_itk(
    path: Path, array: NDArray[np.generic], affine: NDArray[np.float64], *, compress: bool = True
) -> Path:
    lps = np.diag([-1.0, -1, 1, 1]) @ affine
    picture = sitk.GetImageFromArray(np.ascontiguousarray(array.T))
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    picture.SetSpacing(spacing.tolist())
    picture.SetDirection((lps[:3, :3] / spacing).ravel().tolist())
    picture.SetOrigin(lps[:3, 3].tolist())
    sitk.WriteImage(picture, str(path), compress)
    return path


@pytest.mark.parametrize("name", ["a.nrrd", "a.nhdr", "a.mha", "a.mhd", "a.nii", "a.nii.gz"])
@pytest.mark.parametrize("compress", [True, False])
def test_itk_formats_agree_with_itk(
    tmp_path: Path, blocks: NDArray[np.uint8], name: str, compress: bool
) -> None:
    path = write_itk(tmp_path / name, blocks.astype(np.int16), orthogonal(TILT), compress=compress)
    array, affine = to_display_order(*by_itk(path))
    case = open_case(path)
    assert np.array_equal(case.labels, array)
    assert np.allclose(case.affine, affine, atol=1e-3)
    assert case.labels.dtype == np.uint8


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
@pytest.mark.parametrize("name", ["a.nrrd", "a.mha"])
def test_every_type_that_itk_writes(tmp_path: Path, blocks: NDArray[np.uint8], name: str, dtype: str) -> None:
    path = write_itk(tmp_path / name, blocks.astype(dtype), np.eye(4))
    assert np.array_equal(open_case(path).labels, to_display_order(*by_itk(path))[0])


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        (d, n)
        for d in ("<u1", "<i2", ">i2", "<u2", ">i4", "<u4", ">f4", "<f8", ">f8", "<i8")
        for n in ("s.nii", "s.nii.gz", "s.hdr")
    ],
)
def test_nifti_agrees_with_nibabel(tmp_path: Path, blocks: NDArray[np.uint8], dtype: str, name: str) -> None:
    kind = nib.Nifti1Pair if name.endswith(".hdr") else nib.Nifti1Image
    header = kind.header_class(endianness=dtype[0])
    header.set_data_dtype(np.dtype(dtype))
    nib.save(kind(blocks.astype(dtype), orthogonal(TILT), header), tmp_path / name)
    case = open_case(tmp_path / name)
    read = nib.load(tmp_path / name)
    array, affine = to_display_order(np.asarray(read.dataobj), read.affine)
    assert np.array_equal(case.labels, array)
    assert np.allclose(case.affine, affine, atol=1e-4)


def test_an_img_file_is_opened_by_its_header(tmp_path: Path, blocks: NDArray[np.uint8]) -> None:
    nib.save(nib.Nifti1Pair(blocks, np.eye(4)), tmp_path / "s.img")
    assert open_case(tmp_path / "s.img").label_sha256() == open_case(tmp_path / "s.hdr").label_sha256()


def test_nifti2_and_mgz(tmp_path: Path, blocks: NDArray[np.uint8]) -> None:
    affine = orthogonal(TILT).astype(np.float32)
    nib.save(nib.Nifti2Image(blocks, affine), tmp_path / "two.nii.gz")
    nib.save(nib.MGHImage(blocks.astype(np.int32), affine), tmp_path / "m.mgz")
    nib.save(nib.MGHImage(blocks, affine), tmp_path / "m.mgh")
    wanted, where = to_display_order(blocks, affine)
    for name in ("two.nii.gz", "m.mgz", "m.mgh"):
        case = open_case(tmp_path / name)
        assert np.array_equal(case.labels, wanted)
        assert np.allclose(case.affine, where, atol=1e-3)


def test_stored_values_are_scaled_as_the_header_says(tmp_path: Path) -> None:
    stored = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    picture = nib.Nifti1Image(stored, np.eye(4))
    picture.header.set_slope_inter(2.5, -1000)
    nib.save(picture, tmp_path / "scan.nii.gz")
    read = read_volume(tmp_path / "scan.nii.gz", "image")
    assert np.allclose(read.array, nib.load(tmp_path / "scan.nii.gz").get_fdata())
    assert read.array.dtype == np.float32


@pytest.mark.parametrize("dtype", ["<i2", "<i4", "<f4", "<f8"])
def test_a_ct_is_the_same_array_however_it_was_stored(tmp_path: Path, dtype: str) -> None:
    ct = np.random.default_rng(1).integers(-1024, 3000, (30, 20, 10)).astype(dtype)
    picture = nib.Nifti1Image(ct, np.eye(4), dtype=np.dtype(dtype))
    nib.save(picture, tmp_path / "ct.nii.gz")
    read = read_volume(tmp_path / "ct.nii.gz", "image").array
    assert read.dtype == np.int16
    assert np.array_equal(read, ct)


def test_several_gzip_streams_in_one_file_are_one(
    tmp_path: Path, save: Save, blocks: NDArray[np.uint8]
) -> None:
    import gzip

    raw = gzip.decompress(save("s.nii.gz", blocks).read_bytes())
    split = tmp_path / "split.nii.gz"
    split.write_bytes(gzip.compress(raw[:1000]) + gzip.compress(raw[1000:]) + b"\0" * 64)
    assert open_case(split).label_sha256() == open_case(tmp_path / "s.nii.gz").label_sha256()


def test_without_isal_zlib_does_the_same(
    monkeypatch: pytest.MonkeyPatch, save: Save, blocks: NDArray[np.uint8]
) -> None:
    import zlib

    from napari_spatialmed.case import voxelstream

    path = save("s.nii.gz", blocks)
    fast = open_case(path).label_sha256()
    monkeypatch.setattr(voxelstream, "inflater", zlib)
    assert open_case(path).label_sha256() == fast


def test_slicer_segmentations_bring_their_names(tmp_path: Path, blocks: NDArray[np.uint8]) -> None:
    path = write_itk(tmp_path / "s.seg.nrrd", blocks, np.eye(4))
    head, _, voxels = path.read_bytes().partition(b"\n\n")
    lines = ["Segment0_ID:=a", "Segment0_Name:=my liver", "Segment0_LabelValue:=1", "Segment0_Color:=1 0.5 0"]
    lines += ["Segment1_ID:=b", "Segment1_Name:=my node", "Segment1_LabelValue:=5", "Segment1_Color:=0 0 1"]
    path.write_bytes(head + b"\n" + "\n".join(lines).encode() + b"\n\n" + voxels)
    case = open_case(path)
    assert case.names == {1: "my liver", 2: "label_2", 5: "my node"}
    assert case[1].color == (255, 128, 0)
    assert case.provenance.names_reason == "the label file names them itself"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"encoding: gzip", b"encoding: bzip2", "encoded as 'bzip2'"),
        (b"type: unsigned char", b"type: block", "of type 'block'"),
        (b"sizes: 20 16 12", b"sizes: 20 16", "flat picture"),
        (b"sizes: 20 16 12", b"sizes: 20 16 0", "20 × 16 × 0"),
        (b"sizes: 20 16 12", b"sizes: 20000 16000 12000", "the limit is 4 GiB"),
        (b"sizes: 20 16 12", b"sizes: twenty 16 12", "can't be read"),
        (b"(1,0,0)", b"(0,0,0)", "singular"),
        (b"(1,0,0)", b"(nan,0,0)", "no numbers"),
        (b"space: left-posterior-superior\n", b"", "doesn't say how the patient lies"),
        (b"encoding: gzip", b"encoding: gzip\ndata file: ../secret.raw", "Only one data file"),
        (b"encoding: gzip", b"encoding: gzip\nbyte skip: 7", "skips parts"),
    ],
)
def test_a_wrong_nrrd_header_is_refused(
    tmp_path: Path, blocks: NDArray[np.uint8], old: bytes, new: bytes, said: str
) -> None:
    path = write_itk(tmp_path / "s.nrrd", blocks, np.diag([-1.0, -1, 1, 1]))
    raw = path.read_bytes()
    assert old in raw
    path.write_bytes(raw.replace(old, new, 1))
    with pytest.raises(CaseError) as caught:
        open_case(path)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"ElementType = MET_UCHAR", b"ElementType = MET_UCHAR_ARRAY", "voxels of type"),
        (
            b"ElementType = MET_UCHAR",
            b"ElementNumberOfChannels = 3\nElementType = MET_UCHAR",
            "3 values per voxel",
        ),
        (b"BinaryData = True", b"BinaryData = False", "written as text"),
        (b"DimSize = 20 16 12", b"DimSize = 20 16", "flat"),
        (b"ElementDataFile = LOCAL", b"ElementDataFile = LIST", "LIST"),
        (b"ElementDataFile = LOCAL", b"ElementDataFile = /etc/passwd", "same folder"),
        (b"ElementSpacing = 1 1 1", b"ElementSpacing = 1 1 0", "singular"),
        (b"DimSize = 20 16 12", b"DimSize = 20 16 13", "breaks off"),
    ],
)
def test_a_wrong_metaimage_header_is_refused(
    tmp_path: Path, blocks: NDArray[np.uint8], old: bytes, new: bytes, said: str
) -> None:
    path = write_itk(tmp_path / "s.mha", blocks, np.eye(4))
    raw = path.read_bytes()
    assert old in raw
    path.write_bytes(raw.replace(old, new, 1))
    with pytest.raises(CaseError, match=said) as caught:
        open_case(path)
    assert str(path) in str(caught.value)


def test_an_unknown_kind_of_file_names_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "scan.png"
    path.write_bytes(b"\x89PNG")
    with pytest.raises(CaseError, match=r"this kind of file can't be read.*\.nii\.gz"):
        open_case(path)
