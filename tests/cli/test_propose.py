"""`spatialmed propose` and `spatialmed build` as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_spatialmed import benchmark
from napari_spatialmed.cli import main

BOXES = {
    "liver": ((22, 50), (20, 60), (30, 60)),
    "spleen": ((4, 14), (14, 30), (40, 60)),
    "kidney_right": ((26, 38), (8, 18), (12, 28)),
    "kidney_left": ((4, 14), (6, 13), (16, 37)),
    "aorta": ((15, 19), (16, 22), (4, 70)),
    "pancreas": ((8, 21), (26, 36), (30, 38)),
    "gallbladder": ((30, 38), (61, 69), (22, 30)),
    "stomach": ((3, 20), (38, 58), (40, 64)),
}


def write_case(folder: Path, voxel: float = 4.0) -> Path:
    """A small labelled scan with its names."""
    folder.mkdir(parents=True, exist_ok=True)
    labels = np.zeros((54, 72, 74), np.uint8)
    for label, box in enumerate(BOXES.values(), start=1):
        labels[tuple(slice(*bounds) for bounds in box)] = label
    # stored left to right: the first axis of the boxes grows to the right, which RAS+ calls positive
    nib.save(nib.Nifti1Image(labels, np.diag([voxel, voxel, voxel, 1.0])), folder / "labels.nii.gz")
    (folder / "names.json").write_text(json.dumps({str(i): name for i, name in enumerate(BOXES, start=1)}))
    return folder / "labels.nii.gz"


def spatialmed(*arguments: object) -> int:
    """Run the command in this process; returns its exit code."""
    try:
        main([str(a) for a in arguments])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.fixture
def labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path / "settings"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    return write_case(tmp_path / "case")


def state(path: Path) -> benchmark.State:
    return benchmark.open(path, actor="reader").state


def test_propose_fills_a_file(labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "b.spatialmed.jsonl"
    names = labels.parent / "names.json"
    assert (
        spatialmed("propose", labels, "--names", names, "--benchmark", path, "--count", 12, "--seed", 1) == 0
    )
    said = capsys.readouterr().out
    assert "12 of 12 accepted" in said
    found = state(path)
    accepted = [q for q in found.questions.values() if q.status == "pending"]
    assert len(accepted) == 12
    assert {q.question.task for q in accepted} == {"DIR", "DIST", "EXT", "VOL", "COMP", "VOLEST"}
    assert found.funnel().total.adds_up
    assert len(found.cases) == 1
    assert str(labels) not in path.read_text("utf-8")


def test_again_adds_others(labels: Path, tmp_path: Path) -> None:
    path = tmp_path / "b.spatialmed.jsonl"
    arguments = (
        "propose",
        labels,
        "--names",
        labels.parent / "names.json",
        "--benchmark",
        path,
        "--count",
        6,
    )
    assert spatialmed(*arguments) == 0
    first = set(state(path).questions)
    assert spatialmed(*arguments) == 0
    assert len([q for q in state(path).questions.values() if q.status == "pending"]) == 12
    assert first < set(state(path).questions)


def test_fewer_than_asked_for_is_partly_done(
    labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "b.spatialmed.jsonl"
    names = labels.parent / "names.json"
    code = spatialmed(
        "propose", labels, "--names", names, "--benchmark", path, "--count", 400, "--tasks", "ext"
    )
    assert code == 4
    assert "nothing left to ask" in capsys.readouterr().err
    assert state(path).questions


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"labels": "nowhere.nii.gz"}, 3, "nowhere.nii.gz"),
        ({"--names": "no-such-table"}, 3, "no-such-table"),
        ({"--benchmark": "b.json"}, 3, ".spatialmed.jsonl"),
        ({"--endpoint": "nobody"}, 3, "no endpoint"),
        ({"--endpoint": "http://127.0.0.1:9/v1#m"}, 3, "can't be reached"),
        ({"--endpoint": "https://far.example/v1#m"}, 3, "--yes-send"),
        ({"--endpoint": "http://far.example/v1"}, 3, "plain http"),
        ({"--panel": "http://127.0.0.1:9/v1#m"}, 3, "needs 3 readers"),
        ({"--tasks": "DIR,NOPE"}, 2, "NOPE"),
        ({"--count": "0"}, 2, "count"),
    ],
)
def test_bad_input_writes_nothing(
    labels: Path,
    tmp_path: Path,
    changes: dict[str, str],
    code: int,
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = {
        "--names": str(labels.parent / "names.json"),
        "--benchmark": str(tmp_path / "b.spatialmed.jsonl"),
        "--count": "4",
    }
    place = changes.pop("labels", str(labels))
    given |= {k: str(tmp_path / v) if k == "--benchmark" else v for k, v in changes.items()}
    assert spatialmed("propose", place, *[word for pair in given.items() for word in pair]) == code
    said = capsys.readouterr().err
    assert says in said
    assert "Traceback" not in said
    assert not list(tmp_path.glob("b.*"))


def test_build_survives_a_bad_case_and_goes_on_where_it_ended(
    labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, voxel in enumerate((3.0, 3.5)):
        write_case(tmp_path / "cohort" / f"sub-{number}", voxel)
    broken = tmp_path / "cohort" / "sub-9" / "labels.nii.gz"
    broken.parent.mkdir()
    broken.write_bytes((tmp_path / "cohort" / "sub-0" / "labels.nii.gz").read_bytes()[:900])
    path = tmp_path / "b.spatialmed.jsonl"
    arguments = ("build", "--cases", tmp_path / "cohort", "--names", labels.parent / "names.json", "--benchmark", path, "--per-case", 6, "--workers", 2, "--patient", r"(sub-\d)")  # fmt: skip
    assert spatialmed(*arguments) == 4
    said = capsys.readouterr()
    assert "2 cases built" in said.out
    assert "1 failed" in said.out
    assert "sub-9" in said.err
    built = state(path)
    assert len(built.cases) == 2
    assert len({record.patient for record in built.cases.values()}) == 2
    assert "sub-" not in path.read_text("utf-8")
    size = path.stat().st_size
    assert spatialmed(*arguments) == 4
    assert "2 were built before" in capsys.readouterr().out
    assert path.stat().st_size == size


def test_build_without_cases_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert (
        spatialmed("build", "--cases", tmp_path / "empty", "--benchmark", tmp_path / "b.spatialmed.jsonl")
        == 3
    )
    assert not (tmp_path / "b.spatialmed.jsonl").exists()


def test_build_on_a_dask_cluster(labels: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    path = tmp_path / "b.spatialmed.jsonl"
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        code = spatialmed(
            "build",
            "--cases",
            labels.parent,
            "--benchmark",
            path,
            "--per-case",
            6,
            "--scheduler",
            cluster.scheduler_address,
        )
    assert code == 0
    assert len(state(path).questions) >= 6


def test_a_scheduler_that_is_off(
    labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("napari_spatialmed.cli.propose.SCHEDULER_TIMEOUT", "1s")
    path = tmp_path / "b.spatialmed.jsonl"
    code = spatialmed(
        "build", "--cases", labels.parent, "--benchmark", path, "--scheduler", "tcp://127.0.0.1:9"
    )
    assert code == 3
    assert "no Dask scheduler answers" in capsys.readouterr().err
