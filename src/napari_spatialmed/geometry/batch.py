"""Many cases into one table: on this machine's processes or on a Dask cluster, resumable, no bad case in the way.

Each case's rows are written to a file of their own as they come, in a folder beside the table; what is there already is
not computed again.  The table is put together from those files.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from napari_spatialmed.case import Case, CaseFiles, Structure, UnknownStructureError, open_case
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry.case_geometry import CaseGeometry
from napari_spatialmed.geometry.registry import CALCULATORS, CALCULATORS_VERSION, measure
from napari_spatialmed.geometry.tables import Row, check_table, flatten, read_lines, write_lines, write_table

ATTEMPTS = 3
"""How often a case is tried whose worker died."""
MEASURED, MISSING = "measured", "not in this case"
"""A row's status: a structure that was asked for and isn't there has a row that says so."""
Progress = Callable[[int, int, str, str | None], None]
"""Called with cases done, cases in all, the case's key, and what went wrong."""


class BatchError(SpatialMedError):
    """A folder or cluster that can't be used."""


@dataclass
class Outcome:
    """What became of the cases: keys, and for the failed ones the reason.

    `missing` has, by structure that was asked for, the keys of the cases that don't hold it.
    """

    done: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)


def measure_case(
    files: CaseFiles, names: str | None, calculators: Sequence[str], wanted: Sequence[str]
) -> list[Row]:
    """One row per structure of a case; runs in a worker process.

    Parameters
    ----------
    wanted
        Structures' names; one that a case doesn't have gets a row with the status `MISSING`.  Empty for all.
    """
    case = open_case(files.labels, files.image, names=names or files.names)
    geometry = CaseGeometry(case)
    found = (
        [(s.name, s) for s in case.structures]
        if not wanted
        else [(name, _known(case, name)) for name in wanted]
    )
    if len(found) > 20:
        geometry.prepare()
    rows = []
    # A name on the disk need not be text in UTF-8; a table's cells are.
    file = os.fsencode(files.key).decode("utf-8", "replace")
    for name, structure in found:
        row: Row = {"case": case.id, "file": file, "label": None, "name": name, "status": MISSING}
        if structure is not None and structure.label in geometry.survey:
            row |= {"label": structure.label, "name": structure.name, "status": MEASURED}
            for calculator in calculators:
                row |= flatten(calculator, measure(geometry, calculator, structure.name).value)
        elif not wanted:
            continue
        rows.append(row)
    return rows


def _known(case: Case, name: str) -> Structure | None:
    try:
        return case[name]
    except UnknownStructureError:
        return None


