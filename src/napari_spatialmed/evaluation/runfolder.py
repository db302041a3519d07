"""A run's folder: what was asked for in ``run.json``, and one line for each answer in ``responses.jsonl``.

A line counts once it is flushed and on the disk, so a run that is killed goes on where it stopped.  A torn last line is
set aside in ``responses.jsonl.quarantine`` and its item asked again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout
from pydantic_core import from_json

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation.response import Response
from napari_spatialmed.whole import write_whole

META = "run.json"
RESPONSES = "responses.jsonl"
RETRIED = frozenset({"error", "timed out"})
"""Outcomes that are no answer of the model (rule S6): a resumed run asks these items again."""

WorkId = tuple[str, str, int]
"""Question's id, arm and rotation."""


class RunError(SpatialMedError):
    """A run's folder that can't be used."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a folder already holds.

    Attributes
    ----------
    done
        Work that needs no call any more, with the cache key it was answered under.
    lines
        Lines read.
    torn
        Whether the last line was torn and set aside.
    """

    done: Mapping[WorkId, str]
    lines: int
    torn: bool


class RunFolder:
    """Reads and writes one run's folder.

    Parameters
    ----------
    path
        The folder; `begin` makes it.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._file: BinaryIO | None = None

    @property
    def responses(self) -> Path:
        """The file of answers."""
        return self.path / RESPONSES

    def meta(self) -> dict[str, Any]:
        """What ``run.json`` says.

        Raises
        ------
        RunError
            If the folder holds no run.
        """
        source = self.path / META
        try:
            data = json.loads(source.read_text("utf-8"))
        except OSError as error:
            raise RunError(
                f"no run here ({error.strerror})", where=self.path, hint="Name the folder given to --out."
            ) from None
        except ValueError:
            raise RunError(
                "run.json isn't JSON", where=source, hint="Restore it, or start the run in a new folder."
            ) from None
        if not isinstance(data, dict):
            raise RunError("run.json doesn't describe a run", where=source)
        return data

    def write_meta(self, meta: Mapping[str, Any]) -> None:
        """Write ``run.json`` in one step: the old one or the new one, never half of it."""
        text = json.dumps(meta, indent=1, ensure_ascii=False, allow_nan=False)
        try:
            write_whole(self.path / META, text)
        except OSError as error:
            raise RunError(
                f"can't be written ({error.strerror})", where=self.path, hint="Choose another --out."
            ) from None

    @contextmanager
    def begin(self, meta: Mapping[str, Any], fixed: tuple[str, ...]) -> Iterator[Recorded]:
        """Open the folder for writing, alone.

        Parameters
        ----------
        meta
            For ``run.json``, if the run is new.
        fixed
            Fields that an earlier run here must share, or its answers would not belong to this one.

        Raises
        ------
        RunError
            If another program writes here, the folder can't be written, or it holds a run with other settings.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / ".lock")
            lock.acquire(timeout=0.5)
        except Timeout:
            raise RunError(
                "another run writes into this folder",
                where=self.path,
                hint="Wait for it, or choose another --out.",
            ) from None
        except OSError as error:
            raise RunError(
                f"can't be written ({error.strerror})", where=self.path, hint="Choose another --out."
            ) from None
        try:
            if (self.path / META).exists():
                earlier = self.meta()
                differing = [
                    name for name in fixed if earlier.get(name) != json.loads(json.dumps(meta.get(name)))
                ]
                if differing:
                    told = "; ".join(f"{n} was {earlier.get(n)!r}, now {meta.get(n)!r}" for n in differing)
                    raise RunError(
                        f"this folder holds another run: {told}",
                        where=self.path,
                        hint="Choose another --out.",
                    )
            else:
                self._must_be_ours()
                self.write_meta(meta)
            recorded = self._recover()
            with self.responses.open("ab") as self._file:
                yield recorded
        finally:
            self._file = None
            lock.release()

    def _must_be_ours(self) -> None:
        """A new run begins in an empty folder: a folder of scans, given by mistake, stays as it is."""
        if any(p.name != RESPONSES and not p.name.startswith(".") for p in self.path.iterdir()):
            raise RunError(
                "there is something else here already",
                where=self.path,
                hint="Choose a new folder, or that of an earlier run.",
            )

    def append(self, response: Response) -> None:
        """Write one answer and see it onto the disk."""
        if self._file is None:
            raise RunError("the run isn't open for writing", where=self.path)
        line = json.dumps(response.to_record(), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        try:
            self._file.write(line.encode("utf-8", "replace") + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise RunError(
                f"an answer can't be written ({error.strerror})",
                where=self.responses,
                hint="Free some space and start again to go on.",
            ) from None

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every answer in the file, oldest first.

        Raises
        ------
        RunError
            If a line other than a torn last one can't be read.
        """
        if not self.responses.exists():
            return
        with self.responses.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    return
                try:
                    row = from_json(line)
                except ValueError:
                    raise RunError(
                        f"line {number} can't be read",
                        where=self.responses,
                        hint="Remove it: its item is asked again.",
                    ) from None
                if not isinstance(row, dict) or "question" not in row:
                    raise RunError(f"line {number} is no answer", where=self.responses)
                yield row

    def _recover(self) -> Recorded:
        torn = False
        if self.responses.exists():
            content = self.responses.read_bytes()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                torn = True
                with self.responses.with_suffix(".jsonl.quarantine").open("ab") as aside:
                    aside.write(content[whole:] + b"\n")
                with self.responses.open("r+b") as file:
                    file.truncate(whole)
                    os.fsync(file.fileno())
        done: dict[WorkId, str] = {}
        lines = 0
        for row in self.rows():
            lines += 1
            if row.get("outcome") not in RETRIED:
                done[work_id(row)] = str(row.get("key", ""))
        return Recorded(done, lines, torn)


def work_id(row: Mapping[str, Any]) -> WorkId:
    """What a line answers."""
    return str(row["question"]), str(row.get("arm", "normal")), int(row.get("rotation", 0))
