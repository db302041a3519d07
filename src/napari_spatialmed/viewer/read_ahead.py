"""The scan that will be wanted next, read in the background.

One is held at most, so that memory has no more than two; it goes once it is shown, or once another is expected.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from napari_spatialmed.case import Case, CaseFiles
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.viewer.opening import Opened, Wanted, read_wanted
from napari_spatialmed.viewer.work import Job, Work

_LOOK_EVERY_S = 0.05


@dataclass(eq=False)
class _Reading:
    """One scan on its way; written by the thread that reads it, looked at by the one that waits for it."""

    wanted: Wanted
    done: threading.Event = field(default_factory=threading.Event)
    opened: Opened | None = None
    error: SpatialMedError | None = None
    fraction: float = 0.0
    text: str = ""


class ReadAhead:
    """Reads one scan ahead for a session."""

    def __init__(self) -> None:
        self.work = Work()
        self.work.progressed.connect(self._progressed)
        self._reading: _Reading | None = None
        self._certain = False

    @property
    def ready(self) -> str | None:
        """Id of the case that was read ahead and waits."""
        reading = self._reading
        return None if reading is None or reading.opened is None else reading.opened[0].id

    @property
    def files(self) -> CaseFiles | None:
        """What is being read, or was."""
        return None if self._reading is None else self._reading.wanted.files

    @property
    def error(self) -> SpatialMedError | None:
        """Why it couldn't be read; nobody asked for it yet, so nobody was told."""
        return None if self._reading is None else self._reading.error

    def expect(self, wanted: Wanted, *, certain: bool) -> None:
        """Read this scan ahead.  What is only likely to come doesn't take the place of what is certain to."""
        if self._reading is not None and _alike(self._reading.wanted, wanted):
            self._certain = self._certain or certain
        elif certain or self._reading is None or not self._certain:
            self.drop()
            self._reading, self._certain = _Reading(wanted), certain
            self.work.run("Reading the next scan", _read, self._reading)

    def take(self, wanted: Wanted) -> Opened | None:
        """The scan, if it was read ahead; it is the caller's then."""
        reading = self._reading
        opened = None if reading is None or not _alike(reading.wanted, wanted) else reading.opened
        if opened is None or not wanted.fits(opened):
            return None
        self._reading = None
        return opened

    def awaited(self, wanted: Wanted) -> _Reading | None:
        """What `wait_for` waits for, if this scan is just being read."""
        reading = self._reading
        under_way = reading is not None and self.work.running and _alike(reading.wanted, wanted)
        return reading if under_way else None

    def shown(self, case: Case) -> None:
        """This case is on show: a second copy of it would only take memory, and what was certain is so no longer."""
        self._certain = False
        # A case's id costs a hash of its voxels: asked for only where there is something to compare it with.
        if self.ready is not None and self.ready == case.id:
            self.drop()

    def drop(self) -> None:
        """Let go of what was read or is being read."""
        self.work.cancel()
        self._reading = None

    def stop(self) -> None:
        """For good: the window closes."""
        self.work.stop()
        self._reading = None

    def _progressed(self, fraction: float, text: str) -> None:
        if self._reading is not None:
            self._reading.fraction, self._reading.text = fraction, text


def wait_for(job: Job, reading: _Reading) -> Opened:
    """Wait, as a job of its own, for a scan that is being read ahead; read it anew if that was given up."""
    while not reading.done.wait(_LOOK_EVERY_S):
        job.check()
        job.progress(reading.fraction, reading.text)
    if reading.error is not None:
        raise reading.error
    if reading.opened is not None and reading.wanted.fits(reading.opened):
        return reading.opened
    return read_wanted(job, reading.wanted)


def _read(job: Job, reading: _Reading) -> None:
    try:
        reading.opened = read_wanted(job, reading.wanted)
    except SpatialMedError as error:
        reading.error = error
    finally:
        reading.done.set()


def _alike(one: Wanted, other: Wanted) -> bool:
    return (_place(one.files), one.case_id or other.case_id) == (
        _place(other.files),
        other.case_id or one.case_id,
    )


def _place(files: CaseFiles) -> tuple[str, str]:
    return str(files.labels.resolve()), "" if files.image is None else str(files.image.resolve())
