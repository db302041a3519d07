"""A window that closes while something is on its way: nothing arrives in it, nothing is said, nothing is left behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from qtpy.QtWidgets import QApplication

from napari_spatialmed.viewer.session import Session, session_for
from napari_spatialmed.viewer.window_end import WindowEnd
from napari_spatialmed.viewer.work import Job, Work
from napari_spatialmed.viewer.workspace import open_workspace, show_dock

pytestmark = pytest.mark.gui
Maker = Callable[..., Any]


def turn(seconds: float) -> None:
    """Let the event loop run."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        QApplication.processEvents()
        time.sleep(0.002)


def close_by_its_button(viewer: Any) -> None:
    """As a person does: napari's viewer isn't asked."""
    viewer.window._qt_window.close()
    turn(0.05)
    del viewer.window._qt_window  # Qt deletes it; napari's own clean-up stumbles over what is left of it


@pytest.mark.alone
def test_closing_while_a_scan_is_loading_twenty_times(
    make_napari_viewer: Maker, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAPARI_STRICT_QT", "1")
    shown = []
    for n in range(20):
        viewer = make_napari_viewer(show=n % 5 == 0)
        session = session_for(viewer)
        show_dock(viewer, ("Case", "Curate", "Case list", "Propose")[n % 4])
        session.open_sample_async(("phantom-abdomen", "phantom-brain")[n % 2])
        turn(0.03 * n)
        running = session.opening.running
        (close_by_its_button if n % 2 else type(viewer).close)(viewer)
        shown.append(session.case)
        turn(0.1)
        assert not session.opening.running
        assert not running or session.case is None, "what was on its way never arrived"
    turn(1.0)
    assert shown.count(None) >= 5, "most windows closed before their scan was there"


def test_everything_that_runs_for_a_window_ends_with_it(make_napari_viewer: Maker, qtbot: Any) -> None:
    viewer = make_napari_viewer(show=True)
    open_workspace(viewer)
    turn(0.1)
    session = session_for(viewer)
    window = viewer.window._qt_window
    works = [*window.findChildren(Work), session.opening, session.ahead.work, session.scene.surfaces.work]
    assert len(works) > 10
    heard: list[object] = []
    for work in works:
        for signal in (work.returned, work.failed, work.cancelled, work.part):
            signal.connect(heard.append)
        work.run("Waiting", until_stopped)
    turn(0.2)
    viewer.close()
    assert not any(work.running for work in works)
    session.opening.run("Too late", until_stopped)
    assert not session.opening.running
    turn(0.3)
    assert heard == []


def until_stopped(job: Job) -> None:
    """A job that ends only when told to."""
    while True:
        job.check()
        time.sleep(0.005)


def test_a_close_that_was_refused_stops_nothing(make_napari_viewer: Maker, qtbot: Any) -> None:
    viewer = make_napari_viewer()
    session: Session = session_for(viewer)
    end = viewer.window._qt_window.findChild(WindowEnd)
    # What Qt sends when the button in the title bar is pressed; napari may then ask, and the window stay.
    assert end.eventFilter(viewer.window._qt_window, asked_to_close()) is False
    session.open_sample_async("phantom-brain")
    qtbot.waitUntil(lambda: session.case is not None, timeout=30_000)


class asked_to_close:
    """A close event from the window system; Qt lets nobody else make one."""

    def type(self) -> Any:
        from qtpy.QtCore import QEvent

        return QEvent.Type.Close

    def spontaneous(self) -> bool:
        return True
