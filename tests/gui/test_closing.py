"""A window that closes while something is on its way: nothing arrives in it, nothing is said, nothing is left behind.

No test here depends on how fast the machine is: what is on its way is held at a gate until the window has closed.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from qtpy.compat import isalive
from qtpy.QtWidgets import QApplication

from napari_spatialmed.viewer import work as work_module
from napari_spatialmed.viewer.session import Session, session_for
from napari_spatialmed.viewer.window_end import WindowEnd
from napari_spatialmed.viewer.work import Job, Work
from napari_spatialmed.viewer.workspace import open_workspace, show_dock

pytestmark = pytest.mark.gui
Maker = Callable[..., Any]
LONG = 60.0
"""Seconds to wait for what normally comes at once."""


class Gate:
    """Holds the opening of a scan right after its n-th look at whether to stop, until told to go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hold_at: int | None = None
        self.watched: Work | None = None
        self.looks = 0
        self.on_its_way, self.opened, self.ended = threading.Event(), threading.Event(), threading.Event()
        check, deliver = Job.check, work_module._deliver

        def held(job: Job) -> None:
            check(job)
            if job._work is self.watched:
                self.looks += 1
                if self.looks - 1 == self.hold_at:
                    self.on_its_way.set()
                    assert self.opened.wait(LONG)

        def delivered(work: Work, *values: Any) -> None:
            deliver(work, *values)
            if work is self.watched:
                self.on_its_way.set()
                self.ended.set()

        monkeypatch.setattr(Job, "check", held)
        monkeypatch.setattr(work_module, "_deliver", delivered)

    def watch(self, work: Work, hold_at: int | None) -> None:
        """Hold this work's next job there, or nowhere."""
        self.watched, self.hold_at, self.looks = work, hold_at, 0
        for event in (self.on_its_way, self.opened, self.ended):
            event.clear()

    def let_go(self) -> None:
        """Go on, and wait until the thread has done all that it does; nothing of it is heard meanwhile."""
        self.opened.set()
        assert self.ended.wait(LONG)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    return Gate(monkeypatch)


def open_brain(session: Session, qtbot: Any) -> None:
    """Open a phantom and wait until it is on show."""
    session.open_sample_async("phantom-brain")
    qtbot.waitUntil(lambda: session.case is not None, timeout=60_000)


def deliver_all() -> None:
    """Hand over whatever is waiting in the event queue."""
    for _ in range(5):
        QApplication.processEvents()


@pytest.fixture
def close_by_its_button(qtbot: Any, request: pytest.FixtureRequest) -> Callable[[Any], None]:
    """Close a window as a person does: napari's viewer isn't asked, and Qt deletes the window.

    The viewer's own ``close()``, which napari's fixture calls at the end, would fail at taking layers out of a canvas that
    is no more, in napari without any plugin, too; so that the fixture shall forget this viewer.
    """

    def close(viewer: Any) -> None:
        window = viewer.window._qt_window
        window.close()
        qtbot.waitUntil(lambda: not isalive(window), timeout=60_000)
        request.node._viewer_weak_set.discard(viewer)
        viewer._layer_slicer.shutdown()
        # napari's themes keep every window's `Window` for good, and all that it holds.
        del viewer.window._qt_window

    return close


@pytest.mark.timeout(1200)
def test_closing_while_a_scan_is_loading_twenty_times(
    make_napari_viewer: Maker,
    gate: Gate,
    close_by_its_button: Callable[[Any], None],
    qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("NAPARI_STRICT_QT", "1")
    viewer = make_napari_viewer()
    session = session_for(viewer)
    gate.watch(session.opening, None)
    open_brain(session, qtbot)
    viewer.close()
    looks = gate.looks
    stages: set[object] = set()
    # Held at each of its looks in turn; past the last of them everything is made and lies in the queue.
    for n in range(20):
        viewer = make_napari_viewer(show=n % 5 == 0)
        session = session_for(viewer)
        show_dock(viewer, ("Case", "Curate", "Case list", "Propose")[n % 4])
        gate.watch(session.opening, n // 2 % (looks + 1))
        session.open_sample_async(("phantom-abdomen", "phantom-brain")[n % 2])
        assert gate.on_its_way.wait(LONG)
        assert session.opening.running
        stages.add(gate.looks if not gate.ended.is_set() else "made")
        (close_by_its_button if n % 2 else type(viewer).close)(viewer)
        assert not session.opening.running
        gate.let_go()
        deliver_all()
        assert session.case is None, "what was on its way never arrived"
        del viewer, session
    assert len(stages) >= 4
    assert "made" in stages
    gc.collect()
    assert "Error" not in capfd.readouterr().err


def test_closing_by_the_button_with_a_scan_on_show_says_nothing(
    make_napari_viewer: Maker,
    close_by_its_button: Callable[[Any], None],
    qtbot: Any,
    capfd: pytest.CaptureFixture[str],
) -> None:
    viewer = make_napari_viewer(show=True)
    session = session_for(viewer)
    open_brain(session, qtbot)
    viewer.dims.ndisplay = 3  # its surfaces are on their way
    close_by_its_button(viewer)
    deliver_all()
    assert "Error" not in capfd.readouterr().err


def test_everything_that_runs_for_a_window_ends_with_it(make_napari_viewer: Maker, qtbot: Any) -> None:
    viewer = make_napari_viewer(show=True)
    open_workspace(viewer)
    deliver_all()
    session = session_for(viewer)
    window = viewer.window._qt_window
    works = [*window.findChildren(Work), session.opening, session.ahead.work, session.scene.surfaces.work]
    assert len(works) > 10
    begun, ended = threading.Event(), threading.Semaphore(0)

    def until_stopped(job: Job) -> None:
        """A job that ends only when told to."""
        begun.set()
        try:
            while not job.cancelled:
                pause.wait(0.005)
            job.check()
        finally:
            ended.release()

    pause = threading.Event()
    heard: list[object] = []
    for work in works:
        for signal in (work.returned, work.failed, work.cancelled, work.part):
            signal.connect(heard.append)
        work.run("Waiting", until_stopped)
    assert begun.wait(LONG)
    viewer.close()
    assert not any(work.running for work in works)
    assert ended.acquire(timeout=LONG)
    session.opening.run("Too late", until_stopped)
    assert not session.opening.running
    deliver_all()
    assert heard == []


def test_a_close_that_was_refused_stops_nothing(make_napari_viewer: Maker, qtbot: Any) -> None:
    viewer = make_napari_viewer()
    session = session_for(viewer)
    end = viewer.window._qt_window.findChild(WindowEnd)
    # What Qt sends when the button in the title bar is pressed; napari may then ask, and the window stay.
    assert end.eventFilter(viewer.window._qt_window, asked_to_close()) is False
    open_brain(session, qtbot)


class asked_to_close:
    """A close event from the window system; Qt lets nobody else make one."""

    def type(self) -> Any:
        from qtpy.QtCore import QEvent

        return QEvent.Type.Close

    def spontaneous(self) -> bool:
        return True


LEAVING = """
import napari
from qtpy.QtWidgets import QApplication
from napari_spatialmed.viewer.hands import HandsOff
viewer = napari.Viewer()
hands = HandsOff(10_000)
hands.wait()
QApplication.processEvents()
"""


@pytest.mark.parametrize("again", range(2))
def test_a_program_that_ends_while_something_waits_for_the_hands_ends_well(again: int) -> None:
    """Without giving up waiting, every other one ended with a crash."""
    ended = subprocess.run([sys.executable, "-c", LEAVING], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
