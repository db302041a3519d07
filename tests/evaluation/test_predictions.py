"""Answers made elsewhere, and models that take volumes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_spatialmed.benchmark import read
from napari_spatialmed.evaluation.adapters import AdapterError, open_adapter, run_adapter, save_scan
from napari_spatialmed.evaluation.predictions import PredictionsError, score_predictions
from napari_spatialmed.evaluation.runfolder import RunError, RunFolder
from napari_spatialmed.evaluation.runplan import Item

from .conftest import many_questions, marker_case, write_benchmark


@pytest.fixture
def state(choice, number, markers, tmp_path):
    return read(
        write_benchmark(tmp_path / "b.spatialmed.jsonl", many_questions(choice, number, markers.case.id, 10))
    ).state


def predictions(path: Path, answers: dict[str, str]) -> Path:
    path.write_text(
        "".join(json.dumps({"id": k, "text": v}) + "\n" for k, v in answers.items()), encoding="utf-8"
    )
    return path


def test_every_question_counts_also_those_without_an_answer(state, tmp_path):
    right = {
        q: "ANSWER: 100 mL" if state.questions[q].question.is_open else "ANSWER: B"
        for q in list(state.questions)[:6]
    }
    result = score_predictions(
        predictions(tmp_path / "p.jsonl", right | {"q-other": "ANSWER: A"}), state, model="m"
    )
    assert sum(result.outcomes.values()) == 10
    assert result.outcomes["correct"] == 6
    assert result.outcomes["error"] == result.missing == 4
    assert result.unknown == 1
    assert result.rows["DIR"]["score"] == pytest.approx(5 / 8)
    assert result.rows["VOLEST"]["score"] == pytest.approx(1 / 2)
    assert result.rows["AVG"]["score"] == pytest.approx((5 / 8 + 1 / 2) / 2)
    json.loads(result.to_json())
    assert "without an answer: 4 questions" in result.notes[0]


def test_scored_predictions_are_a_run_that_a_report_reads(state, tmp_path):
    answers = predictions(tmp_path / "p.jsonl", dict.fromkeys(state.questions, "ANSWER: B"))
    score_predictions(answers, state, model="elsewhere", out=tmp_path / "run")
    rows = list(RunFolder(tmp_path / "run").rows())
    assert len(rows) == 10
    assert {r["model"] for r in rows} == {"elsewhere"}
    other = predictions(tmp_path / "p.jsonl", dict.fromkeys(state.questions, "ANSWER: C"))
    with pytest.raises(RunError, match="another run: predictions"):
        score_predictions(other, state, model="elsewhere", out=tmp_path / "run")


def test_odd_but_honest_files_are_read(state, tmp_path):
    """A byte order mark, a line separator inside an answer, and a time that is no number."""
    first = next(iter(state.questions))
    line = json.dumps(
        {"id": first, "text": "left\u2028ANSWER: B", "seconds": float("nan")}, ensure_ascii=False
    )
    (tmp_path / "p.jsonl").write_text("\ufeff" + line + "\r\n\r\n", "utf-8")
    result = score_predictions(tmp_path / "p.jsonl", state, model="m", out=tmp_path / "run")
    assert result.outcomes["correct"] == 1
    assert next(RunFolder(tmp_path / "run").rows())["seconds"] == 0.0


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"id": "q-1"}\n', "line 1 is no answer"),
        ("not json\n", "line 1 is no answer"),
        ('{"id": "q-1", "text": "a"}\n{"id": "q-1", "text": "b"}\n', "line 2 answers q-1 a second time"),
    ],
)
def test_a_bad_file_says_where(state, tmp_path, content, why):
    path = tmp_path / "p.jsonl"
    path.write_text(content)
    with pytest.raises(PredictionsError, match=why):
        score_predictions(path, state, model="m")


PROGRAM = """
import json, sys
import nibabel
for line in sys.stdin:
    item = json.loads(line)
    scan = nibabel.load(item["image"])
    if "Number 3:" in item["stem"]:
        print(json.dumps({"error": "out of memory"}), flush=True)
    else:
        print(json.dumps({"text": f"{scan.shape} {item['modality']}\\nANSWER: " + ("B" if item["options"] else "100 mL")}), flush=True)
"""


def test_a_command_that_takes_volumes_answers_a_benchmark(choice, number, markers, tmp_path):
    (tmp_path / "model.py").write_text(PROGRAM)
    items = [Item(q) for q in many_questions(choice, number, markers.case.id, 6)]
    with open_adapter(f"{sys.executable} {tmp_path / 'model.py'}") as adapter:
        summary = run_adapter(adapter, items, lambda _: markers, tmp_path / "run")
        again = run_adapter(adapter, items, lambda _: markers, tmp_path / "run")
    assert (summary.outcomes["correct"], summary.outcomes["error"]) == (5, 1)
    assert (again.asked, again.resumed) == (1, 5)
    row = next(RunFolder(tmp_path / "run").rows())
    assert row["text"].startswith(str(markers.case.labels.shape))


def test_an_adapter_gets_the_scan_and_nothing_of_its_header(tmp_path):
    case = marker_case()
    written = nib.load(save_scan(case, tmp_path))
    assert np.allclose(written.affine, case.affine)
    assert np.array_equal(np.asarray(written.dataobj), case.image)
    assert written.header["descrip"].tobytes().strip(b"\0") == b""
    with pytest.raises(AdapterError, match="no scan"):
        save_scan(marker_case(image=False), tmp_path)


def test_a_command_that_is_no_adapter_says_so(choice, markers, tmp_path):
    with pytest.raises(AdapterError, match="can't be started"), open_adapter("no-such-program-here"):
        pass
    with pytest.raises(AdapterError, match="can't be started"), open_adapter("python 'unbalanced"):
        pass
    with open_adapter(f"{sys.executable} -c print('hello')") as adapter:
        summary = run_adapter(adapter, [Item(choice)], lambda _: markers, tmp_path / "run")
    assert summary.outcomes["error"] == 1
