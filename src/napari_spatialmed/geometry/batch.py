"""Many cases into one table: on this machine's processes or on a Dask cluster, resumable, no bad case in the way.

Each case's rows are written to a file of their own as they come, in a folder beside the table; what is there already is
not computed again.  The table is put together from those files.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from napari_spatialmed.case import CaseFiles, open_case
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry.case_geometry import CaseGeometry
from napari_spatialmed.geometry.registry import CALCULATORS, CALCULATORS_VERSION, measure

FORMATS = (".parquet", ".csv", ".jsonl")
ATTEMPTS = 3
"""How often a case is tried whose worker died."""
Row = dict[str, Any]
Progress = Callable[[int, int, str, str | None], None]
"""Called with cases done, cases in all, the case's key, and what went wrong."""


class BatchError(SpatialMedError):
    """A table or cluster that can't be used."""


@dataclass
class Outcome:
    """What became of the cases: keys, and for the failed ones the reason."""

    done: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def flatten(calculator: str, value: Any) -> Row:
    """A measurement's value as table columns: one for a number or word, one per entry for anything else."""
    if isinstance(value, dict):
        return {
            k: v for key, inner in value.items() for k, v in flatten(f"{calculator}.{key}", inner).items()
        }
    if isinstance(value, list) and len(value) == 3 and all(isinstance(v, float) for v in value):
        return {f"{calculator}.{axis}": v for axis, v in zip("RAS", value, strict=True)}
    return {calculator: json.dumps(value) if isinstance(value, list) else value}


def measure_case(
    files: CaseFiles, names: str | None, calculators: Sequence[str], wanted: Sequence[str]
) -> list[Row]:
    """One row per structure of a case; runs in a worker process.

    Parameters
    ----------
    wanted
        Structures' names; those a case doesn't have are left out.  Empty for all.
    """
    case = open_case(files.labels, files.image, names=names or files.names)
    geometry = CaseGeometry(case)
    chosen = [s for s in case.structures if s.label in geometry.survey and (not wanted or s.name in wanted)]
    if len(chosen) > 20:
        geometry.prepare()
    rows = []
    for structure in chosen:
        row: Row = {"case": case.id, "file": files.key, "label": structure.label, "name": structure.name}
        for name in calculators:
            row |= flatten(name, measure(geometry, name, structure.name).value)
        rows.append(row)
    return rows


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
        If the table can't be written or the cluster not reached.
    """
    _check_table(out)
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
            _write_lines(waiting[key][1], rows)
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
        for row in _read_lines(parts / f"{_fingerprint(files, names, calculators, wanted)}.jsonl")
    ]
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
    identity = [stamps, names or files.names, list(calculators), list(wanted), CALCULATORS_VERSION]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:24]


def _check_table(out: Path) -> None:
    if out.suffix not in FORMATS:
        raise BatchError(
            f"unknown kind of table {out.suffix!r}", where=out, hint=f"It must end with {', '.join(FORMATS)}."
        )
    if out.suffix == ".parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError:
            raise BatchError(
                "Parquet needs pyarrow",
                where=out,
                hint="Install it with: pip install 'napari-spatialmed[cluster]', or write .csv.",
            ) from None


def _write_lines(path: Path, rows: Iterable[Row]) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text("".join(json.dumps(row, allow_nan=False) + "\n" for row in rows), encoding="utf-8")
    os.replace(temporary, path)


def _read_lines(path: Path) -> list[Row]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_table(out: Path, rows: list[Row]) -> None:
    """Write rows as ``.parquet``, ``.csv`` or ``.jsonl``, by the file's name, in one step."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    temporary = out.with_name(out.name + ".tmp")
    if out.suffix == ".jsonl":
        _write_lines(out, rows)
        return
    if out.suffix == ".csv":
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
    else:
        import pyarrow
        import pyarrow.parquet

        table = pyarrow.table({column: [row.get(column) for row in rows] for column in columns})
        pyarrow.parquet.write_table(table, temporary)
    os.replace(temporary, out)


def table_calculators(names: Sequence[str]) -> tuple[str, ...]:
    """Calculators of one structure among `names`: the ones a table of structures can hold."""
    return tuple(name for name in names if CALCULATORS[name].scope == "structure")
