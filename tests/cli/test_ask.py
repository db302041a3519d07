"""`spatialmed ask`: stream, judge, record, and say what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from pytest_httpserver import HTTPServer

from napari_spatialmed.benchmark import create, read
from napari_spatialmed.case import open_case
from napari_spatialmed.cli import main
from napari_spatialmed.questions.model import AnswerKey, Question


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch, tmp_path):
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path / "home"))


@pytest.fixture
def scan(tmp_path) -> list[str]:
    """Two boxes in a scan, as files."""
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[5:15, 10:30, 10:30] = 1
    labels[25:35, 10:30, 10:30] = 2
    folder = tmp_path / "scan"
    folder.mkdir()
    nib.save(nib.Nifti1Image(labels, np.eye(4)), folder / "seg.nii.gz")
    nib.save(nib.Nifti1Image((labels * 100).astype(np.int16), np.eye(4)), folder / "ct.nii.gz")
    (folder / "names.json").write_text(json.dumps({"1": "first", "2": "second"}))
    return [
        str(folder / "seg.nii.gz"),
        "--image",
        str(folder / "ct.nii.gz"),
        "--names",
        str(folder / "names.json"),
    ]


@pytest.fixture
def benchmark(scan, tmp_path) -> Path:
    case = open_case(scan[0], scan[2], names=scan[4])
    question = Question(
        id="q-000000000001",
        case=case.id,
        key=AnswerKey(task="DIR", form="dir.axis", structures=("first", "second"), params={"axis": "RL"}),
        stem="Where does the first box lie, seen from the second?",
        options=("right", "left"),
        answer="B",
        truth="left",
        label_sha256=case.label_sha256(),
    )
    opened = create(tmp_path / "b.spatialmed.jsonl", actor="t")
    opened.register_case(case)
    opened.propose(question, accepted=True)
    return opened.path


def serve(httpserver: HTTPServer, *pieces: str) -> str:
    events = [
        {"model": "m", "choices": [{"index": 0, "delta": {"content": p}, "finish_reason": None}]}
        for p in pieces
    ]
    events.append({"model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    body = "".join(f"data: {json.dumps(e)}\n\n" for e in events) + "data: [DONE]\n\n"
    httpserver.expect_request("/v1/chat/completions").respond_with_data(
        body, content_type="text/event-stream"
    )
    return httpserver.url_for("/v1") + "#m"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["ask", *arguments])
    return int(ended.value.code or 0)


def test_the_answer_streams_and_is_judged(httpserver, scan, benchmark, capsys, tmp_path):
    endpoint = serve(httpserver, "Seen from ", "it.\nANSWER: B")
    code = run(*scan, "--benchmark", str(benchmark), "--id", "q-000000000001", "--endpoint", endpoint, "--record",
               "--save-pictures", str(tmp_path / "pictures"))  # fmt: skip
    out, err = capsys.readouterr()
    assert code == 0
    assert "Seen from it.\nANSWER: B" in out
    assert "right: read B, the labels say B (left)" in out
    assert "3 pictures" in err
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 3
    (recorded,) = read(benchmark).state.responses
    assert recorded["outcome"] == "correct"
    assert recorded["revision"] == 1


def test_a_wrong_answer_is_called_wrong(httpserver, scan, benchmark, capsys):
    endpoint = serve(httpserver, "ANSWER: A")
    assert (
        run(
            *scan,
            "--benchmark",
            str(benchmark),
            "--id",
            "q-000000000001",
            "--endpoint",
            endpoint,
            "--arm",
            "blind",
        )
        == 0
    )
    out, err = capsys.readouterr()
    assert "wrong: read A, the labels say B (left)" in out
    assert "no picture is sent" in err


def test_circular_asks_every_order(httpserver, scan, benchmark, capsys):
    endpoint = serve(httpserver, "ANSWER: A")
    run(
        *scan,
        "--benchmark",
        str(benchmark),
        "--id",
        "q-000000000001",
        "--endpoint",
        endpoint,
        "--arm",
        "circular",
    )
    out = capsys.readouterr().out
    assert out.count("read A") == 2
    assert "right: read A, the labels say A" in out


def test_a_question_in_ones_own_words(httpserver, scan, capsys):
    endpoint = serve(httpserver, "Two boxes.")
    assert (
        run(*scan, "--question", "What is here?", "--structures", "first,second", "--endpoint", endpoint) == 0
    )
    assert "Two boxes." in capsys.readouterr().out
    assert b"What is here?" in httpserver.log[-1][0].get_data()


def test_without_an_endpoint_it_says_how_to_set_one(scan, capsys):
    assert run(*scan, "--question", "What is here?") == 3
    assert "spatialmed endpoint add" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [[], ["--question", "a", "--benchmark", "b"], ["--benchmark", "b"], ["--question", "a", "--record"]],
)
def test_it_must_be_clear_what_to_ask(scan, arguments):
    assert run(*scan, *arguments) == 2


def test_another_scan_than_the_questions_is_refused(httpserver, scan, benchmark, capsys):
    arguments = [
        scan[0],
        *scan[3:],
        "--benchmark",
        str(benchmark),
        "--id",
        "q-000000000001",
        "--endpoint",
        serve(httpserver, "x"),
    ]
    assert run(*arguments) == 3
    assert "is about case-" in capsys.readouterr().err
    assert not httpserver.log


def test_a_server_that_fails_is_told_and_exits_with_partly_done(httpserver, scan, benchmark, capsys):
    httpserver.expect_request("/v1/chat/completions").respond_with_json(
        {"error": {"message": "bad key"}}, status=401
    )
    endpoint = httpserver.url_for("/v1") + "#m"
    assert run(*scan, "--benchmark", str(benchmark), "--id", "q-000000000001", "--endpoint", endpoint) == 4
    out, err = capsys.readouterr()
    assert "auth" in err
    assert "error: read nothing" in out
