"""The Ask dock with a real server: what is sent is shown first, arms change one thing, cancel is at once, consent is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from pytest_httpserver import HTTPServer
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication
from werkzeug import Request, Response

from napari_spatialmed import benchmark
from napari_spatialmed.case import make_case, open_sample
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.llm import Endpoint, has_consented, save_endpoint
from napari_spatialmed.questions import build_question
from napari_spatialmed.viewer import consent_dialog
from napari_spatialmed.viewer.ask_dock import AskDock
from napari_spatialmed.viewer.session import session_for

pytestmark = pytest.mark.gui


@pytest.fixture
def asked(httpserver: HTTPServer) -> list[dict[str, Any]]:
    """What the server was sent; it answers C, in pieces."""
    requests: list[dict[str, Any]] = []

    def answer(request: Request) -> Response:
        requests.append(json.loads(request.data))
        pieces = [{"content": "It is "}, {"content": "clear.\nANSWER: C"}]
        return Response(
            [_chunk(p) for p in pieces] + [_chunk({}, "stop"), "data: [DONE]\n\n"],
            content_type="text/event-stream",
        )

    httpserver.expect_request("/v1/chat/completions").respond_with_handler(answer)
    save_endpoint(Endpoint(name="here", base_url=httpserver.url_for("/v1"), model="a-vlm"))
    return requests


@pytest.fixture
def dock(
    make_napari_viewer: Callable[..., Any], asked: list[dict[str, Any]], tmp_path: Path, qtbot: Any
) -> Any:
    """The dock over the abdominal phantom with one question."""
    viewer = make_napari_viewer()
    session = session_for(viewer)
    case = open_sample("phantom-abdomen")
    geometry = CaseGeometry(case)
    opened = benchmark.create(tmp_path / "b.spatialmed.jsonl", actor="me")
    opened.register_case(case)
    opened.propose(
        build_question(geometry, "dist.surface_value", ("kidney_right", "kidney_left"), seed=3), accepted=True
    )
    session.set_case(case, geometry)
    session.set_benchmark(opened)
    found = AskDock(viewer)
    qtbot.addWidget(found)
    found.show()
    qtbot.waitUntil(lambda: found.view is not None, timeout=60_000)
    return found


def ask(dock: Any, qtbot: Any, arm: str) -> Any:
    """Ask under an arm; the newest response."""
    before = len(dock.responses)
    dock.arm_box.setCurrentIndex(dock.arm_box.findData(arm))
    dock.ask()
    qtbot.waitUntil(lambda: not dock._asking.running, timeout=60_000)
    qtbot.waitUntil(lambda: len(dock.responses) > before or dock.message.tone == "error", timeout=60_000)
    assert dock.message.tone != "error", dock.message.text()
    return dock.responses[-1]


def test_what_is_previewed_is_what_is_sent(dock: Any, asked: list[dict[str, Any]], qtbot: Any) -> None:
    shown = dock.preview.text.toPlainText()
    response = ask(dock, qtbot, "normal")
    parts = asked[0]["messages"][-1]["content"]
    sent = [p["text"] for p in parts if p["type"] == "text"]
    assert any(text.strip() and text.strip() in shown for text in sent)
    assert (
        sum(p["type"] == "image_url" for p in parts) == dock.preview.strip.count() == len(response.pictures)
    )
    recorded = benchmark.read(dock.session.benchmark.path).state.responses
    assert [r["key"] for r in recorded] == [response.key]


def test_arms_change_one_thing(dock: Any, asked: list[dict[str, Any]], qtbot: Any) -> None:
    blind = ask(dock, qtbot, "blind")
    assert blind.pictures == ()
    oracle = ask(dock, qtbot, "oracle")
    assert oracle.pictures
    assert "Measured on this scan" in json.dumps(asked[1])
    ask(dock, qtbot, "circular")
    turned = [r for r in dock.responses if r.arm == "circular"]
    assert [r.rotation for r in turned] == [0, 1, 2, 3]
    assert sum(r.outcome == "correct" for r in turned) == 1, "who always says C is right in one order of four"


def test_several_models_are_asked_side_by_side(
    dock: Any, asked: list[dict[str, Any]], httpserver: HTTPServer, qtbot: Any
) -> None:
    """A second model at the same address, and a third that refuses the key: its failure is an answer's row too."""
    httpserver.expect_request("/shut/chat/completions").respond_with_json(
        {"error": {"message": "bad key"}}, status=401
    )
    save_endpoint(Endpoint(name="too", base_url=httpserver.url_for("/v1"), model="b-vlm"))
    save_endpoint(Endpoint(name="shut", base_url=httpserver.url_for("/shut"), model="c-vlm", retries=0))
    assert dock.form.all_box.isHidden()
    # They were set up in a terminal; the list shows them once one turns to the window again.
    QApplication.sendEvent(dock.chooser, QEvent(QEvent.Type.ActivationChange))
    dock.form.all_box.setChecked(True)
    assert dock.ask_button.text() == "Ask 3 models"
    dock.ask()
    qtbot.waitUntil(lambda: len(dock.responses) == 3, timeout=60_000)
    assert sorted(request["model"] for request in asked) == ["a-vlm", "b-vlm"]
    assert sorted(r.error for r in dock.responses) == ["", "", "auth"]
    assert dock.answers.table.rowCount() == 3
    assert dock.message.tone == "error", "that something was recorded is no good news then"
    assert dock.message.text().startswith("✗ shut: bad key")
    assert "Check the key" in dock.message.text()
    assert len(benchmark.read(dock.session.benchmark.path).state.responses) == 3


