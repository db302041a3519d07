"""A benchmark opened by one person: every change is an event on the disk before the call returns.

The state is folded as events come, those of other programs included; `refresh` looks for them, and so does every append.
"""

from __future__ import annotations

import gc
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from napari_spatialmed import __version__
from napari_spatialmed.benchmark.curating import Curating
from napari_spatialmed.benchmark.disk import SUFFIX, check_name
from napari_spatialmed.benchmark.errors import BenchmarkError
from napari_spatialmed.benchmark.events import BenchmarkCreated, Event, Payload, Repaired, checked_payload
from napari_spatialmed.benchmark.lines import seal
from napari_spatialmed.benchmark.privacy import refuse_secrets
from napari_spatialmed.benchmark.state import State
from napari_spatialmed.benchmark.storage import Storage


class Draft(NamedTuple):
    """An event that is not yet written."""

    kind: str
    payload: Payload
    question: str | None = None
    revision: int | None = None


class Benchmark(Curating):
    """An open benchmark; get one from `create` or `open`.

    Attributes
    ----------
    path
        The file, or the folder with one file for each writer.
    actor
        Whose name stands in every event made here.
    state
        The present state.  It changes with every append and `refresh`; don't keep parts of it across threads.
    """

    def __init__(self, path: Path, actor: str) -> None:
        self.path = path
        self.actor = actor
        self.writer = secrets.token_hex(5)
        self._storage = Storage(path, actor)
        self._turn = threading.RLock()
        self.state = State()
        self._notices: list[str] = []

    @property
    def notices(self) -> list[str]:
        """What had to be set aside or is missing, one sentence each."""
        return [*self._notices, *self._storage.notices]

    def stamp(self) -> object:
        """What changes as soon as anybody has written to it: then :meth:`refresh` is worth its time.  From any thread."""
        return self._storage.stamp()

    def refresh(self) -> list[Event]:
        """Fold in what other programs wrote; returns those events."""
        with self._turn:
            before = self.state.clock
            last = self.state.events[-1].order if self.state.events else None
            fresh, anew = self._storage.read_new()
            if anew or (
                fresh and last is not None and fresh[0].order < last and self._storage.folder is not None
            ):
                with _collector_paused():
                    self.state = State(self._storage.reread())
                return [e for e in self.state.events if e.clock > before] or fresh
            for event in fresh:
                self.state.apply(event)
            return fresh

    def append(
        self,
        kind: str,
        payload: Payload | Mapping[str, Any] | str,
        *,
        question: str | None = None,
        revision: int | None = None,
    ) -> Event:
        """Write one event; it is on the disk when this returns.

        Parameters
        ----------
        kind
            One of `events.PAYLOADS`; ``note`` takes free text.
        payload
            What it says.
        question, revision
            What it is about.

        Raises
        ------
        BenchmarkError
            If it could not be saved; the file and the state are then as before.
        """
        return self.append_all([Draft(kind, checked_payload(kind, payload), question, revision)])[0]

    def append_all(self, drafts: Sequence[Draft]) -> list[Event]:
        """Write several events with one sync: all are on the disk when this returns, or none is."""
        if not drafts:
            return []
        if not self.actor:
            raise BenchmarkError("it was opened for reading only", where=self.path)
        for draft in drafts:
            refuse_secrets(draft.payload)
        with self._turn:
            own = self._storage.own
            if not own.path.exists():
                if self._storage.folder is None:
                    raise BenchmarkError(
                        "the file is gone",
                        where=self.path,
                        hint="Nothing was saved. Put it back, or save a copy.",
                    )
                self._begin_own_file()
            with own.locked():
                self.refresh()
                own = self._storage.own
                own.set_torn_end_aside()
                lost = own.missing_tip()
                if lost:
                    reason = Repaired(lines=(), missing=(lost,))
                    drafts = [Draft("repaired", reason), *drafts]
                data, events = self._seal_all(drafts)
                own.append(data, events)
                for event in events:
                    self.state.apply(event)
            return events[1:] if lost else events

    def _begin_own_file(self) -> None:
        title = BenchmarkCreated(title=self.state.title, software=f"napari-spatialmed {__version__}")
        data, _ = self._seal_all([Draft("benchmark_created", title)])
        self._storage.own.begin(data)
        self.refresh()

    def _seal_all(self, drafts: Sequence[Draft]) -> tuple[bytes, list[Event]]:
        seq, prev = self._storage.own.head_of(self.writer)
        after, clock = self._storage.own.last_sha, self.state.clock
        lines, events = [], []
        for draft in drafts:
            seq, clock = seq + 1, clock + 1
            line, event = seal(
                draft.kind, draft.payload, writer=self.writer, seq=seq, clock=clock, prev=prev, after=after,
                actor=self.actor, question=draft.question, revision=draft.revision,
            )  # fmt: skip
            events.append(event)
            lines.append(line)
            prev = after = event.sha
        return b"".join(lines), events


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Read many events without the garbage collector walking over all of them again and again (it doubles the time)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            # There and back puts what was read among the old objects, so that the next small collection passes it over.
            gc.freeze()
            gc.unfreeze()
        if was_on:
            gc.enable()


