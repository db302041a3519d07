"""The Report dock on runs that a real HTTP server answered: scores, worst items back in the scene, a curator's override."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from napari_spatialmed import benchmark
from napari_spatialmed.agents import propose
from napari_spatialmed.agents.recording import record_result
from napari_spatialmed.case import CaseLibrary, open_sample
from napari_spatialmed.cli.evaluate import evaluate_command
from napari_spatialmed.evaluation.faithfulness import overrides
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.viewer import report_judge
from napari_spatialmed.viewer.report_dock import ReportDock
from napari_spatialmed.viewer.session import session_for

pytestmark = pytest.mark.gui
EXPLAINED = "The liver is the larger one."
SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture
def run(tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A benchmark on the abdominal phantom, and a run of a model that always says B."""

    def answer(request: Request) -> Response:
        asked = request.get_json()
        judged = {
            "statements": [
                {"quote": EXPLAINED, "relation": "seen", "negated": False, "about": "liver", "other": ""}
            ]
        }
        is_judge = "You list the spatial statements" in json.dumps(asked["messages"])
        message = {
            "role": "assistant",
            "content": json.dumps(judged) if is_judge else f"{EXPLAINED}\nANSWER: B",
        }
        body = {"id": "x", "object": "chat.completion", "created": 1, "model": "always-b"}
        choices = [{"index": 0, "finish_reason": "stop", "message": message}]
        return Response(json.dumps(body | {"choices": choices}), content_type="application/json")

    httpserver.expect_request("/v1/chat/completions").respond_with_handler(answer)
    case = open_sample("phantom-abdomen")
    CaseLibrary().remember(case)
    monkeypatch.setenv("OPENAI_BASE_URL", httpserver.url_for("/v1"))
    monkeypatch.setenv("OPENAI_MODEL", "always-b")
    path, out = tmp_path / "b.spatialmed.jsonl", tmp_path / "run"
    opened = benchmark.create(path, actor="team")
    opened.register_case(case)
    record_result(opened, propose(CaseGeometry(case), count=6, seed=2))
    command = [
        str(path),
        "--cases",
        str(SAMPLES / "phantom_abdomen"),
        "--endpoint",
        f"{httpserver.url_for('/v1')}#always-b",
        "--out",
        str(out),
    ]
    done = CliRunner().invoke(evaluate_command, command)
    assert done.exit_code == 0, done.output
    return path, out


def test_scores_figures_and_worst_items(
    run: tuple[Path, Path], make_napari_viewer: Callable[..., Any], qtbot: Any, tmp_path: Path
) -> None:
    path, out = run
    viewer = make_napari_viewer()
    session = session_for(viewer)
    dock = ReportDock(viewer)
    qtbot.addWidget(dock)
    assert "spatialmed evaluate" in dock.summary.text(), "the empty dock says how to get a run"
    session.set_benchmark(benchmark.open(path, actor="me"))
    dock.add_run(out)
    qtbot.waitUntil(lambda: dock.data is not None, timeout=60_000)

    header = [dock.table.horizontalHeaderItem(c).text() for c in range(dock.table.columnCount())]
    assert header[:9] == ["Model", "AVG", "DIR", "DIST", "EXT", "VOL", "COMP", "VOLEST", "Arm"]
    counts = [int(dock.table.item(1, c).text()) for c in range(9, len(header))]
    assert sum(counts) == 6, "outcomes add up to N (rule S1)"
    assert [dock.table.item(r, 0).text() for r in (0, 1)] == ["n", "always-b"]
    heads = [dock.table.verticalHeaderItem(r).text() for r in (0, 1)]
    assert heads == ["n", "always-b"], "stays where the scores are scrolled"
    published = [dock.table.item(r, 0) for r in range(3, dock.table.rowCount())]
    assert all(item.text().startswith("†") and "other data" in item.toolTip() for item in published)
    assert dock.runs.item(0).text() == f"…/{out.parent.name}/run", "the whole path stands in the tooltip"
    assert dock.runs.item(0).toolTip() == str(out)
    assert len(published) == 15

    positions = next(t for t in dock.details.tables if t.accessibleName() == "Positions of the options")
    assert positions.item(1, 2).text() == "100.0", "it always says B"
    wrong = dock.worst_page.chosen
    assert wrong is not None
    dock.worst_page.show_question()
    assert session.question == wrong.question

    dock.add_run(tmp_path / "nothing")
    qtbot.waitUntil(lambda: "no run here" in dock.message.text(), timeout=60_000)
    assert dock.folders == (out,), "a folder that is no run would keep the others from being read"


