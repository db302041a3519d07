"""The window stays alive while a scan opens, its surfaces are built, questions are proposed and a model is asked.

What is judged is the longest turn of the event loop, in seconds of the GUI thread's own processor time, without drawing:
neither other programs on the machine nor a graphics card that is missing can make that longer.  What eighty earlier tests
leave in a process can: Python's collector walks over it for more than a second, so these tests have one of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import napari
import pytest
from napari.qt import QtViewer
from pytest_httpserver import HTTPServer
from qtpy.QtCore import QObject, QTimer

from napari_spatialmed import benchmark
from napari_spatialmed.llm import Endpoint, save_endpoint
from napari_spatialmed.questions import build_question
from napari_spatialmed.viewer.session import Session, session_for
from napari_spatialmed.viewer.workspace import open_workspace, show_dock

pytestmark = [pytest.mark.gui, pytest.mark.fresh]
Wait = Callable[[Callable[[], bool]], None]
BOUND_S = 0.25
"""Quiet, the longest turn takes less than 0.1 s; what these jobs do in their threads takes seconds."""


class EventLoopWatch(QObject):
    """Records the longest turn of the event loop, in processor time of the GUI thread, without drawing the canvas."""

    def __init__(self, canvas: Any) -> None:
        super().__init__()
        self.longest = 0.0
        self._last = self._drawing_since = time.thread_time()
        self._drawn = 0.0
        self._canvas = canvas
        canvas.events.draw.connect(self._before_drawing, position="first")
        canvas.events.draw.connect(self._after_drawing, position="last")
        self._timer = QTimer(self)
        self._timer.setInterval(1)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        self.longest = self._drawn = 0.0
        self._last = time.thread_time()
        self._timer.start()

    def stop(self) -> float:
        self._tick()
        self._timer.stop()
        return self.longest

    def close(self) -> None:
        self._timer.stop()
        self._canvas.events.draw.disconnect(self._before_drawing)
        self._canvas.events.draw.disconnect(self._after_drawing)

    def _before_drawing(self, event: object) -> None:
        self._drawing_since = time.thread_time()

    def _after_drawing(self, event: object) -> None:
        self._drawn += time.thread_time() - self._drawing_since

    def _tick(self) -> None:
        now = time.thread_time()
        self.longest = max(self.longest, now - self._last - self._drawn)
        self._last, self._drawn = now, 0.0


@pytest.fixture
def session(make_napari_viewer: Callable[..., napari.Viewer]) -> Session:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(640, 560)
    return session_for(viewer)


@pytest.fixture
def watch(session: Session) -> Iterator[EventLoopWatch]:
    viewer: Any = session.scene.viewer
    found = EventLoopWatch(viewer.window._qt_viewer.canvas._scene_canvas)
    yield found
    found.close()


def test_the_watch_sees_a_stall(watch: EventLoopWatch, qtbot: Any) -> None:
    watch.start()
    QTimer.singleShot(20, stall)
    qtbot.wait(400)
    assert watch.stop() >= 0.2


def stall() -> None:
    """What must not happen: the GUI thread at work for long."""
    end = time.thread_time() + 0.2
    while time.thread_time() < end:
        pass


def test_no_job_holds_the_window_up(
    session: Session, watch: EventLoopWatch, wait_for: Wait, httpserver: HTTPServer, tmp_path: Path
) -> None:
    """One working day in short: open, look in 3D, propose, ask, open the next scan."""
    httpserver.expect_request("/v1/chat/completions").respond_with_json(
        {"choices": [{"message": {"role": "assistant", "content": "ANSWER: A"}, "finish_reason": "stop"}]}
    )
    save_endpoint(Endpoint(name="here", base_url=httpserver.url_for("/v1"), model="a-vlm"))
    longest: dict[str, float] = {}

    def phase(name: str, start: Callable[[], None], until: Callable[[], bool]) -> None:
        watch.start()
        start()
        wait_for(until)
        longest[name] = watch.stop()

    scene = session.scene
    phase("open", lambda: session.open_sample_async("phantom-abdomen"), lambda: session.case is not None)
    phase("3D", lambda: scene.view_from("A"), lambda: scene.surfaces.complete and bool(scene.surfaces.built))

    assert session.geometry is not None
    opened = benchmark.create(tmp_path / "b.spatialmed.jsonl", actor="me")
    opened.register_case(session.geometry.case)
    pair = ("kidney_right", "kidney_left")
    opened.propose(build_question(session.geometry, "dist.surface_value", pair, seed=3), accepted=True)
    session.set_benchmark(opened)
    propose: Any = show_dock(scene.viewer, "Propose")
    propose.count_box.setValue(6)
    phase("propose", propose.propose, lambda: propose.result is not None)

    ask: Any = show_dock(scene.viewer, "Ask")
    wait_for(lambda: ask.view is not None)
    phase("ask", ask.ask, lambda: bool(ask.responses) or ask.message.tone == "error")
    assert ask.responses, ask.message.text()

    first = session.case
    phase("next", lambda: session.open_sample_async("phantom-brain"), lambda: session.case is not first)
    assert {name: s for name, s in longest.items() if s > BOUND_S} == {}, longest


def test_a_window_at_rest_draws_nothing(session: Session, wait_for: Wait, qtbot: Any) -> None:
    """Something that answers itself would keep a processor busy for as long as the window is open."""
    open_workspace(session.scene.viewer)
    session.open_sample_async("phantom-abdomen")
    wait_for(lambda: session.case is not None)
    window: Any = session.scene.viewer.window._qt_window
    canvases = [view.canvas._scene_canvas for view in window.findChildren(QtViewer)]
    assert len(canvases) == 3
    drawn: list[Any] = []
    for canvas in canvases:
        canvas.events.draw.connect(drawn.append)

    def at_rest() -> bool:
        drawn.clear()
        qtbot.wait(300)
        return not drawn

    scene = session.scene
    wait_for(at_rest)
    scene.set_window(-100, 300)
    qtbot.wait(50)
    assert drawn
    wait_for(at_rest)
    scene.view_from("A")
    wait_for(lambda: scene.surfaces.complete and bool(scene.surfaces.built))
    session.select(["liver", "spleen"])
    wait_for(at_rest)
