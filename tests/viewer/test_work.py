"""Slow work: results, errors in words, cancelling, and late answers that must not arrive."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest
from napari.utils.progress import progress
from qtpy.QtCore import QEventLoop, QTimer

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.giving_way import giving_way
from napari_spatialmed.viewer.work import Job, Work

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def work(qapp: object) -> Work:
    return Work()


def heard(work: Work) -> list[tuple[str, object]]:
    """Everything a work says from now on."""
    said: list[tuple[str, object]] = []
    work.returned.connect(lambda value: said.append(("returned", value)))
    work.failed.connect(lambda error: said.append(("failed", str(error))))
    work.part.connect(lambda value: said.append(("part", value)))
    work.cancelled.connect(lambda: said.append(("cancelled", None)))
    work.finished.connect(lambda: said.append(("finished", None)))
    return said


def test_a_result_arrives_in_the_gui_thread(work: Work, wait_for: Wait) -> None:
    threads = []
    work.returned.connect(lambda _: threads.append(threading.current_thread()))

    def job(job: Job) -> str:
        threads.append(threading.current_thread())
        return "done"

    said = heard(work)
    work.run("Testing", job)
    wait_for(lambda: not work.running)
    assert said == [("returned", "done"), ("finished", None)]
    assert threads[0] is not threading.main_thread()
    assert threads[1] is threading.main_thread()


def test_an_error_arrives_in_words(work: Work, wait_for: Wait) -> None:
    def job(job: Job) -> None:
        raise SpatialMedError("nothing there", where="scan.nii", hint="Look again.")

    said = heard(work)
    work.run("Testing", job)
    wait_for(lambda: not work.running)
    assert said == [("failed", "scan.nii: nothing there. Look again."), ("finished", None)]


def test_a_later_job_drops_the_answer_of_the_one_before(work: Work, wait_for: Wait) -> None:
    begun, release, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(job: Job) -> str:
        begun.set()
        release.wait(60)
        ended.set()
        return "late"

    said = heard(work)
    work.run("Slow", slow)
    wait_for(begun.is_set)
    work.run("Quick", lambda job: "quick")
    wait_for(lambda: not work.running)
    release.set()
    wait_for(ended.is_set)
    wait_for(lambda: True)
    assert said == [("returned", "quick"), ("finished", None)]


def test_cancel_ends_at_once_and_the_job_notices(work: Work, wait_for: Wait) -> None:
    noticed, begun = threading.Event(), threading.Event()

    def job(job: Job) -> None:
        begun.set()
        while not job.cancelled:
            noticed.wait(0.01)
        noticed.set()

    said = heard(work)
    work.run("Endless", job)
    wait_for(begun.is_set)
    work.cancel()
    assert said == [("cancelled", None), ("finished", None)]
    wait_for(noticed.is_set)


def test_a_coroutine_streams_parts_and_can_be_cancelled_while_it_waits(work: Work, wait_for: Wait) -> None:
    ended = threading.Event()

    async def stream(job: Job, words: list[str]) -> str:
        try:
            for word in words:
                job.part(word)
            await asyncio.sleep(600)
        finally:
            ended.set()
        return "never"

    said = heard(work)
    work.run("Streaming", stream, ["one", "two"])
    wait_for(lambda: len(said) == 2)
    work.cancel()
    wait_for(ended.is_set)
    assert said == [("part", "one"), ("part", "two"), ("cancelled", None), ("finished", None)]


def test_progress_shows_in_the_busy_bar(work: Work, wait_for: Wait) -> None:
    bar = BusyBar(work)
    release = threading.Event()

    def job(job: Job) -> None:
        job.progress(0.5, "Half way")
        release.wait(60)

    work.run("Testing", job)
    wait_for(lambda: bar.bar.value() == 50)
    assert bar.bar.format() == "Half way"
    assert not bar.isHidden()
    release.set()
    wait_for(lambda: not work.running)
    assert bar.isHidden()


def test_a_long_job_can_be_cancelled_in_naparis_activity_area(qapp: object, wait_for: Wait) -> None:
    work, release, ends = Work(), threading.Event(), []
    work.cancelled.connect(lambda: ends.append("cancelled"))
    work._activity_timer.setInterval(1)
    work.run("Waiting for long", lambda job: release.wait(60))
    shown = progress._all_instances
    wait_for(lambda: any(entry.desc == "Waiting for long" for entry in shown))
    next(entry for entry in shown if entry.desc == "Waiting for long").cancel()
    release.set()
    assert ends == ["cancelled"]
    assert not work.running
    assert not any(entry.desc == "Waiting for long" for entry in shown)


def test_a_job_whose_dock_is_gone_holds_no_collection_off(
    qapp: object, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    work, gate = Work(), threading.Event()
    work.run("Waiting", lambda job: gate.wait(60))
    assert work in giving_way()._running
    delete(work)
    gate.set()
    wait_for(lambda: work not in giving_way()._running)


def delete(work: Work) -> None:
    """As Qt does with what belongs to a dock that closes."""
    from qtpy.QtCore import QCoreApplication, QEvent

    work.deleteLater()
    QCoreApplication.sendPostedEvents(work, QEvent.Type.DeferredDelete)
    with pytest.raises(RuntimeError):
        work.objectName()


def test_a_burst_of_parts_leaves_the_window_its_turns(work: Work, wait_for: Wait) -> None:
    got: list[object] = []
    turns: list[int] = []
    clock = QTimer()
    clock.setInterval(0)
    clock.timeout.connect(lambda: turns.append(len(got)))

    def slowly(part: object) -> None:
        got.append(part)
        time.sleep(0.01)

    def job(job: Job) -> None:
        for n in range(30):
            job.part(n)

    work.part.connect(slowly)
    clock.start()
    work.run("Testing", job)
    wait_for(lambda: not work.running)
    clock.stop()
    assert got == list(range(30))
    assert len({n for n in turns if 0 < n < 30}) >= 5, "the event loop turned in between"


def test_what_a_dialog_waits_for_arrives_while_it_is_open(work: Work, wait_for: Wait) -> None:
    other, dialog = Work(), QEventLoop()
    got: list[object] = []

    def ask(_: object) -> None:
        other.returned.connect(dialog.quit)
        other.run("Saving", lambda job: None)
        QTimer.singleShot(30_000, lambda: dialog.exit(1))
        got.append(dialog.exec())

    work.returned.connect(ask)
    work.run("Testing", lambda job: None)
    wait_for(lambda: bool(got))
    assert got == [0], "it didn't wait in vain"
