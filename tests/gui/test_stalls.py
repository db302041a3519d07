"""The window stays alive while a scan opens and its surfaces are built: no single turn of the event loop is long.

Bounds are ratios to one drawn frame of the same window, measured in the same run: with software OpenGL on a busy machine
a frame alone may take half a second, and no turn that draws can be shorter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import napari
import pytest
from qtpy.QtCore import QObject, QTimer

from napari_spatialmed.viewer.session import Session, session_for

pytestmark = pytest.mark.gui
Wait = Callable[[Callable[[], bool]], None]
FRAMES_PER_TURN = 12
LEAST_S = 2.0
"""Below this nothing is judged: a busy machine may take the processor away for as long."""


class EventLoopWatch(QObject):
    """Records the longest time between two turns of the event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.longest = 0.0
        self._last = time.perf_counter()
        self._timer = QTimer(self)
        self._timer.setInterval(1)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        self.longest, self._last = 0.0, time.perf_counter()
        self._timer.start()

    def stop(self) -> float:
        self._timer.stop()
        return self.longest

    def _tick(self) -> None:
        now = time.perf_counter()
        self.longest, self._last = max(self.longest, now - self._last), now


@pytest.fixture
def watch(qtbot: object) -> Iterator[EventLoopWatch]:
    found = EventLoopWatch()
    yield found
    found.stop()


@pytest.fixture
def session(make_napari_viewer: Callable[..., napari.Viewer]) -> Session:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(640, 560)
    return session_for(viewer)


def frame_seconds(session: Session) -> float:
    """One drawn frame of what is on show."""
    started = time.perf_counter()
    session.scene.viewer.screenshot(canvas_only=True, flash=False)
    return time.perf_counter() - started


def test_the_watch_sees_a_stall(watch: EventLoopWatch, qtbot: object) -> None:
    watch.start()
    QTimer.singleShot(20, stall)
    qtbot.wait(400)  # type: ignore[attr-defined]
    assert watch.stop() >= 0.2


def stall() -> None:
    """What must not happen."""
    time.sleep(0.2)


def test_opening_building_surfaces_and_changing_the_case_leave_the_window_alive(
    session: Session, watch: EventLoopWatch, wait_for: Wait
) -> None:
    longest: dict[str, float] = {}

    def phase(name: str, start: Callable[[], None], until: Callable[[], bool]) -> None:
        watch.start()
        start()
        wait_for(until)
        longest[name] = watch.stop()

    scene = session.scene
    phase("open", lambda: session.open_sample_async("phantom-abdomen"), lambda: session.case is not None)
    first = session.case
    phase("3D", lambda: scene.view_from("A"), lambda: scene.surfaces.complete and bool(scene.surfaces.built))
    frame = frame_seconds(session)
    phase("next", lambda: session.open_sample_async("phantom-brain"), lambda: session.case is not first)
    bound = max(LEAST_S, FRAMES_PER_TURN * frame)
    assert {name: s for name, s in longest.items() if s > bound} == {}, f"one frame takes {frame:.2f} s"