def test_right_or_wrong_stands_beside_the_truth(dock: Any, qtbot: Any) -> None:
    response = ask(dock, qtbot, "normal")
    question = dock.question
    right = question.answer == "C"
    assert response.outcome == ("correct" if right else "wrong")
    assert ("✓ correct" if right else "✗ wrong") in dock.verdict.text()
    assert question.answer_text in dock.verdict.text()
    assert "Recorded" in dock.message.text()
    dock.session.set_case(make_case(np.ones((4, 4, 4), np.uint8), np.eye(4), names={1: "liver"}))
    assert dock.message.text() == "", "that was about another scan"


def test_cancel_is_at_once_and_records_nothing(
    dock: Any, httpserver: HTTPServer, silence: Event, qtbot: Any
) -> None:
    def slow(request: Request) -> Response:
        silence.wait(60)
        return Response("", 500)

    httpserver.clear()
    httpserver.expect_request("/v1/chat/completions").respond_with_handler(slow)
    dock.ask()
    dock._arrived = 1
    dock.busy.cancel_button.click()
    assert dock.message.text() == "Cancelled. 1 answer had come and is kept."
    dock._arrived = 0
    dock.ask()
    dock.busy.cancel_button.click()
    assert "Cancelled" in dock.message.text()
    assert dock.ask_button.isEnabled()
    assert not benchmark.read(dock.session.benchmark.path).state.responses


@pytest.mark.parametrize("yes", [False, True])
def test_a_remote_model_asks_for_consent_with_a_preview(
    dock: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch, yes: bool
) -> None:
    remote = Endpoint(name="far", base_url="https://models.example.org/v1", model="big", retries=0, timeout=1)
    save_endpoint(remote)
    dock.session.set_endpoint("far")
    dock.chooser.fill()
    seen: list[str] = []

    def decide(dialog: Any) -> int:
        seen.extend(label.text() for label in dialog.findChildren(consent_dialog.PlainLabel))
        return dialog.DialogCode.Accepted if yes else dialog.DialogCode.Rejected

    monkeypatch.setattr(consent_dialog.ConsentDialog, "exec", decide)
    dock.ask()
    assert any("models.example.org" in text and "pictures" in text for text in seen)
    assert has_consented(remote, dock.session.case.id) is yes
    if yes:
        dock._asking.cancel()
    else:
        assert dock.message.text() == "Nothing was sent."


def _chunk(delta: dict[str, str], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return (
        "data: "
        + json.dumps(
            {
                "id": "x",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "a-vlm",
                "choices": [choice],
            }
        )
        + "\n\n"
    )
