"""What is kept on this machine: saved labels, the index of cases, and the samples."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from napari_spatialmed.case import (
    SAMPLES,
    CaseError,
    CaseLibrary,
    SampleUnavailableError,
    make_case,
    open_case,
    open_sample,
    save_labels,
)

Save = Callable[..., Path]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder, away from the real one."""
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "data"


class TestSaving:
    def test_edited_labels_come_back(self, save: Save, blocks: NDArray[np.uint8], tmp_path: Path) -> None:
        case = open_case(save("seg.nii.gz", blocks))
        case.labels[2:4, 2:4, 2:4] = 300 % 256
        path = save_labels(case, tmp_path / "edited.nii.gz")
        again = open_case(path)
        assert again.label_sha256() == case.label_sha256()
        picture = sitk.ReadImage(str(path))
        assert picture.GetPixelID() == sitk.sitkUInt8
        assert np.prod(picture.GetSpacing()) == pytest.approx(9.0)

    @pytest.mark.parametrize("axes", ["RAS", "LPS", "SAR", "PIL"])
    def test_only_edited_voxels_differ_from_the_original_file(self, axes: str, tmp_path: Path) -> None:
        """Affine, axes, type and every other voxel are the original's, on an oblique grid in any order."""
        turn = np.eye(4)
        turn[:2, :2] = [[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]]
        affine = turn @ np.diag([1.1, 0.7, 2.5, 1.0])
        affine[:3, 3] = (-31.3, 44.1, 0.77)
        labels = np.random.default_rng(0).integers(0, 5, (9, 10, 11)).astype(np.int16)
        picture = nib.Nifti1Image(labels, affine)
        there = nib.orientations.axcodes2ornt(tuple(axes))
        picture = picture.as_reoriented(
            nib.orientations.ornt_transform(nib.orientations.io_orientation(affine), there)
        )
        picture.header["descrip"] = b"drawn by hand"
        nib.save(picture, tmp_path / "seg.nii.gz")
        case = open_case(tmp_path / "seg.nii.gz", names={n: f"part {n}" for n in range(1, 5)})
        case.labels[3:5, 4:6, 2:4] = 4
        before, after = (
            nib.load(p) for p in (tmp_path / "seg.nii.gz", save_labels(case, tmp_path / "edited.nii.gz"))
        )
        assert np.array_equal(before.affine, after.affine)
        assert before.header.structarr.tobytes() == after.header.structarr.tobytes()
        changed = np.asarray(before.dataobj) != np.asarray(after.dataobj)
        assert 0 < np.count_nonzero(changed) <= 8
        assert set(np.asarray(after.dataobj)[changed]) == {4}
        assert open_case(tmp_path / "edited.nii.gz").label_sha256() == case.label_sha256()

    def test_large_labels_keep_their_value(self, tmp_path: Path) -> None:
        labels = np.zeros((4, 4, 4), np.uint32)
        labels[1, 2, 3] = 70000
        case = make_case(labels, np.eye(4))
        assert open_case(save_labels(case, tmp_path / "a.nii")).names == {70000: "label_70000"}

    def test_nothing_is_overwritten_unasked(self, save: Save, blocks: NDArray[np.uint8]) -> None:
        path = save("seg.nii.gz", blocks)
        before = path.read_bytes()
        case = open_case(path)
        with pytest.raises(CaseError, match="the original labels; nothing was written"):
            save_labels(case, path)
        assert path.read_bytes() == before
        case.labels[0, 0, 0] = 7
        save_labels(case, path, overwrite=True)
        assert 7 in open_case(path).names

    def test_other_endings_and_missing_folders_are_refused(
        self, blocks: NDArray[np.uint8], tmp_path: Path
    ) -> None:
        case = make_case(blocks, np.eye(4))
        with pytest.raises(CaseError, match="saved as NIfTI"):
            save_labels(case, tmp_path / "a.nrrd")
        with pytest.raises(CaseError, match="can't be written"):
            save_labels(case, tmp_path / "nowhere" / "a.nii.gz")

    def test_a_sheared_grid_is_written_as_it_is(self, blocks: NDArray[np.uint8], tmp_path: Path) -> None:
        sheared = np.array([[1.0, 0, 0, 0], [0, 1.0, 0.6, 0], [0, 0, 2.0, 0], [0, 0, 0, 1]])
        case = make_case(blocks, sheared)
        path = save_labels(case, tmp_path / "s.nii.gz")
        assert np.allclose(nib.load(path).affine, case.affine)
        assert open_case(path).label_sha256() == case.label_sha256()


