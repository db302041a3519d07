"""Export and import, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from click.testing import CliRunner

from napari_spatialmed import benchmark
from napari_spatialmed.case import make_case
from napari_spatialmed.cli import cli
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import build_question


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """One kept, computed question on a scan called after a patient."""
    labels = np.zeros((60, 50, 40), np.uint8)
    labels[10:40, 10:40, 8:30] = 5
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    folder = tmp_path / "DOE^JOHN"
    folder.mkdir()
    nibabel.save(nibabel.Nifti1Image(labels, affine), folder / "DOE_JOHN_seg.nii.gz")
    nibabel.save(nibabel.Nifti1Image((labels * 10.0).astype(np.int16), affine), folder / "DOE_JOHN.nii.gz")
    case = make_case(labels, affine, names="totalsegmentator_total", modality="CT")
    made = benchmark.create(tmp_path / "study.spatialmed.jsonl", actor="Anna")
    made.register_case(case)
    made.propose(build_question(CaseGeometry(case), "volest.absolute", (case.structures[0].name,)))
    for name in ("Anna", "Bob", "Chen"):
        opened = benchmark.open(made.path, actor=name)
        opened.review(next(iter(opened.state.questions)), 2)
    return tmp_path


def test_export_renders_pictures_and_tells_nothing_of_the_patient(study: Path) -> None:
    out = study / "out"
    arguments = [
        "export",
        study / "study.spatialmed.jsonl",
        "--format",
        "jsonl",
        "--out",
        out,
        "--cases",
        study / "DOE^JOHN",
    ]
    result = CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "1 kept questions (test 1)" in result.output
    row = json.loads((out / "questions.jsonl").read_text("utf-8"))
    assert len(row["pictures"]) == 3
    for name in row["pictures"]:
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    for file in out.rglob("*"):
        if file.is_file():
            assert b"DOE" not in file.read_bytes()
            assert str(study).encode() not in file.read_bytes()
    assert "DOE" not in (study / "study.spatialmed.jsonl").read_text("utf-8")


def test_an_answer_that_the_labels_no_longer_give_stops_the_export(study: Path) -> None:
    file = study / "study.spatialmed.jsonl"
    opened = benchmark.open(file, actor="Mallory")
    (held,) = opened.state.questions.values()
    opened.edit(held.id, "answer", "1.0")
    opened.adjudicate(held.id, keep=True, note="trust me")
    arguments = ["export", file, "--format", "hf", "--out", study / "out", "--cases", study / "DOE^JOHN"]
    result = CliRunner().invoke(cli, [str(a) for a in arguments])
    assert "no longer give the answer" in str(result.exception)
    assert not (study / "out").exists()


def test_export_without_the_scan_is_partly_done(study: Path) -> None:
    (study / "other").mkdir()
    nibabel.save(
        nibabel.Nifti1Image(np.ones((9, 9, 9), np.uint8), np.eye(4)), study / "other" / "a_seg.nii.gz"
    )
    arguments = [
        "export",
        study / "study.spatialmed.jsonl",
        "--format",
        "csv",
        "--out",
        study / "out",
        "--cases",
        study / "other",
    ]
    result = CliRunner().invoke(cli, [str(a) for a in arguments])
    assert result.exit_code == 4
    assert (study / "out" / "questions.csv").exists()


def test_splits_that_make_no_sense_are_a_usage_error(study: Path) -> None:
    arguments = [
        "export",
        study / "study.spatialmed.jsonl",
        "--format",
        "csv",
        "--out",
        study / "out",
        "--splits",
        "half",
    ]
    assert CliRunner().invoke(cli, [str(a) for a in arguments]).exit_code == 2


def test_import_shows_a_plan_and_writes_only_when_told(study: Path) -> None:
    source = study / "paper.json"
    source.write_text(
        json.dumps([
            {"question": "How wide?", "options": ["1 cm", "2 cm"], "answer": "A", "task": "EXT", "scan": "s1"},
            {"question": "How odd?", "task": "EXT"},
        ])
    )  # fmt: skip
    file = study / "study.spatialmed.jsonl"
    before = file.read_bytes()
    result = CliRunner().invoke(cli, ["import", str(source), "--benchmark", str(file)])
    assert result.exit_code == 4
    assert "added 1, changed 0, unchanged 0, invalid 1" in result.output
    assert "row 2" in result.output
    assert file.read_bytes() == before
    CliRunner().invoke(cli, ["import", str(source), "--benchmark", str(file), "--yes", "--actor", "Anna"])
    assert len(benchmark.read(file).state.questions) == 2
