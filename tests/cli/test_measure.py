"""`spatialmed measure` as a person or a script calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_spatialmed.cli import main


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path / "home"))


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Two boxes on a RAS grid of 1 × 2 × 3 mm: the second lies 40 mm to the left and 30 mm above."""
    array = np.zeros((60, 20, 20), np.uint8)
    array[45:50, 5:10, 3:6] = 5
    array[5:10, 5:10, 13:16] = 1
    path = tmp_path / "labels.nii.gz"
    nib.save(nib.Nifti1Image(array, np.diag([1.0, 2.0, 3.0, 1.0])), path)
    (tmp_path / "names.json").write_text(json.dumps({"5": "liver", "1": "spleen"}))
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    try:
        main([str(a) for a in ("measure", *arguments)])
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_json_has_the_promised_keys_and_values(labels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = labels.with_name("names.json")
    code, out, _ = run(
        capsys, labels, "--names", names, "--structures", "liver,spleen", "--pairs", "liver:spleen", "--json"
    )
    assert code == 0
    found = json.loads(out)
    assert set(found) == {"case", "structures", "pairs"}
    liver = found["structures"][0]
    assert (liver["name"], liver["label"], liver["voxels"], liver["components"]) == ("liver", 5, 75, 1)
    assert liver["volume_ml"] == pytest.approx(75 * 6 / 1000)
    assert liver["centroid_ras_mm"] == pytest.approx([47.0, 14.0, 12.0])
    assert liver["extent_mm"] == pytest.approx({"RL": 5.0, "AP": 10.0, "SI": 9.0})
    assert liver["touches_border"] is False
    pair = found["pairs"][0]
    assert (pair["a"], pair["b"]) == ("liver", "spleen")
    assert pair["centre_distance_mm"] == pytest.approx(50.0)
    assert pair["surface_distance_mm"] == pytest.approx(np.hypot(36, 24))
    assert pair["direction"] == {"RL": "right", "AP": None, "SI": "inferior"}


def test_all_calculators_add_their_keys(labels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = labels.with_name("names.json")
    code, out, _ = run(capsys, labels, "--names", names, "--pairs", "all", "--calculators", "all", "--json")
    assert code == 0
    found = json.loads(out)
    assert {
        "surface_area_mm2",
        "mesh_volume_ml",
        "longest_diameter_mm",
        "sphericity",
        "elongation",
        "flatness",
        "major_axis_mm",
    } <= set(found["structures"][0])
    assert {"hausdorff_mm", "contact_area_mm2"} <= set(found["pairs"][0])
    assert found["structures"][0]["intensity"] is None


def test_calculators_of_the_whole_case(labels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = labels.with_name("names.json")
    code, out, _ = run(
        capsys,
        labels,
        "--names",
        names,
        "--structures",
        "liver,spleen",
        "--calculators",
        "nearest,ranking,lesion_count",
        "--json",
    )
    assert code == 0
    values = {one["calculator"]: one["value"] for one in json.loads(out)["measurements"]}
    assert values == {"nearest": "spleen", "ranking": ["spleen", "liver"], "lesion_count": 0} or values[
        "ranking"
    ] == ["liver", "spleen"]


def test_a_table_for_people(labels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capsys,
        labels,
        "--names",
        labels.with_name("names.json"),
        "--pairs",
        "all",
        "--calculators",
        "sphericity",
    )
    assert code == 0
    assert "5.0 × 10.0 × 9.0" in out
    assert "sphericity" in out
    assert "not a medical device" in out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--structures", "livr"], 3, "Did you mean liver"),
        (["--pairs", "liver:kidney"], 3, "kidney"),
        (["--calculators", "volume"], 3, "volume_ml"),
        (["--pairs", "liver"], 2, "a:b"),
        (["--out", "t.csv"], 2, "--cases"),
    ],
)
def test_bad_requests_say_what_to_do_and_print_nothing_else(
    arguments: list[str], code: int, words: str, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, out, err = run(capsys, labels, "--names", labels.with_name("names.json"), *arguments)
    assert (found, out) == (code, "")
    assert words in err
    assert "Traceback" not in err


def test_a_missing_file_and_no_file_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, tmp_path / "nothing.nii.gz", "--json")
    assert (code, out) == (3, "")
    assert "nothing.nii.gz" in err
    assert run(capsys)[0] == 2


def test_many_cases_with_a_bad_one_end_with_code_4(
    labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for k in range(3):
        (folder / f"case{k}_seg.nii.gz").write_bytes(labels.read_bytes())
    (folder / "case1_seg.nii.gz").write_bytes(labels.read_bytes()[:100])
    out_path = tmp_path / "table.csv"
    code, out, err = run(
        capsys, "--cases", folder / "*.nii.gz", "--names", labels.with_name("names.json"), "--out", out_path
    )
    assert code == 4
    assert "2 measured, 1 failed" in out
    assert "case1_seg" in err
    assert out_path.read_text("utf-8").count("\n") == 5
    (folder / "case1_seg.nii.gz").write_bytes(labels.read_bytes())
    code, out, _ = run(
        capsys, "--cases", folder / "*.nii.gz", "--names", labels.with_name("names.json"), "--out", out_path
    )
    assert code == 0
    assert "2 from an earlier run" in out


def test_a_structure_that_some_cases_lack_is_told_and_fails_nothing(
    labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out_path = tmp_path / "many", tmp_path / "table.csv"
    folder.mkdir()
    (folder / "both_seg.nii.gz").write_bytes(labels.read_bytes())
    alone = np.zeros((6, 6, 6), np.uint8)
    alone[2:4, 2:4, 2:4] = 1
    nib.save(nib.Nifti1Image(alone, np.eye(4)), folder / "spleen_only_seg.nii.gz")
    code, out, err = run(
        capsys, "--cases", folder, "--names", labels.with_name("names.json"), "--out", out_path, "--structures",
        "Liver,aorta",
    )  # fmt: skip
    assert code == 0
    assert "2 measured, 0 failed" in out
    assert "Liver: not in 1 of 2 cases: spleen_only_seg" in err
    assert "aorta: in none of the cases" in err
    assert out_path.read_text("utf-8").count("not in this case") == 3


def test_a_real_scan(shared: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    folder = shared("cases/ts_abdomen_ct")
    code, out, _ = run(
        capsys, folder / "seg_total.nii.gz", "--image", folder / "ct.nii.gz", "--names", "totalsegmentator",
        "--structures", "liver,spleen", "--pairs", "liver:spleen", "--calculators", "intensity,laterality", "--json",
    )  # fmt: skip
    assert code == 0
    found = json.loads(out)
    assert [row["laterality"] for row in found["structures"]] == ["right", "left"]
    assert 20 < found["structures"][0]["intensity"]["mean"] < 80
    assert found["pairs"][0]["direction"]["RL"] == "right"
