"""`spatialmed evaluate`, `score` and `report`, as a user runs them one after the other."""

from __future__ import annotations

import json

import pytest

from napari_spatialmed.benchmark import create, read
from napari_spatialmed.cli import main
from napari_spatialmed.evaluation.runfolder import RunFolder
from napari_spatialmed.questions.model import AnswerKey, Question


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch, tmp_path):
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path / "home"))


@pytest.fixture
def benchmark(tmp_path) -> str:
    opened = create(tmp_path / "b.spatialmed.jsonl", actor="t", title="four questions")
    for i in range(4):
        question = Question(
            id=f"q-{i:012x}", case="case-1", key=AnswerKey(task="COMP", form="comp.pair", structures=("liver", "spleen")),
            stem=f"Question {i}?", options=("liver", "spleen"), answer="AB"[i % 2], truth="liver",
        )  # fmt: skip
        opened.propose(question, accepted=True)
    return str(opened.path)


def run(*arguments: str) -> int:
    try:
        main(list(arguments))
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_a_blind_run_and_its_report(httpserver, benchmark, tmp_path, capsys):
    reply = {
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "ANSWER: A"}}],
    }
    httpserver.expect_request("/v1/chat/completions").respond_with_json(reply)
    folder = str(tmp_path / "run")
    command = [
        "evaluate",
        benchmark,
        "--endpoint",
        httpserver.url_for("/v1"),
        "--model",
        "m",
        "--arm",
        "blind",
        "--out",
        folder,
    ]
    assert run(*command) == 0
    assert "4 asked now (2 correct, 2 wrong), 0 before, of 4" in capsys.readouterr().err
    assert run(*command) == 0
    assert len(httpserver.log) == 4, "the second time nothing is asked"
    (kept,) = read(benchmark).state.runs
    assert (kept["asked"], kept["outcomes"]) == (4, {"correct": 2, "wrong": 2})
    assert httpserver.host not in json.dumps(kept)
    assert run("log", benchmark) == 0
    assert "4 asked: 2 correct, 2 wrong" in capsys.readouterr().out
    assert run("report", folder, "--benchmark", benchmark, "--out", str(tmp_path / "r.html")) == 0
    assert "four questions" in (tmp_path / "r.html").read_text("utf-8")


def test_a_report_with_a_judge_says_so_and_exits_partly_done_where_it_failed(
    httpserver, benchmark, tmp_path, capsys
):
    answers = [
        {"id": qid, "text": "The liver dwarfs the spleen.\nANSWER: A"}
        for qid in read(benchmark).state.questions
    ]
    file = tmp_path / "mine.jsonl"
    file.write_text("\n".join(map(json.dumps, answers)))
    folder = str(tmp_path / "run")
    assert run("score", str(file), "--benchmark", benchmark, "--out", folder) == 0
    found = {"quote": "The liver dwarfs the spleen.", "relation": "larger", "negated": False, "about": "liver", "other": "spleen"}  # fmt: skip
    message = {"content": json.dumps({"statements": [found]})}
    reply = {"model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}
    httpserver.expect_ordered_request("/v1/chat/completions").respond_with_json(reply)
    page = str(tmp_path / "r.html")
    command = ["report", folder, "--benchmark", benchmark, "--out", page]
    judge = ["--judge", httpserver.url_for("/v1") + "#judge-1"]
    assert run(*command, *judge) == 0
    assert len(httpserver.log) == 1, "four answers with the same words are one explanation"
    assert "judge model judge-1, which extracts and never judges" in (tmp_path / "r.html").read_text("utf-8")
    httpserver.expect_request("/other/chat/completions").respond_with_json(
        {"error": {"message": "bad key"}}, status=401
    )
    assert run(*command, "--judge", httpserver.url_for("/other") + "#judge-2") == 4
    assert "judge-2 didn't read everything" in capsys.readouterr().err
    assert run(*command) == 0
    assert "judge model" not in (tmp_path / "r.html").read_text("utf-8")
    assert run(*command, "--yes-send") == 2


def test_a_missing_scan_is_an_error_row_and_partly_done(httpserver, benchmark, tmp_path, capsys):
    folder = tmp_path / "run"
    code = run(
        "evaluate",
        benchmark,
        "--endpoint",
        httpserver.url_for("/v1") + "#m",
        "--out",
        str(folder),
    )
    assert code == 4
    assert "4 error" in capsys.readouterr().err
    assert not httpserver.log
    assert all("no file for case-1" in row["reason"] for row in RunFolder(folder).rows())


def test_a_budget_ends_the_run_with_partly_done(httpserver, benchmark, tmp_path, capsys):
    reply = {
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "ANSWER: A"}}],
    }
    httpserver.expect_request("/v1/chat/completions").respond_with_json(reply)
    arguments = [
        "--endpoint",
        httpserver.url_for("/v1") + "#m",
        "--arm",
        "blind",
        "--out",
        str(tmp_path / "run"),
    ]
    assert run("evaluate", benchmark, *arguments, "--budget-calls", "3") == 4
    assert "budget" in capsys.readouterr().err
    assert len(httpserver.log) == 3


def test_predictions_are_scored(benchmark, tmp_path, capsys):
    answers = [{"id": qid, "text": "ANSWER: A"} for qid in list(read(benchmark).state.questions)[:3]]
    file = tmp_path / "mine.jsonl"
    file.write_text("\n".join(map(json.dumps, answers)))
    assert run("score", str(file), "--benchmark", benchmark, "--json") == 4
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert result["scores"]["COMP"]["score"] == 0.5
    assert sum(result["outcomes"].values()) == 4
    assert "without an answer: 1 question," in err
    assert run("score", str(file), "--benchmark", benchmark) == 4
    assert "COMP" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["evaluate", "missing.spatialmed.jsonl", "--out", "x"], "no such file"),
        (["report", "nowhere", "--benchmark", "{benchmark}"], "no run here"),
        (["score", "missing.jsonl", "--benchmark", "{benchmark}"], "can't be read"),
        (["evaluate", "{benchmark}", "--cases", ".", "--out", "x"], "no label map"),
        (["evaluate", "{benchmark}", "--out", "x"], "no model endpoint is set up"),
        (["evaluate", "{benchmark}", "--adapter", "no-such-program", "--out", "x"], "can't be started"),
    ],
)
def test_bad_input_is_told_in_a_sentence(benchmark, tmp_path, capsys, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    assert run(*[a.format(benchmark=benchmark) for a in arguments]) == 3
    err = capsys.readouterr().err
    assert told in err
    assert "Traceback" not in err


def test_adapter_and_endpoint_exclude_each_other(benchmark):
    assert run("evaluate", benchmark, "--adapter", "a", "--endpoint", "b", "--out", "x") == 2
