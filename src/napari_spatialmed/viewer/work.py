"""Slow work off the GUI thread: progress, cancel, the result as a signal, errors in words.

A dock owns one :class:`Work` per kind of job.  Starting a job supersedes the one before: a generation counter drops
late answers.  The function runs in a thread and talks through the :class:`Job` it is given; a coroutine function runs
in a thread with an event loop of its own.  Signals arrive in the GUI thread.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from typing import Any

from napari.utils.progress import cancelable_progress
from qtpy.QtCore import QObject, Qt, QTimer, Signal

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.viewer.giving_way import giving_way
from napari_spatialmed.viewer.turns import holding_turns, turns_are_held

_threads = ThreadPoolExecutor(max_workers=6, thread_name_prefix="spatialmed")

ACTIVITY_AFTER_MS = 1000
"""Shorter jobs show themselves in their dock only: napari draws the window anew for each entry, and on and on while there is one."""
_PROGRESS_EVERY_S = 0.05
_HAND_OVER_S = 0.02


class Cancelled(Exception):
    """Raised inside a job by :meth:`Job.check` once the user has cancelled."""


class Job:
    """What the running function sees: where to report to, and whether to stop."""

    def __init__(self, work: Work, generation: int) -> None:
        self._work = work
        self._generation = generation
        self._cancelled = False
        self._last_report = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None

    @property
    def cancelled(self) -> bool:
        """Whether to stop."""
        return self._cancelled

    def check(self) -> None:
        """Raise :class:`Cancelled` if the user has cancelled: call it between steps."""
        if self._cancelled:
            raise Cancelled

    def progress(self, fraction: float | None, text: str = "") -> None:
        """Report how far it is, 0–1 or None for unknown, and what it is doing.  Cheap: may be called often."""
        now = time.monotonic()
        if now - self._last_report >= _PROGRESS_EVERY_S or fraction in (0, 1):
            self._last_report = now
            self._send("_on_progress", -1.0 if fraction is None else float(fraction), text)

    def part(self, value: object) -> None:
        """Hand over one part of the result, e.g. streamed text or one proposal."""
        self._send("_on_part", value)

    def cancel(self) -> None:
        """Ask it to stop; a coroutine is cancelled at its next await."""
        self._cancelled = True
        if self._loop is not None and self._task is not None:
            # The loop may have closed in the meantime: then there is nothing left to cancel.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._task.cancel)

    def _send(self, slot: str, *values: object) -> None:
        if not self._cancelled:
            _relay().arrived.emit(self._work, slot, self._generation, values)

    async def _run_coroutine(
        self, function: Callable[..., Coroutine[Any, Any, Any]], arguments: tuple[Any, ...]
    ) -> Any:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self.check()
        try:
            return await function(self, *arguments)
        except asyncio.CancelledError:
            raise Cancelled from None


class _Activity(cancelable_progress):
    """The entry in napari's activity area; its Cancel button is ours."""

    def __init__(self, work: Work, title: str) -> None:
        self._spatialmed_work = work
        # Without a window tqdm would print to the terminal.
        super().__init__(total=100, desc=title, file=io.StringIO())

    def cancel(self) -> None:
        super().cancel()
        self._spatialmed_work.cancel()