class TestLibrary:
    def test_a_known_case_opens_again(
        self, save: Save, blocks: NDArray[np.uint8], tmp_path: Path, home: Path
    ) -> None:
        names = tmp_path / "odd-names.json"
        names.write_text('{"1": "liver", "2": "spleen", "5": "aorta"}')
        case = open_case(save("seg.nii.gz", blocks), save("mr.nii.gz", blocks.astype(np.int16)), names=names)
        library = CaseLibrary()
        library.remember(case)
        assert library.ids() == (case.id,)
        again = CaseLibrary().open(case.id)
        assert (again.id, again.names) == (case.id, case.names)
        assert (home / "cases.json").is_file()
        assert library.find("case-000000000000") is None

    def test_each_label_map_of_a_scan_is_found_by_its_hash(
        self, save: Save, blocks: NDArray[np.uint8], home: Path
    ) -> None:
        scan = save("mr.nii.gz", blocks.astype(np.int16))
        one = open_case(save("organs.nii.gz", blocks), scan)
        two = open_case(save("tumour.nii.gz", np.roll(blocks, 1)), scan)
        assert one.id == two.id
        library = CaseLibrary()
        for case in (one, two):
            library.remember(case)
        library.remember(two)
        assert library.ids() == (one.id,)
        assert len(library.by_files()) == 2
        for case in (one, two):
            assert (
                library.open(one.id, label_sha256=case.label_sha256()).label_sha256() == case.label_sha256()
            )
        for unknown in ("", "f" * 64):
            latest = library.find(one.id, unknown)
            assert latest is not None
            assert latest.labels == two.provenance.labels_path

    def test_an_index_of_an_earlier_version_is_read(
        self, save: Save, blocks: NDArray[np.uint8], home: Path
    ) -> None:
        case = open_case(save("seg.nii.gz", blocks))
        library = CaseLibrary()
        library.remember(case)
        index = json.loads(library.path.read_text("utf-8"))
        (entry,) = index[case.id]
        del entry["label_sha256"], entry["structures"]
        library.path.write_text(json.dumps({case.id: entry, "case-0": [7, {"labels": None}], "case-1": None}))
        assert library.ids() == (case.id,)
        assert library.open(case.id, label_sha256=case.label_sha256()).id == case.id
        library.remember(case)
        assert len(json.loads(library.path.read_text("utf-8"))[case.id]) == 1, (
            "it took the place of the old one"
        )

    def test_files_lead_to_the_case_they_were_when_last_opened(
        self, save: Save, blocks: NDArray[np.uint8], tmp_path: Path
    ) -> None:
        names = tmp_path / "odd-names.json"
        names.write_text('{"1": "liver", "2": "spleen", "5": "aorta"}')
        place = (save("seg.nii.gz", blocks), save("mr.nii.gz", blocks.astype(np.int16)))
        library = CaseLibrary()
        for scan in (blocks.astype(np.int16), blocks.astype(np.int16) + 1):
            save("mr.nii.gz", scan)
            case = open_case(*place, names=names)
            library.remember(case)
        known = library.by_files()[place]
        assert (known.id, known.names, known.modality) == (case.id, str(names), "MR")
        assert known.structures == len(case.structures)

    def test_unknown_missing_and_changed_files_are_told(self, save: Save, blocks: NDArray[np.uint8]) -> None:
        library = CaseLibrary()
        with pytest.raises(CaseError, match="no files are known here for case-123"):
            library.open("case-123")
        path = save("seg.nii.gz", blocks)
        case = open_case(path)
        library.remember(case)
        save("seg.nii.gz", np.roll(blocks, 1))
        with pytest.raises(CaseError, match="another scan"):
            library.open(case.id)
        path.unlink()
        with pytest.raises(CaseError, match="no such file"):
            library.open(case.id)

    def test_a_broken_index_is_rebuilt_not_fatal(
        self, save: Save, blocks: NDArray[np.uint8], home: Path
    ) -> None:
        home.mkdir(parents=True)
        (home / "cases.json").write_text("{ not json")
        library = CaseLibrary()
        assert library.ids() == ()
        library.remember(open_case(save("seg.nii.gz", blocks)))
        assert json.loads((home / "cases.json").read_text("utf-8"))

    def test_arrays_have_no_files_to_remember(self, blocks: NDArray[np.uint8], home: Path) -> None:
        CaseLibrary().remember(make_case(blocks, np.eye(4)))
        assert not home.exists()

    def test_several_processes_lose_nothing(
        self, save: Save, blocks: NDArray[np.uint8], tmp_path: Path
    ) -> None:
        for n in range(4):
            save(f"{n}.nii.gz", np.roll(blocks, n, axis=0))
        code = (
            "import sys; from napari_spatialmed.case import *; CaseLibrary().remember(open_case(sys.argv[1]))"
        )
        running = [
            subprocess.Popen([sys.executable, "-c", code, str(tmp_path / f"{n}.nii.gz")]) for n in range(4)
        ]
        assert [p.wait() for p in running] == [0] * 4
        assert len(CaseLibrary().ids()) == 4


class TestSamples:
    @pytest.mark.parametrize(("key", "modality"), [("phantom-abdomen", "CT"), ("phantom-brain", "MR")])
    def test_the_phantoms_open(self, key: str, modality: str) -> None:
        case = open_sample(key)
        assert len(case.structures) >= 20
        assert case.modality == modality
        assert case.provenance.segmentation == "ground truth"
        assert case.provenance.names == key

    def test_an_unknown_sample_lists_those_there_are(self) -> None:
        with pytest.raises(CaseError, match="phantom-abdomen, phantom-brain"):
            open_sample("phantom-knee")
        assert len(SAMPLES) == 3

    def test_offline_says_so_and_points_to_the_phantom(
        self, monkeypatch: pytest.MonkeyPatch, home: Path
    ) -> None:
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", "")
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        with pytest.raises(SampleUnavailableError, match=r"can't be had now.*phantom-abdomen"):
            open_sample("totalsegmentator-abdomen")
        assert not any(home.rglob("*.nii.gz"))

    def test_the_real_scan_is_fetched_once(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[str] = []
        try:
            case = open_sample("totalsegmentator-abdomen", lambda words, share: told.append(words))
        except SampleUnavailableError as error:
            pytest.skip(str(error))
        assert len(case.structures) == 61
        assert case["liver"].label == 5
        assert any("fetching" in t for t in told)
        told.clear()
        assert open_sample("totalsegmentator-abdomen", lambda words, share: told.append(words)).id == case.id
        assert not any("fetching" in t for t in told)
        (home / "samples/totalsegmentator-2.18.0/ct.nii.gz").write_bytes(b"spoilt")
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        with pytest.raises(SampleUnavailableError):  # a file that isn't the one expected is never opened
            open_sample("totalsegmentator-abdomen")
