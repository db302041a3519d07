"""The main job on a real scan, through the docks: open, select, measure, propose, edit, score, ask; all of it in the file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from napari_spatialmed import benchmark
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.llm import Endpoint, save_endpoint
from napari_spatialmed.questions import recompute
from napari_spatialmed.viewer.workspace import show_dock

pytestmark = pytest.mark.gui


def test_from_a_scan_to_a_recorded_answer(
    workspace: Callable[[], tuple[Any, Any]],
    abdomen: dict[str, Any],
    qtbot: Any,
    tmp_path: Path,
    httpserver: HTTPServer,
) -> None:
    asked: list[dict[str, Any]] = []
    right = "A"

    def answer(request: Request) -> Response:
        asked.append(json.loads(request.data))
        pieces = ["It lies ", "there.\n", f"ANSWER: {right}"]
        lines = [_chunk({"content": piece}) for piece in pieces] + [_chunk({}, "stop"), "data: [DONE]\n\n"]
        return Response(lines, content_type="text/event-stream")

    httpserver.expect_request("/v1/chat/completions").respond_with_handler(answer)
    save_endpoint(Endpoint(name="tester", base_url=httpserver.url_for("/v1"), model="tester-vlm"))
    _viewer, session = workspace()

    # open
    started = time.perf_counter()
    session.open_case_async(abdomen["labels"], abdomen["image"], names=abdomen["names"])
    qtbot.waitUntil(lambda: session.case is not None, timeout=60_000)
    print(f"opened in {time.perf_counter() - started:.1f} s")
    assert len(session.case.structures) == 61

    # select and measure
    session.select(["kidney_right", "kidney_left"])
    dock: Any = show_dock(_viewer, "Measure")
    dock.calculators.tick(["surface_distance_mm", "direction"])
    dock.measure()
    qtbot.waitUntil(lambda: len(session.measurements) == 2, timeout=60_000)
    measured = {m.calculator: m for m in session.measurements}
    assert measured["direction"].value["RL"] == "right", "the right kidney lies right of the left one"

    # propose
    path = tmp_path / "real.spatialmed.jsonl"
    session.set_reviewer("R. Adiologist")
    session.set_benchmark(benchmark.create(path, actor="R. Adiologist"))
    propose: Any = show_dock(_viewer, "Propose")
    propose.count_box.setValue(6)
    propose.propose()
    qtbot.waitUntil(lambda: propose.result is not None, timeout=120_000)
    assert len(propose.result.accepted) == 6

    # edit and score
    curate: Any = show_dock(_viewer, "Curate")
    question = next(
        q for q in session.benchmark.state.questions.values() if q.status == "pending" and q.question.options
    )
    session.set_question(question.id)
    stem = "Looking at this scan: " + question.question.stem
    curate.editor.stem.setPlainText(stem)
    curate.editor.commit()
    curate.score_1()
    curate.submit()

    # ask
    right = question.question.answer
    ask: Any = show_dock(_viewer, "Ask")
    session.set_question(question.id)
    qtbot.waitUntil(lambda: ask.view is not None, timeout=60_000)
    assert ask.endpoint is not None
    assert ask.endpoint.name == "tester"
    ask.ask()
    qtbot.waitUntil(lambda: bool(ask.responses), timeout=60_000)
    assert "correct" in ask.verdict.text()
    content = asked[0]["messages"][-1]["content"]
    assert sum(part["type"] == "image_url" for part in content) >= 3
    sent = json.dumps(asked[0])
    leaked = [name for name in (str(tmp_path), "seg_total") if name in sent]
    assert not leaked, "no path or file name leaves the machine"

    # all of it is in the file, and anyone can recompute it
    state = benchmark.read(path).state
    kept = state.questions[question.id]
    assert (kept.question.stem, kept.revision, kept.status) == (stem, 2, "provisional")
    assert kept.reviews["R. Adiologist"].score == 1
    assert state.responses[0]["outcome"] == "correct"
    geometry = CaseGeometry(session.case)
    assert all(
        recompute(q.question, geometry).matches for q in state.questions.values() if q.status != "rejected"
    )


def test_without_an_endpoint_the_dock_says_how_to_set_one(workspace: Callable[[], tuple[Any, Any]]) -> None:
    viewer, _session = workspace()
    ask: Any = show_dock(viewer, "Ask")
    assert not ask.ask_button.isEnabled()
    assert "OPENAI_BASE_URL" in ask.chooser.hint.text()
    assert "endpoint add" in ask.chooser.hint.text()


def _chunk(delta: dict[str, str], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {
        "id": "x",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "tester-vlm",
        "choices": [choice],
    }
    return f"data: {json.dumps(body)}\n\n"
