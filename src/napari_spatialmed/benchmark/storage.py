"""Where a benchmark's lines lie: one file with a lock, or a folder with one file for each person and machine.

A folder is for shared drives and several sites, where no lock can be trusted: everybody reads all files and writes only
their own.
"""

from __future__ import annotations

import hashlib
import platform
import re
import uuid
from contextlib import suppress
from pathlib import Path

from napari_spatialmed.benchmark.disk import SUFFIX, cannot_read
from napari_spatialmed.benchmark.errors import BenchmarkError
from napari_spatialmed.benchmark.events import Event
from napari_spatialmed.benchmark.journal import Journal


class Storage:
    """All journals of a benchmark, and the one that is written to.

    Parameters
    ----------
    path
        A file, or a folder of files.
    actor
        Names the own file in a folder.
    """

    def __init__(self, path: Path, actor: str) -> None:
        self.path = path
        self.folder = path if path.is_dir() else None
        self.own = Journal(path / own_name(actor)) if self.folder else Journal(path)
        self._journals = {self.own.path: self.own}

    @property
    def notices(self) -> list[str]:
        """What every journal had to say while it was read."""
        return [notice for journal in self._journals.values() for notice in journal.notices]

    @property
    def journals(self) -> tuple[Journal, ...]:
        """Every file that exists."""
        return tuple(j for j in self._journals.values() if j.path.exists())

    def read_new(self) -> tuple[list[Event], bool]:
        """New events of all files in one order, and whether everything before must be forgotten."""
        if self.folder is not None:
            for found in self._in_folder(self.folder):
                self._journals.setdefault(found, Journal(found))
        fresh: list[Event] = []
        anew = False
        for journal in self.journals:
            events, replaced = journal.read_new()
            fresh += events
            anew = anew or replaced
        if self.folder is not None:
            fresh.sort(key=lambda event: event.order)
        return fresh, anew

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """Name, length and inode of every file: another one as soon as anybody has written.  From any thread."""
        found = []
        with suppress(OSError, BenchmarkError):  # gone, or the drive is: to read it says so
            for path in [self.path] if self.folder is None else self._in_folder(self.folder):
                status = path.stat()
                found.append((path.name, status.st_size, status.st_ino))
        return tuple(found)

    def _in_folder(self, folder: Path) -> list[Path]:
        try:
            return sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX))
        except OSError as error:
            raise cannot_read(folder, error) from error

    def reread(self) -> list[Event]:
        """Every event from the beginning."""
        self._journals = {
            path: Journal(path) for path in self._journals if path.exists() or path == self.own.path
        }
        self.own = self._journals[self.own.path]
        return self.read_new()[0]


def own_name(actor: str) -> str:
    """The file of this person on this machine: readable, and never shared with another machine."""
    slug = re.sub(r"[^a-z0-9]+", "-", actor.casefold()).strip("-")[:24] or "writer"
    machine = hashlib.sha256(f"{actor}|{platform.node()}|{uuid.getnode()}".encode()).hexdigest()[:6]
    return f"{slug}-{machine}{SUFFIX}"


def files_of(paths: list[Path]) -> list[Path]:
    """Benchmark files named directly or lying in folders.

    Raises
    ------
    BenchmarkError
        If one is missing, or a folder holds none.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(path.glob(f"*{SUFFIX}"))
            if not found:
                raise BenchmarkError(
                    "no benchmark file in this folder", where=path, hint=f"They are named *{SUFFIX}."
                )
            files += found
        elif path.is_file():
            files.append(path)
        else:
            raise BenchmarkError("there is no such file", where=path, hint="Check the name.")
    return files
