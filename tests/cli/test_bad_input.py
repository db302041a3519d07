"""Bad input, each with its own clear message, exit code 3, no traceback, and nothing written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_spatialmed import benchmark
from napari_spatialmed.cli import main

PHANTOM = Path(__file__).resolve().parents[2] / "sample_data" / "phantom_abdomen"
LABELS, SCAN, NAMES = (str(PHANTOM / name) for name in ("labels.nii.gz", "ct.nii.gz", "names.json"))


def refused(*arguments: str | Path) -> str:
    """Run the command; its message, after checking that it is one."""
    done = subprocess.run(
        [sys.executable, "-m", "napari_spatialmed", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=dict(os.environ),
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("spatialmed: ")
    return done.stderr


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A benchmark file that must not come into being."""
    return tmp_path / "out" / "b.spatialmed.jsonl"


def test_missing_file(tmp_path: Path) -> None:
    message = refused("measure", tmp_path / "nowhere.nii.gz", "--json")
    assert "nowhere.nii.gz" in message


def test_truncated_gzip(tmp_path: Path, target: Path) -> None:
    target.parent.mkdir()
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes(Path(LABELS).read_bytes()[:20_000])
    message = refused("propose", cut, "--names", NAMES, "--benchmark", target)
    assert "cut.nii.gz" in message
    assert not target.exists()


def test_image_and_label_of_different_patients(shared: Callable[[str], Path], target: Path) -> None:
    target.parent.mkdir()
    image, labels = shared("cases/ts_abdomen_ct/ct.nii.gz"), shared("cases/msd_hippocampus_001/seg.nii.gz")
    message = refused(
        "propose", labels, "--image", image, "--names", "msd-hippocampus", "--benchmark", target
    )
    assert "ct.nii.gz" in message
    assert "seg.nii.gz" in message
    assert not target.exists()


def test_unknown_names_table() -> None:
    message = refused("measure", LABELS, "--names", "totalsegmentater")
    assert "totalsegmentater" in message
    assert "totalsegmentator" in message, "a near match is offered"


def test_empty_label_map(tmp_path: Path) -> None:
    empty = tmp_path / "empty.nii.gz"
    nib.save(nib.Nifti1Image(np.zeros((8, 8, 8), np.uint8), np.eye(4)), empty)
    assert "empty.nii.gz" in refused("measure", empty)


def test_unknown_structure() -> None:
    message = refused("measure", LABELS, "--names", NAMES, "--structures", "livr")
    assert "livr" in message
    assert "Did you mean liver" in message


def test_unreadable_endpoint(tmp_path: Path, target: Path) -> None:
    target.parent.mkdir()
    message = refused(
        "propose",
        LABELS,
        "--image",
        SCAN,
        "--names",
        NAMES,
        "--benchmark",
        target,
        "--endpoint",
        "http://127.0.0.1:9/v1#m",
    )
    assert "127.0.0.1:9" in message
    assert not target.exists()


def test_ask_without_an_endpoint_says_how_to_set_one() -> None:
    message = refused("ask", LABELS, "--image", SCAN, "--names", NAMES, "--question", "Where is the liver?")
    assert "OPENAI_BASE_URL" in message


def test_read_only_benchmark_folder(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):  # root may write anywhere; a kernel's own folder is closed to root too
        folder = Path("/proc")
    if not folder.is_dir() or os.access(folder / "self", os.X_OK) is False:
        pytest.skip("no read-only folder on this system")
    path = folder / "b.spatialmed.jsonl"
    message = refused(
        "propose", LABELS, "--image", SCAN, "--names", NAMES, "--benchmark", path, "--count", "1"
    )
    assert str(path) in message
    assert not path.exists()


def test_benchmark_folder_missing(target: Path) -> None:
    message = refused("propose", LABELS, "--names", NAMES, "--benchmark", target, "--count", "1")
    assert str(target.parent) in message
    assert not target.parent.exists()


def test_a_benchmark_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "notes.spatialmed.jsonl"
    path.write_text("dear diary\n", "utf-8")
    assert str(path) in refused("verify", path)
    assert path.read_text("utf-8") == "dear diary\n"


def test_a_folder_where_a_file_is_meant(tmp_path: Path) -> None:
    for arguments in (
        ("repair", tmp_path),
        ("import", tmp_path, "--benchmark", tmp_path / "b.spatialmed.jsonl"),
    ):
        assert f"{tmp_path}: this is a folder. Name one file in it." in refused(*arguments)


def test_a_name_that_no_system_takes(tmp_path: Path) -> None:
    assert "too long" in refused("merge", LABELS, "--out", tmp_path / ("n" * 300 + ".spatialmed.jsonl"))


def test_open_says_what_is_missing_before_a_window_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no such file" in refused("open", LABELS, "--benchmark", tmp_path / "none.spatialmed.jsonl")
    if sys.platform.startswith("linux"):
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
            monkeypatch.delenv(name, raising=False)
        assert "no display" in refused("open", LABELS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["propose", LABELS], "Missing option '--benchmark'."),
        (
            ["propose", LABELS, "--benchmark", "b", "--earlier-image", SCAN],
            "--earlier-image goes with --earlier.",
        ),
        (["measure", LABELS, "--workers", "2"], "--workers and --scheduler go with --cases."),
        (["open", LABELS, "--question", "q-1"], "--question needs --benchmark, the file that holds it."),
    ],
)
def test_usage_errors_leave_with_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_the_good_case_works(tmp_path: Path) -> None:
    path = tmp_path / "good.spatialmed.jsonl"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "napari_spatialmed",
            "propose",
            LABELS,
            "--image",
            SCAN,
            "--names",
            NAMES,
            "--benchmark",
            str(path),
            "--count",
            "6",
            "--seed",
            "1",
        ],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sum(q.status == "pending" for q in benchmark.read(path).state.questions.values()) == 6
