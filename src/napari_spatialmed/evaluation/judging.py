"""A judge model over the explanations of recorded runs: asked once each, recorded beside the answers, resumable.

What it extracted is kept in the run's folder in ``judged.jsonl``; the report reads it from there.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from filelock import FileLock, Timeout
from pydantic import ValidationError

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation.asking import FATAL
from napari_spatialmed.evaluation.judge import (
    JUDGE_VERSION,
    Extraction,
    extract,
    extraction_key,
    grounded,
    worth_judging,
)
from napari_spatialmed.evaluation.runfolder import RunError, RunFolder
from napari_spatialmed.evaluation.statements import Statement
from napari_spatialmed.llm import BudgetError, Client, EndpointError

if TYPE_CHECKING:
    from napari_spatialmed.evaluation.results import Items

JUDGED = "judged.jsonl"
LOST_IN_A_ROW = 8


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge found in the runs of a report.

    Attributes
    ----------
    model
        The judge's.
    statements
        Extraction key → what the explanation says, as far as it really says it.
    asked, known, failed
        Explanations sent now, found judged before, and not judged because the call failed.
    dropped
        Entries of the judge that the explanations don't bear out.
    stopped
        Why not everything was asked; empty if it was.
    """

    model: str
    statements: Mapping[str, Sequence[Statement]]
    asked: int = 0
    known: int = 0
    failed: int = 0
    dropped: int = 0
    stopped: str = ""

    def of(self, text: str, titles: Mapping[str, str]) -> Sequence[Statement] | None:
        """What was found in one explanation; None where the judge wasn't asked."""
        return self.statements.get(extraction_key(text, titles, self.model))


@dataclass
class _Tally:
    statements: dict[str, Sequence[Statement]] = field(default_factory=dict)
    asked: int = 0
    known: int = 0
    failed: int = 0
    dropped: int = 0
    lost: int = 0
    stopped: str = ""


async def judge_runs(
    client: Client,
    folders: Sequence[Path],
    items: Items,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> Judged:
    """Ask a judge about every explanation of these runs that it hasn't read yet.

    Parameters
    ----------
    client
        Open, with its budget and the yes to sending.
    folders
        Run folders; ``judged.jsonl`` is written into each.
    items
        The benchmark's.
    on_progress
        Called with (done, total).

    Raises
    ------
    ConsentError
        If the endpoint is remote and nobody agreed.
    RunError
        If a folder holds no run, can't be written, or another program judges it now.
    """
    tally = _Tally()
    model = client.endpoint.model or (await client.models() or [""])[0]
    work = {folder: _unread(folder, items, model, tally) for folder in folders}
    total, done = sum(map(len, work.values())), 0

    def show() -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done, total)

    for folder, texts in work.items():
        if texts and not tally.stopped:
            with _open(folder) as file:
                await _judge_folder(client, model, texts, file, tally, show)
    return Judged(
        model, tally.statements, tally.asked, tally.known, tally.failed, tally.dropped, tally.stopped
    )


def _unread(
    folder: Path, items: Items, model: str, tally: _Tally
) -> dict[str, tuple[str, Mapping[str, str]]]:
    """Extraction key → explanation and titles; what was read before goes into the tally."""
    run = RunFolder(folder)
    run.meta()
    recorded = read_judged(folder)
    wanted: dict[str, tuple[str, Mapping[str, str]]] = {}
    for row in run.rows():
        place = items.index.get(row["question"])
        text = str(row.get("text", ""))
        if place is None or not worth_judging(text):
            continue
        titles = items.facts[place].titles
        key = extraction_key(text, titles, model)
        if key in tally.statements:
            continue
        if key in recorded:
            tally.statements[key], dropped = grounded(recorded[key], text, titles)
            tally.dropped += dropped
            tally.known += 1
        else:
            wanted[key] = (text, titles)
    return wanted


async def _judge_folder(
    client: Client,
    model: str,
    texts: Mapping[str, tuple[str, Mapping[str, str]]],
    file: BinaryIO,
    tally: _Tally,
    show: Callable[[], None],
) -> None:
    waiting = iter(texts.items())

    async def read() -> None:
        for key, (text, titles) in waiting:
            if tally.stopped or key in tally.statements:
                continue
            try:
                extraction, reply = await extract(client, text, titles)
            except BudgetError as error:
                tally.stopped = str(error)
                continue
            except EndpointError as error:
                _note_failure(error, tally)
                show()
                continue
            tally.lost, tally.asked = 0, tally.asked + 1
            tally.statements[key], dropped = grounded(extraction, text, titles)
            tally.dropped += dropped
            record = {
                "key": key, "judge": model, "endpoint": client.endpoint.name, "version": JUDGE_VERSION,
                "extraction": extraction.model_dump(mode="json"), "dropped": dropped, "tokens_in": reply.usage.tokens_in,
                "tokens_out": reply.usage.tokens_out, "cost": reply.usage.cost, "seconds": round(reply.seconds, 3),
                "time": datetime.now(UTC).isoformat(timespec="seconds"),
            }  # fmt: skip
            _append(file, record)
            show()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(client.endpoint.concurrency):
                group.create_task(read())
    except* SpatialMedError as errors:
        raise _first(errors) from None


def _first(group: BaseExceptionGroup[SpatialMedError]) -> SpatialMedError:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


def _note_failure(error: EndpointError, tally: _Tally) -> None:
    tally.failed += 1
    tally.lost = tally.lost + 1 if error.kind == "connection" else 0
    if error.kind in FATAL:
        tally.stopped = str(error)
    elif tally.lost >= LOST_IN_A_ROW:
        tally.stopped = f"the judge can't be reached any more: {error.what}"


def read_judged(folder: Path) -> dict[str, Extraction]:
    """Extraction key → what a judge gave; a torn or foreign line counts as not judged."""
    file = folder / JUDGED
    found: dict[str, Extraction] = {}
    if not file.exists():
        return found
    for line in file.read_bytes().splitlines():
        try:
            record: Any = json.loads(line)
            found[str(record["key"])] = Extraction.model_validate(record["extraction"])
        except (ValueError, KeyError, TypeError, ValidationError):
            continue
    return found


@contextmanager
def _open(folder: Path) -> Iterator[BinaryIO]:
    lock = FileLock(folder / ".judged.lock")
    try:
        lock.acquire(timeout=0.5)
    except Timeout:
        raise RunError("another program has this run judged now", where=folder, hint="Wait for it.") from None
    except OSError as error:
        raise RunError(f"can't be written ({error.strerror})", where=folder) from None
    try:
        with (folder / JUDGED).open("a+b") as file:
            if file.tell() and not _ends_a_line(file):
                file.write(b"\n")
            yield file
    except OSError as error:
        raise RunError(f"can't be written ({error.strerror})", where=folder / JUDGED) from None
    finally:
        lock.release()


def _ends_a_line(file: BinaryIO) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _append(file: BinaryIO, record: Mapping[str, Any]) -> None:
    file.write(
        json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
    )
    file.flush()
    os.fsync(file.fileno())