def create(path: str | Path, *, actor: str, title: str = "") -> Benchmark:
    """Make a benchmark file, or begin one in an existing folder, and open it.

    Raises
    ------
    BenchmarkError
        If there already is one, the folder is missing or read-only, or a file's name doesn't end in .spatialmed.jsonl.
    """
    made = Benchmark(Path(path), _checked_actor(actor))
    if not made.path.is_dir():
        check_name(made.path)
    payload = BenchmarkCreated(title=title, software=f"napari-spatialmed {__version__}")
    if made.path.is_dir() and list(made.path.glob(f"*{SUFFIX}")):
        raise BenchmarkError("there is already a benchmark in this folder", where=made.path, hint="Open it.")
    data, _ = made._seal_all([Draft("benchmark_created", payload)])
    made._storage.own.begin(data)
    made.refresh()
    return made


def open(path: str | Path, *, actor: str, new: bool = True) -> Benchmark:
    """Open a benchmark file, or a folder of one file for each writer, to read and to add to it.

    Parameters
    ----------
    path
        The file or folder.
    actor
        Whose name will stand in the events; the reviewer's name where reviews are given.
    new
        Make the file where there is none (in an existing folder).

    Raises
    ------
    BenchmarkError
        If it can't be read.
    DamagedError
        If a line inside it is damaged; the message names the line.
    """
    where = Path(path)
    if new and not where.exists():
        return create(where, actor=actor)
    opened = Benchmark(where, _checked_actor(actor))
    _read_in(opened)
    for journal in opened._storage.journals:
        if journal.has_torn_end:
            try:
                with journal.locked():
                    opened.refresh()
                    journal.set_torn_end_aside()
            except BenchmarkError:
                opened._notices.append(
                    f"The last line of {journal.path.name} is torn; it is ignored, and the file is read-only."
                )
    return opened


def read(path: str | Path) -> Benchmark:
    """Open a benchmark without the means to change anything, not even to set a torn line aside."""
    opened = Benchmark(Path(path), "")
    _read_in(opened)
    for journal in opened._storage.journals:
        if journal.has_torn_end:
            opened._notices.append(f"The last line of {journal.path.name} is torn; it is ignored.")
    return opened


def _read_in(opened: Benchmark) -> None:
    if not opened.path.exists():
        raise BenchmarkError("there is no such file", where=opened.path, hint="Check the name.")
    with _collector_paused():
        opened.refresh()
    if not opened.state.events:
        raise BenchmarkError(
            "no benchmark in this folder",
            where=opened.path,
            hint=f"Its files are named *{SUFFIX}: to begin, make a benchmark and move its file in here.",
        )
    for journal in opened._storage.journals:
        if journal.missing_tip():
            opened._notices.append(
                f"{journal.path.name} no longer holds the last line written on this machine: lines are missing from its end."
            )


def _checked_actor(actor: str) -> str:
    name = " ".join(actor.split()).encode("utf-8", "replace").decode()
    if not name or len(name) > 200:
        raise BenchmarkError(
            "a name of up to 200 characters is needed for whoever makes the changes",
            hint="Give one with --as NAME.",
        )
    return name
