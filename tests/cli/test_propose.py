"""`spatialmed propose` as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_spatialmed.case import CaseLibrary

from .small_scan import spatialmed, state, write_case


@pytest.fixture
def labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path / "settings"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    return write_case(tmp_path / "case")


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
    known = CaseLibrary().find(next(iter(found.cases)))
    assert known is not None, "in the window its scan is found without asking"
    assert (known.labels, known.names) == (labels, str(names))


def test_questions_are_proposed_where_the_scans_place_cant_be_noted(
    labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "no-folder").touch()
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path / "no-folder"))
    path = tmp_path / "b.spatialmed.jsonl"
    names = labels.parent / "names.json"
    assert spatialmed("propose", labels, "--names", names, "--benchmark", path, "--count", 1) == 0
    assert "cases.json: the index of cases can't be written" in capsys.readouterr().err


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


def test_other_patients_are_compared_with_where_they_were_measured(
    labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, names = tmp_path / "b.spatialmed.jsonl", labels.parent / "names.json"
    for number, voxel in enumerate((3.8, 3.9, 4.1, 4.2, 3.95)):
        write_case(tmp_path / "others" / f"p{number}", voxel)
    ask = (
        "propose",
        labels,
        "--names",
        names,
        "--benchmark",
        path,
        "--count",
        4,
        "--seed",
        1,
        "--tasks",
        "EXT",
    )

    assert spatialmed(*ask) in (0, 4)
    assert "published volumes only" in capsys.readouterr().err
    assert state(path).funnel().by_rule.get("P1", 0) == 0

    # They differ by a few percent: lengths that they tell are no questions.
    assert spatialmed(*ask, "--other-patients", tmp_path / "others") in (0, 4)
    assert "compared with 5 scans of other patients" in capsys.readouterr().err
    assert state(path).funnel().by_rule["P1"] > 0
    assert any("of 5 other scans" in r.reason for r in state(path).rejected_proposals)
    assert str(tmp_path) not in path.read_text("utf-8")

    # What was measured stays known, here and to another file that is told of this one.
    assert spatialmed(*ask) in (0, 4)
    assert "compared with 5 scans of other patients" in capsys.readouterr().err
    fresh = tmp_path / "fresh.spatialmed.jsonl"
    again = (*ask[:5], fresh, *ask[6:], "--other-patients", path)
    assert spatialmed(*again) in (0, 4)
    assert "compared with 5 scans of other patients" in capsys.readouterr().err