class Work(QObject):
    """Runs one job at a time for a dock.

    Signals (all in the GUI thread): ``started(title)``, ``progressed(fraction or −1, text)``, ``part(value)``, then
    exactly one of ``returned(value)``, ``failed(SpatialMedError)``, ``cancelled()``, and ``finished()`` last.
    """

    started = Signal(str)
    progressed = Signal(float, str)
    part = Signal(object)
    returned = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    finished = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._generation = 0
        self._stopped = False
        self._job: Job | None = None
        self._title = ""
        self._activity: _Activity | None = None
        self._activity_timer = QTimer(self)
        self._activity_timer.setSingleShot(True)
        self._activity_timer.setInterval(ACTIVITY_AFTER_MS)
        self._activity_timer.timeout.connect(self._show_activity)
        _relay()  # made here, in the GUI thread, where its slot then runs

    @property
    def running(self) -> bool:
        """Whether a job is under way."""
        return self._job is not None

    def run(self, title: str, function: Callable[..., Any], *arguments: Any) -> None:
        """Start ``function(job, *arguments)`` in a thread; what ran before is dropped.

        `function` may be a coroutine function.  A :class:`SpatialMedError` it raises arrives through ``failed``; any
        other exception is a fault of ours and is raised in the GUI thread, where napari reports it.  Once stopped, it does
        nothing.
        """
        self._supersede()
        if self._stopped:
            return
        self._title = title
        job = self._job = Job(self, self._generation)
        giving_way().begin(self)
        self.started.emit(title)
        self._activity_timer.start()
        if asyncio.iscoroutinefunction(function):
            future = _threads.submit(_run_in_loop, job, function, arguments)
        else:
            future = _threads.submit(_run_in_thread, job, function, arguments)
        future.add_done_callback(partial(_deliver, self, job._generation))

    def cancel(self) -> None:
        """Stop waiting at once; the thread stops at its next check."""
        if self._job is not None:
            self._supersede()
            self.cancelled.emit()
            self.finished.emit()

    def stop(self) -> None:
        """For good, as the window closes: what runs is dropped without a word, and nothing is begun any more."""
        self._stopped = True
        self._supersede()

    def _supersede(self) -> None:
        self._generation += 1
        if self._job is not None:
            self._job.cancel()
            self._job = None
        giving_way().end(self)
        self._close_activity()

    def _on_progress(self, generation: int, fraction: float, text: str) -> None:
        if generation != self._generation or self._job is None:
            return
        self.progressed.emit(fraction, text)
        activity = self._activity
        if activity is not None and fraction >= 0 and (steps := int(fraction * 100) - activity.n) >= 5:
            with holding_turns():
                activity.update(steps)

    def _on_part(self, generation: int, value: object) -> None:
        if generation == self._generation and self._job is not None:
            self.part.emit(value)

    def _on_done(self, generation: int, future: Future[Any]) -> None:
        if generation != self._generation or self._job is None:
            return
        self._job = None
        giving_way().end(self)
        self._close_activity()
        try:
            value = future.result()
        except SpatialMedError as error:
            self.failed.emit(error)
        except (Cancelled, CancelledError):
            self.cancelled.emit()
        else:
            self.returned.emit(value)
        finally:
            # A slot of `returned` may have started the next job: then this isn't the end.
            if self._job is None:
                self.finished.emit()

    def _show_activity(self) -> None:
        generation = self._generation
        if self._job is None or self._activity is not None:
            return
        # napari handles pending events while it adds the entry: the job may be over when this returns.
        with holding_turns():
            activity = _Activity(self, self._title)
        if self._job is not None and self._generation == generation:
            self._activity = activity
        else:
            activity.close()

    def _close_activity(self) -> None:
        self._activity_timer.stop()
        activity, self._activity = self._activity, None
        if activity is not None:
            with holding_turns():
                activity.close()


class _Relay(QObject):
    """Carries values from threads to the GUI thread.

    It lives as long as the process.  A dock's own objects may be deleted while a thread is emitting on them, which no
    check beforehand can prevent; so threads emit on this one, and the dock's life is looked at in the GUI thread, where
    it ends.
    """

    arrived = Signal(object, str, int, tuple)

    def __init__(self) -> None:
        super().__init__()
        self._line: deque[tuple[Work, str, int, tuple[Any, ...]]] = deque()
        self._awaited = False
        self.arrived.connect(self._queue, Qt.ConnectionType.QueuedConnection)

    def _queue(self, work: Work, slot: str, generation: int, values: tuple[Any, ...]) -> None:
        self._line.append((work, slot, generation, values))
        self._await_turn()

    def _await_turn(self) -> None:
        # Each time a timer of its own: one that is in use rests while a dialog asks something, and what the dialog has
        # running would never arrive.
        if self._line and not self._awaited:
            self._awaited = True
            QTimer.singleShot(0, self._hand_over)

    def _hand_over(self) -> None:
        """What has come, in its order; of a burst as much as a turn of the event loop may take."""
        self._awaited = False
        end = time.monotonic() + _HAND_OVER_S
        while self._line and time.monotonic() < end and not turns_are_held():
            work, slot, generation, values = self._line.popleft()
            self._await_turn()
            try:
                work.objectName()
            except RuntimeError:
                giving_way().end(work)  # its dock was closed and took it along
            else:
                getattr(work, slot)(generation, *values)
        self._await_turn()


@cache
def _relay() -> _Relay:
    return _Relay()


def in_thread(function: Callable[[], object]) -> Future[object]:
    """What is small and nobody waits for: no progress, no cancelling."""
    return _threads.submit(function)


def _deliver(work: Work, generation: int, future: Future[Any]) -> None:
    _relay().arrived.emit(work, "_on_done", generation, (future,))


def _run_in_thread(job: Job, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    job.check()
    return function(job, *arguments)


def _run_in_loop(
    job: Job, function: Callable[..., Coroutine[Any, Any, Any]], arguments: tuple[Any, ...]
) -> Any:
    return asyncio.run(job._run_coroutine(function, arguments))
