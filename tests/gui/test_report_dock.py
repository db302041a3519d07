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
from napari_spatialmed.viewer.report_dock import ReportDock
from napari_spatialmed.viewer.session import session_for

pytestmark = pytest.mark.gui
SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture
def run(tmp_path: Path, httpserver: HTTPServer) -> tuple[Path, Path]:
    """A benchmark on the abdominal phantom, and a run of a model that always says B."""

    def answer(request: Request) -> Response:
        message = {"role": "assistant", "content": "The liver is the larger one.\nANSWER: B"}
        body = {"id": "x", "object": "chat.completion", "created": 1, "model": "always-b"}
        choices = [{"index": 0, "finish_reason": "stop", "message": message}]
        return Response(json.dumps(body | {"choices": choices}), content_type="application/json")

    httpserver.expect_request("/v1/chat/completions").respond_with_handler(answer)
    case = open_sample("phantom-abdomen")
    CaseLibrary().remember(case)
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
    qtbot.waitUntil(lambda: dock.data is not None, timeout=20_000)

    header = [dock.table.horizontalHeaderItem(c).text() for c in range(dock.table.columnCount())]
    assert header[:9] == ["Model", "Arm", "AVG", "DIR", "DIST", "EXT", "VOL", "COMP", "VOLEST"]
    counts = [int(dock.table.item(1, c).text()) for c in range(9, len(header))]
    assert sum(counts) == 6, "outcomes add up to N (rule S1)"
    assert [dock.table.item(r, 0).text() for r in (0, 1)] == ["n", "always-b"]
    published = [dock.table.item(r, 0).text() for r in range(3, dock.table.rowCount())]
    assert all("other data" in text for text in published)
    assert len(published) == 15

    positions = next(t for t in dock.details.tables if t.accessibleName() == "Positions of the options")
    assert positions.item(1, 2).text() == "100.0", "it always says B"
    wrong = dock.worst_page.chosen
    assert wrong is not None
    dock.worst_page.show_question()
    assert session.question == wrong.question


def test_a_curator_overrules_a_kind_of_error_and_takes_it_back(
    run: tuple[Path, Path], make_napari_viewer: Callable[..., Any], qtbot: Any
) -> None:
    path, out = run
    viewer = make_napari_viewer()
    session_for(viewer).set_benchmark(benchmark.open(path, actor="R. Adiologist"))
    dock = ReportDock(viewer)
    qtbot.addWidget(dock)
    dock.add_run(out)
    qtbot.waitUntil(lambda: dock.data is not None, timeout=20_000)

    def choose(text: str) -> None:
        seen = dock.data
        dock.worst_page.class_box.setCurrentText(text)
        dock.worst_page.class_box.activated.emit(dock.worst_page.class_box.currentIndex())
        qtbot.waitUntil(lambda: dock.data is not seen, timeout=20_000)

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


def test_a_folder_without_a_run_says_so(
    run: tuple[Path, Path], make_napari_viewer: Callable[..., Any], qtbot: Any, tmp_path: Path
) -> None:
    viewer = make_napari_viewer()
    session_for(viewer).set_benchmark(benchmark.open(run[0], actor="me"))
    dock = ReportDock(viewer)
    qtbot.addWidget(dock)
    dock.add_run(tmp_path)
    qtbot.waitUntil(lambda: dock.message.tone == "error", timeout=10_000)
    assert str(tmp_path) in dock.message.text()
