"""The file: lines in, lines out, and nothing acknowledged before it is on the disk.

A torn last line (a program died while writing) is set aside in ``NAME.quarantine``; damage anywhere else is an error
that names the line.  Beside the journal stands ``NAME.tip``, which names the last line written on this machine: lines
that vanished from the end of the file, which no chain inside it could show, are noticed by it.  The tip is a witness
only: deleting it loses no data.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from napari_spatialmed.benchmark.disk import (
    cannot_read,
    cannot_write,
    not_a_benchmark,
    put_in_quarantine,
    write_whole,
)
from napari_spatialmed.benchmark.errors import BenchmarkError, DamagedError
from napari_spatialmed.benchmark.events import Event
from napari_spatialmed.benchmark.lines import line_is_intact, parse_line, unwrapped

LOCK_SECONDS = 20.0


class Journal:
    """One file of events, read from where the last read ended.

    Parameters
    ----------
    path
        The file; make a missing one with `begin`.

    Attributes
    ----------
    notices
        What was found and set aside while reading, one sentence each.
    last_sha
        Hash of the last line, None for a file without lines.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notices: list[str] = []
        self._restart()

    def _restart(self) -> None:
        self.last_sha: str | None = None
        self._offset = 0
        self._lines = 0
        self._shas: set[str] = set()
        self._forgiven: set[str] = set()
        self._writers: dict[str, tuple[int, str]] = {}
        self._inode = -1
        self._open_end = False

    def __contains__(self, sha: str) -> bool:
        return sha in self._shas

    def head_of(self, writer: str) -> tuple[int, str | None]:
        """The last sequence number and hash of a writer in this file."""
        return self._writers.get(writer, (0, None))

    @property
    def quarantine(self) -> Path:
        """Where torn and damaged lines are set aside."""
        return self.path.with_name(self.path.name + ".quarantine")

    @property
    def tip(self) -> Path:
        """The witness of the last line written here."""
        return self.path.with_name(self.path.name + ".tip")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock that all programs on this machine take around each append.

        Raises
        ------
        BenchmarkError
            If the folder is read-only, or another program holds the lock for long.
        """
        if not self.path.parent.is_dir():
            raise BenchmarkError(
                f"the folder {self.path.parent} does not exist", where=self.path, hint="Create it first."
            )
        lock = FileLock(str(self.path) + ".lock", timeout=LOCK_SECONDS, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            raise BenchmarkError(
                f"another program has held the file for {LOCK_SECONDS:.0f} s",
                where=self.path,
                hint="Nothing was saved. Close the other program, or wait and try again.",
            ) from None
        except OSError as error:
            raise cannot_write(self.path, error) from error
        try:
            yield
        finally:
            lock.release()

    def begin(self, line: bytes) -> None:
        """Make the file with its first line; it appears whole or not at all."""
        with self.locked():
            if self.path.exists():
                raise BenchmarkError(
                    "there is already a file of this name",
                    where=self.path,
                    hint="Open it, or choose another name.",
                )
            # A witness left by a file of this name that is gone says nothing about this one.
            self.tip.unlink(missing_ok=True)
            write_whole(self.path, line)

    def read_new(self) -> tuple[list[Event], bool]:
        """Events since the last call, and whether the file was replaced (then these are all its events).

        Raises
        ------
        NotABenchmarkError
            If no line of it is an event.
        DamagedError
            If a line other than the last is damaged, or the chain is broken.
        """
        try:
            with self.path.open("rb") as stream:
                status = os.fstat(stream.fileno())
                replaced = self._inode not in (-1, status.st_ino) or status.st_size < self._offset
                if replaced:
                    self._restart()
                self._inode = status.st_ino
                if status.st_size == 0:
                    raise not_a_benchmark(self.path, b"")
                if status.st_size == self._offset:
                    return [], replaced
                stream.seek(self._offset)
                data = stream.read()
        except OSError as error:
            raise cannot_read(self.path, error) from error
        return self._take(data), replaced

    def _take(self, data: bytes) -> list[Event]:
        """Check and parse whole lines; remember where the torn rest begins."""
        if self._open_end and data.startswith(b"\n"):  # another program gave the last line its end
            self._offset += 1
            data = data[1:]
        lines = data.split(b"\n")
        rest = lines.pop()
        self._open_end = bool(rest) and line_is_intact(rest)
        if self._open_end:
            lines.append(rest)
            self.notices.append(
                f"The last line of {self.path.name} had lost its line end; the event is kept."
            )
        elif rest and line_is_intact(rest[:-1]):
            raise DamagedError(
                "its line end is not a line end", where=str(self.path), line=self._lines + len(lines) + 1
            )
        if self._lines == 0 and not any(line_is_intact(unwrapped(line)) for line in lines):
            raise not_a_benchmark(self.path, data)
        for line in lines:
            if b'"kind":"repaired"' in line and line_is_intact(line):  # forgives gaps above it
                self._forgiven.update(parse_line(line).payload.missing)
        events = [self._take_line(line) for line in lines]
        self._offset += len(data) - (0 if self._open_end else len(rest))
        return events

    def _take_line(self, line: bytes) -> Event:
        number = self._lines + 1
        if not line_is_intact(line):
            raise DamagedError("its hash does not fit its bytes", where=str(self.path), line=number)
        try:
            event = parse_line(line)
        except ValueError as error:
            raise BenchmarkError(
                f"line {number}: {error}", where=self.path, hint="Update spatialmed to read it."
            ) from error
        self._check_chain(event, number)
        self._lines = number
        self._shas.add(event.sha)
        self._writers[event.writer] = (event.seq, event.sha)
        self.last_sha = event.sha
        return event

    def _check_chain(self, event: Event, number: int) -> None:
        seq, sha = self._writers.get(event.writer, (0, None))
        broken = None
        if event.sha in self._shas:
            broken = "the same event stands in the file twice"
        elif event.prev != sha and event.prev not in self._forgiven:
            broken = f"it does not follow event {seq} of its writer; a line is missing or out of place"
        elif event.prev == sha and event.seq != seq + 1:
            broken = f"it is event {event.seq} of its writer, after event {seq}"
        elif event.after is not None and event.after not in self._shas and event.after not in self._forgiven:
            broken = "the line it was written after is missing"
        if broken:
            raise DamagedError(broken, where=str(self.path), line=number)

    def set_torn_end_aside(self) -> None:
        """Move the bytes of a torn last line to the quarantine file.  Only under the lock."""
        size = self.path.stat().st_size
        if size <= self._offset and not self._open_end:
            return
        try:
            with self.path.open("r+b") as stream:
                if self._open_end:
                    stream.seek(0, os.SEEK_END)
                    stream.write(b"\n")
                    self._offset += 1
                    self._open_end = False
                else:
                    stream.seek(self._offset)
                    torn = stream.read()
                    put_in_quarantine(self.quarantine, self._lines + 1, torn, "torn last line")
                    stream.truncate(self._offset)
                    self.notices.append(
                        f"The last line of {self.path.name} was torn ({len(torn)} bytes, never acknowledged); "
                        f"it was set aside in {self.quarantine.name}."
                    )
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise cannot_write(self.path, error) from error

    @property
    def has_torn_end(self) -> bool:
        """Whether bytes after the last whole line wait to be set aside."""
        return self._open_end or self.path.stat().st_size > self._offset

    def append(self, data: bytes, events: list[Event]) -> None:
        """Write lines and return when they are on the disk.  Only under the lock, after `read_new`.

        Raises
        ------
        BenchmarkError
            If they could not be written; the file is then as it was.
        """
        try:
            with self.path.open("ab", buffering=0) as stream:
                start = os.fstat(stream.fileno()).st_size
                try:
                    written = 0
                    while written < len(data):
                        written += stream.write(data[written:]) or 0
                    stream.flush()
                    os.fsync(stream.fileno())
                except BaseException:
                    stream.truncate(start)
                    raise
        except OSError as error:
            raise cannot_write(self.path, error) from error
        self._offset = start + len(data)
        for event in events:
            self._shas.add(event.sha)
            self._writers[event.writer] = (event.seq, event.sha)
        self._lines += len(events)
        self.last_sha = events[-1].sha
        self._leave_tip()

    def _leave_tip(self) -> None:
        # Not synced: after a power cut it may name an earlier line, which is still in the file.  Overwritten in place,
        # because truncating a file makes some file systems flush it.
        try:
            handle = os.open(self.tip, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
            try:
                os.write(handle, f"{self.last_sha}\n".encode("ascii"))
            finally:
                os.close(handle)
        except OSError:
            self.notices.append(
                f"{self.tip.name} could not be written; lines lost from the end would go unnoticed."
            )

    def tip_sha(self) -> str | None:
        """The hash of the last line written on this machine; None where the witness is gone or unreadable."""
        try:
            sha = self.tip.read_bytes().strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot_read(self.tip, error) from error
        return sha.decode() if re.fullmatch(b"[0-9a-f]{64}", sha) else None

    def missing_tip(self) -> str | None:
        """The hash of the last line written on this machine, if the file no longer holds it."""
        sha = self.tip_sha()
        return None if sha is None or sha in self._shas or sha in self._forgiven else sha