def measure_many(
    cases: Sequence[CaseFiles],
    out: Path,
    *,
    names: str | None,
    calculators: Sequence[str],
    wanted: Sequence[str] = (),
    workers: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Measure many cases into one table.

    Parameters
    ----------
    out
        ``.parquet``, ``.csv`` or ``.jsonl``; written in one step at the end, with the rows of all cases that worked.
    workers
        Processes on this machine, unless `scheduler` is given.
    scheduler
        Address of a Dask scheduler.

    Raises
    ------
    BatchError
        If the folder can't be written to or the cluster not reached.
    TableError
        If no such table can be written.
    """
    check_table(out)
    parts = out.with_name(out.name + ".parts")
    try:
        parts.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise BatchError(
            f"can't write here: {problem.strerror}", where=out, hint="Choose another folder."
        ) from None
    outcome = Outcome()
    waiting: dict[str, tuple[CaseFiles, Path]] = {}
    for files in cases:
        part = parts / f"{_fingerprint(files, names, calculators, wanted)}.jsonl"
        if part.exists():
            outcome.resumed.append(files.key)
        else:
            waiting[files.key] = (files, part)
    total = len(cases)

    def finish(key: str, rows: list[Row] | None, problem: str | None) -> None:
        if rows is not None:
            write_lines(waiting[key][1], rows)
            outcome.done.append(key)
        else:
            outcome.failed[key] = problem or "unknown"
        if progress is not None:
            progress(len(outcome.done) + len(outcome.resumed) + len(outcome.failed), total, key, problem)

    arguments = {
        key: (files, names, tuple(calculators), tuple(wanted)) for key, (files, _) in waiting.items()
    }
    if scheduler is not None:
        _on_cluster(scheduler, arguments, finish)
    else:
        _on_processes(workers, arguments, finish)
    rows = [
        row
        for files in cases
        for row in read_lines(parts / f"{_fingerprint(files, names, calculators, wanted)}.jsonl")
    ]
    for row in rows:
        if row["status"] == MISSING:
            outcome.missing.setdefault(row["name"], []).append(row["file"])
    write_table(out, rows)
    if not outcome.failed:
        shutil.rmtree(parts)
    return outcome


def _on_processes(workers: int, arguments: dict[str, tuple[Any, ...]], finish: Callable[..., None]) -> None:
    """A pool of processes; one that dies is replaced, and its cases are tried again."""
    left = dict(arguments)
    deaths = dict.fromkeys(arguments, 0)
    while left:
        # A broken pool doesn't say whose fault it was: all are tried again, and after that one by one.
        alone = any(deaths[key] > 1 for key in left)
        batch = dict(list(left.items())[:1]) if alone else dict(left)
        with ProcessPoolExecutor(
            max_workers=1 if alone else workers, mp_context=get_context("spawn")
        ) as pool:
            running = {pool.submit(measure_case, *given): key for key, given in batch.items()}
            for future in as_completed(running):
                key = running[future]
                problem: BaseException | None = future.exception()
                if isinstance(problem, BrokenProcessPool):
                    deaths[key] += 1
                    if deaths[key] < ATTEMPTS:
                        continue
                    problem = BatchError(
                        "its worker process died", hint="It may need more memory than there is."
                    )
                del left[key]
                finish(key, None if problem else future.result(), _told(problem))


def _on_cluster(scheduler: str, arguments: dict[str, tuple[Any, ...]], finish: Callable[..., None]) -> None:
    """Dask reruns what a lost worker was doing, on another."""
    try:
        import distributed
    except ImportError:
        raise BatchError(
            "Dask isn't installed", hint="Install it with: pip install 'napari-spatialmed[cluster]'."
        ) from None
    try:
        client = distributed.Client(scheduler, timeout=20)
    except (OSError, TimeoutError, ValueError) as problem:
        raise BatchError(
            f"no Dask scheduler answers: {problem}", where=scheduler, hint="Check the address."
        ) from None
    with client:
        running = {
            client.submit(measure_case, *given, pure=False, retries=0): key
            for key, given in arguments.items()
        }
        for future in distributed.as_completed(list(running)):
            failure = future.exception()
            finish(running[future], None if failure else future.result(), _told(failure))


def _told(problem: BaseException | None) -> str | None:
    if problem is None:
        return None
    return str(problem) if isinstance(problem, SpatialMedError) else f"{type(problem).__name__}: {problem}"


def _fingerprint(
    files: CaseFiles, names: str | None, calculators: Sequence[str], wanted: Sequence[str]
) -> str:
    """Changes with the files, the settings and the calculators' version."""
    stamps = []
    for path in (files.labels, files.image):
        if path is not None and Path(path).exists():
            found = Path(path).stat()
            stamps.append([str(Path(path).resolve()), found.st_size, found.st_mtime_ns])
        else:
            stamps.append([str(path), 0, 0])
    identity = [
        "rows with a status",
        stamps,
        names or files.names,
        list(calculators),
        list(wanted),
        CALCULATORS_VERSION,
    ]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:24]


def table_calculators(names: Sequence[str]) -> tuple[str, ...]:
    """Calculators of one structure among `names`: the ones a table of structures can hold."""
    return tuple(name for name in names if CALCULATORS[name].scope == "structure")
