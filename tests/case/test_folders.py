"""Folders of masks, folders of cases, and DICOM series."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from napari_spatialmed.case import CaseError, CaseFiles, Glance, discover, glance, open_case
from napari_spatialmed.case.volume import read_volume

Save = Callable[..., Path]
Shared = Callable[[str], Path]


class TestMasks:
    def test_totalsegmentators_masks_get_its_labels(
        self, save: Save, blocks: NDArray[np.uint8], tmp_path: Path
    ) -> None:
        for name, label in (("liver", 1), ("spleen", 2), ("kidney_left", 5), ("aorta", 99)):
            save(f"case/segmentations/{name}.nii.gz", (blocks == label).astype(np.uint8))
        case = open_case(tmp_path / "case", save("case/ct.nii.gz", blocks.astype(np.int16)))
        assert case.names == {1: "spleen", 3: "kidney_left", 5: "liver"}
        assert np.count_nonzero(case.labels == 5) == np.count_nonzero(blocks == 1)
        assert any("1 of 4 masks are empty" in n for n in case.provenance.notes)

    def test_other_masks_are_numbered_and_named_by_their_files(
        self, save: Save, blocks: NDArray[np.uint8], tmp_path: Path
    ) -> None:
        save("m/my tumour.nii.gz", (blocks == 1).astype(np.uint8) * 255)
        save("m/node.nii.gz", (blocks == 2).astype(np.uint8))
        case = open_case(tmp_path / "m")
        assert case.names == {1: "my tumour", 2: "node"}
        assert case.provenance.names_reason == "each mask's file name"

    def test_a_table_gives_the_labels(self, save: Save, blocks: NDArray[np.uint8], tmp_path: Path) -> None:
        save("m/postcava.nii.gz", (blocks == 1).astype(np.uint8))
        save("m/right_kidney.nii.gz", (blocks == 2).astype(np.uint8))
        assert open_case(tmp_path / "m", names="amos").names == {2: "right kidney", 9: "postcava"}

    def test_overlaps_are_told(self, save: Save, blocks: NDArray[np.uint8], tmp_path: Path) -> None:
        save("m/a.nii.gz", (blocks > 0).astype(np.uint8))
        save("m/b.nii.gz", (blocks == 2).astype(np.uint8))
        case = open_case(tmp_path / "m")
        both = np.count_nonzero(blocks == 2)
        assert np.count_nonzero(case.labels == 2) == both
        assert any(f"{both} voxels lie in more than one mask" in n for n in case.provenance.notes)

    def test_masks_on_different_grids_or_with_several_labels_are_refused(
        self, save: Save, blocks: NDArray[np.uint8], tmp_path: Path
    ) -> None:
        save("m/a.nii.gz", (blocks > 0).astype(np.uint8))
        path = save("m/b.nii.gz", (blocks > 0).astype(np.uint8)[:10])
        with pytest.raises(CaseError, match=r"on another grid than a\.nii\.gz"):
            open_case(tmp_path / "m")
        path.unlink()
        save("m/b.nii.gz", blocks)
        with pytest.raises(CaseError, match=r"b\.nii\.gz: this is no mask"):
            open_case(tmp_path / "m")

    def test_real_masks_are_the_label_map(self, shared: Shared) -> None:
        one = open_case(shared("cases/ts_abdomen_ct_sm/seg_total_fast.nii.gz"), names="totalsegmentator")
        many = open_case(
            shared("cases/ts_abdomen_ct_sm/seg_total_fast_masks"), shared("cases/ts_abdomen_ct_sm/ct.nii.gz")
        )
        assert many.names == one.names
        assert many.label_sha256() == one.label_sha256()


LAYOUTS = {
    "one folder per case": (
        ["p1/ct.nii.gz", "p1/seg.nii.gz", "p2/ct.nii.gz", "p2/seg.nii.gz"],
        [("p1", "p1/seg.nii.gz", "p1/ct.nii.gz"), ("p2", "p2/seg.nii.gz", "p2/ct.nii.gz")],
    ),
    "decathlon": (
        ["imagesTr/liver_1.nii.gz", "labelsTr/liver_1.nii.gz", "imagesTr/liver_10.nii.gz", "labelsTr/liver_10.nii.gz", "imagesTr/liver_2.nii.gz", "labelsTr/liver_2.nii.gz", "imagesTs/liver_3.nii.gz"],
        [(f"labelsTr/liver_{n}", f"labelsTr/liver_{n}.nii.gz", f"imagesTr/liver_{n}.nii.gz") for n in (1, 2, 10)],
    ),
    "nnU-Net": (
        ["imagesTr/a_001_0000.nii.gz", "imagesTr/a_001_0001.nii.gz", "labelsTr/a_001.nii.gz"],
        [("labelsTr/a_001", "labelsTr/a_001.nii.gz", "imagesTr/a_001_0000.nii.gz")],
    ),
    "TotalSegmentator": (
        ["s0001/ct.nii.gz", "s0001/segmentations/liver.nii.gz", "s0001/segmentations/spleen.nii.gz"],
        [("s0001", "s0001/segmentations", "s0001/ct.nii.gz")],
    ),
    "KiTS": (
        ["case_00000/imaging.nii.gz", "case_00000/segmentation.nii.gz"],
        [("case_00000", "case_00000/segmentation.nii.gz", "case_00000/imaging.nii.gz")],
    ),
    "BraTS": (
        [f"BraTS2021_00000/BraTS2021_00000_{m}.nii.gz" for m in ("flair", "seg", "t1", "t1ce", "t2")],
        [("BraTS2021_00000", "BraTS2021_00000/BraTS2021_00000_seg.nii.gz", "BraTS2021_00000/BraTS2021_00000_t1ce.nii.gz")],
    ),
    "all in one folder": (
        ["CT_image.nii.gz", "CT_mask.nii.gz", "PET_image.nii.gz", "PET_mask.nii.gz"],
        [("CT_mask", "CT_mask.nii.gz", "CT_image.nii.gz"), ("PET_mask", "PET_mask.nii.gz", "PET_image.nii.gz")],
    ),
    "BIDS, where a key is called label": (
        ["sub-1_label-L2_ct.nii.gz", "sub-1_seg-vert_label-L2_msk.nii.gz", "sub-2_ct.nii.gz", "sub-2_dseg.nii.gz"],
        [
            ("sub-1_seg-vert_label-L2_msk", "sub-1_seg-vert_label-L2_msk.nii.gz", "sub-1_label-L2_ct.nii.gz"),
            ("sub-2_dseg", "sub-2_dseg.nii.gz", "sub-2_ct.nii.gz"),
        ],
    ),
    "numbered": (["img4d.nii.gz", "seg4d.nii.gz"], [("seg4d", "seg4d.nii.gz", "img4d.nii.gz")]),
    "labels alone": (["x/seg.nii.gz"], [("x", "x/seg.nii.gz", None)]),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_discover_knows_how_data_sets_lie(tmp_path: Path, name: str) -> None:
    files, wanted = LAYOUTS[name]
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    found = discover(tmp_path)
    assert [(c.key, c.labels, c.image) for c in found] == [
        (key, tmp_path / labels, image and tmp_path / image) for key, labels, image in wanted
    ]


def test_discover_takes_patterns_and_single_files(tmp_path: Path) -> None:
    for file in ("p1/ct.nii.gz", "p1/seg.nii.gz", "p2/ct.nii.gz", "p2/seg.nii.gz", "p1/names.json"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    assert [c.image for c in discover(str(tmp_path / "*/seg.nii.gz"))] == [
        tmp_path / "p1/ct.nii.gz",
        tmp_path / "p2/ct.nii.gz",
    ]
    (single,) = discover(tmp_path / "p1/seg.nii.gz")
    assert single.image == tmp_path / "p1/ct.nii.gz"
    assert discover(tmp_path / "p1")[0].names == str(tmp_path / "p1/names.json")
    with pytest.raises(CaseError, match="nothing matches"):
        discover(tmp_path / "nowhere/*")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CaseError, match="no label map was found"):
        discover(tmp_path / "empty")


def test_discover_tells_where_it_is_stops_when_told_and_follows_no_circle(tmp_path: Path) -> None:
    for file in ("a/ct.nii.gz", "a/seg.nii.gz", "A/ct.nii.gz", "A/seg.nii.gz"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    visited: list[str] = []
    assert {c.key for c in discover(tmp_path, lambda folder, before: visited.append(folder.name))} == {
        "a",
        "A",
    }
    assert sorted(visited) == sorted([tmp_path.name, "A", "a"])

    def stop(folder: Path, before: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        discover(tmp_path, stop)


def test_a_dicom_series_beside_a_label_map_is_its_scan(shared: Shared) -> None:
    (files,) = discover(shared("cases/ts_ct_dicom"))
    assert files.image == shared("cases/ts_ct_dicom/dicom")


def test_a_glance_tells_the_modality_or_what_is_wrong(
    save: Save, blocks: NDArray[np.uint8], tmp_path: Path
) -> None:
    labels, scan = save("seg.nii.gz", blocks), save("flair.nii.gz", blocks.astype(np.int16))
    assert glance(CaseFiles(labels, scan)) == Glance("MR", blocks.shape)
    with pytest.raises(CaseError, match=r"pet\.nii\.gz"):
        glance(CaseFiles(labels, tmp_path / "pet.nii.gz"))
    scan.write_bytes(b"\x1f\x8b\x08\x00no scan")
    with pytest.raises(CaseError, match=r"flair\.nii\.gz"):
        glance(CaseFiles(labels, scan))


def test_discovered_cases_open(shared: Shared) -> None:
    for name in ("msd_hippocampus_001", "ts_abdomen_mr_sm", "ibsi_lung_tumor_ct"):
        (files,) = discover(shared(f"cases/{name}"))
        assert files.image is not None
        assert open_case(files.labels, files.image, names=files.names).image is not None


def write_series(
    folder: Path,
    volume: NDArray[np.int16],
    positions: list[float],
    *,
    series: str = "1.2.3",
    axis: tuple[float, ...] = (1, 0, 0, 0, 1, 0),
) -> None:
    """One CT slice per file, at these positions along z."""
    folder.mkdir(exist_ok=True)
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for n, z in enumerate(positions):
        picture = sitk.GetImageFromArray(volume[n][None])
        picture.SetSpacing((0.7, 0.9, 1.0))
        tags = {
            "0008|0016": "1.2.840.10008.5.1.4.1.1.2",
            "0008|0018": f"{series}.{n}",
            "0008|0060": "CT",
            "0020|000d": "1.2.3.4",
            "0020|000e": series,
            "0020|0032": f"-10\\-20\\{z}",
            "0020|0037": "\\".join(map(str, axis)),
            "0028|0030": "0.9\\0.7",
        }
        for key, value in tags.items():
            picture.SetMetaData(key, value)
        writer.SetFileName(str(folder / f"{series}-{n:03d}.dcm"))
        writer.Execute(picture)


class TestDicom:
    volume = np.random.default_rng(0).integers(-1000, 1000, (6, 9, 7)).astype(np.int16)

    def test_a_series_reads_as_itk_reads_it(self, tmp_path: Path) -> None:
        write_series(tmp_path / "d", self.volume, [30.0, 27.5, 25.0, 22.5, 20.0, 17.5])
        mine = read_volume(tmp_path / "d", "image")
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path / "d")))
        other = reader.Execute()
        assert np.array_equal(mine.array, sitk.GetArrayFromImage(other).T)
        world = np.array(other.TransformIndexToPhysicalPoint((3, 4, 2))) * (-1, -1, 1)
        assert np.allclose((mine.affine @ [3, 4, 2, 1])[:3], world, atol=1e-4)
        assert mine.modality == "CT"

    @pytest.mark.parametrize(
        ("positions", "said"),
        [
            ([0, 1, 2, 4, 5, 6], r"1 slice\(s\) seem to be missing: 2 mm between"),
            ([0, 1, 2, 3.2, 4.2, 5.2], "the distances are uneven: 1.2 mm"),
            ([0, 1, 2, 2, 3, 4], "two slices lie at the same place"),
        ],
    )
    def test_gaps_and_doubles_are_refused(self, tmp_path: Path, positions: list[float], said: str) -> None:
        write_series(tmp_path / "d", self.volume, positions)
        with pytest.raises(CaseError, match=said):
            read_volume(tmp_path / "d", "image")

    def test_two_series_in_a_folder_are_refused(self, tmp_path: Path) -> None:
        write_series(tmp_path / "d", self.volume, [0, 1, 2, 3, 4, 5])
        write_series(tmp_path / "d", self.volume, [0, 1, 2, 3, 4, 5], series="1.2.9")
        with pytest.raises(CaseError, match="2 DICOM series"):
            read_volume(tmp_path / "d", "image")

    def test_an_empty_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(CaseError, match="no volume and no DICOM series"):
            open_case(tmp_path)

    def test_a_real_series_with_flipped_labels(self, shared: Shared) -> None:
        case = open_case(shared("cases/ts_ct_dicom/seg_total.nii.gz"), shared("cases/ts_ct_dicom/dicom"))
        assert case.modality == "CT"
        assert case.image is not None
        means = {s.name: float(case.image[case.labels == s.label].mean()) for s in case}
        assert 0 < means["liver"] < 200  # upside down it would lie in the lung or outside the body
        assert all(mean > 80 for name, mean in means.items() if name.startswith(("vertebrae", "rib")))


def test_discover_passes_over_links_into_closed_folders(tmp_path: Path) -> None:
    (tmp_path / "seg.nii.gz").write_bytes(b"")
    closed = tmp_path / "closed"
    (closed / "inside").mkdir(parents=True)
    (tmp_path / "link").symlink_to(closed / "inside")
    closed.chmod(0)
    try:
        assert [found.labels.name for found in discover(tmp_path)] == ["seg.nii.gz"]
    finally:
        closed.chmod(0o700)