def test_a_curator_overrules_a_kind_of_error_and_takes_it_back(
    run: tuple[Path, Path], make_napari_viewer: Callable[..., Any], qtbot: Any
) -> None:
    path, out = run
    viewer = make_napari_viewer()
    session_for(viewer).set_benchmark(benchmark.open(path, actor="R. Adiologist"))
    dock = ReportDock(viewer)
    qtbot.addWidget(dock)
    dock.add_run(out)
    qtbot.waitUntil(lambda: dock.data is not None, timeout=60_000)

    def choose(text: str) -> None:
        seen = dock.data
        dock.worst_page.class_box.setCurrentText(text)
        dock.worst_page.class_box.activated.emit(dock.worst_page.class_box.currentIndex())
        qtbot.waitUntil(lambda: dock.data is not seen, timeout=60_000)

    dock.worst_page.worst.setCurrentCell(1, 0)
    at, by_machine = dock.worst_page.chosen.question, dock.worst_page.answer.error_class
    dock.worst_page.why_edit.setText("it misread the stem")
    choose("linguistic")
    note = benchmark.read(path).state.notes[-1]
    assert (note.actor, note.payload.model_dump()["text"]) == ("R. Adiologist", "it misread the stem")
    assert set(overrides(benchmark.read(path).state).values()) == {"linguistic"}
    assert dock.worst_page.chosen.question == at, "the list stays where the curator is"
    assert dock.worst_page.answers.item(0, 3).text() == "linguistic (curator)"
    assert dock.worst_page.class_box.currentText() == "linguistic"
    choose("as the machine sees it")
    assert overrides(benchmark.read(path).state) == {}
    assert dock.worst_page.answer.error_class == by_machine


def test_a_judge_is_asked_only_when_chosen_and_only_after_a_yes(
    run: tuple[Path, Path],
    make_napari_viewer: Callable[..., Any],
    qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, out = run
    viewer = make_napari_viewer()
    session_for(viewer).set_benchmark(benchmark.open(path, actor="me"))
    dock = ReportDock(viewer)
    qtbot.addWidget(dock)
    judge = dock.judge
    assert not judge.button.isEnabled()
    assert judge.button.toolTip() == report_judge.NO_RUN
    dock.add_run(out)
    qtbot.waitUntil(lambda: dock.data is not None, timeout=60_000)
    assert judge.endpoint is None, "none by default"
    assert judge.button.toolTip() == report_judge.NO_MODEL
    judge.box.setCurrentIndex(1)
    judge.box.activated.emit(1)

    asked: list[str] = []

    def refuse(endpoint: Any, data_set: str, messages: Any, *_: Any, about: str) -> bool:
        asked.append(f"{data_set}: {EXPLAINED in str(messages)}, {about}")
        return False

    monkeypatch.setattr(report_judge, "may_send", refuse)
    monkeypatch.setattr(report_judge, "has_consented", lambda *_: False)
    judge.button.click()
    qtbot.waitUntil(lambda: dock.message.text() == "Nothing was sent.", timeout=60_000)
    assert asked == ["benchmark b: True, all explanations of this benchmark's runs"]
    assert not (out / "judged.jsonl").exists()

    monkeypatch.undo()  # the server is on this machine: no question
    seen = dock.data
    judge.button.click()
    qtbot.waitUntil(lambda: dock.data is not seen, timeout=60_000)
    assert dock.message.tone == "good"
    assert dock.message.text().startswith("✓ always-b read ")
    assert (out / "judged.jsonl").exists()
    judge.box.setCurrentIndex(0)
    judge.box.activated.emit(0)
    assert judge.judged is None, "taken out again, the report is the parser's"


def test_a_folder_without_a_run_says_so(
    run: tuple[Path, Path], make_napari_viewer: Callable[..., Any], qtbot: Any, tmp_path: Path
) -> None:
    viewer = make_napari_viewer()
    session_for(viewer).set_benchmark(benchmark.open(run[0], actor="me"))
    dock = ReportDock(viewer)
    qtbot.addWidget(dock)
    dock.add_run(tmp_path)
    qtbot.waitUntil(lambda: dock.message.tone == "error", timeout=60_000)
    assert str(tmp_path) in dock.message.text()
