"""Unite benchmark files: the union of their events, in the order of their clocks.

A union of sets sorted by a fixed key is commutative, associative and idempotent, so it doesn't matter who merges what
first, or how often.  Lines are copied byte for byte: every chain stays whole.  Two edits of one text come out as a
conflict, which a person settles.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from napari_spatialmed.benchmark.disk import check_name, write_whole
from napari_spatialmed.benchmark.errors import BenchmarkError, DamagedError
from napari_spatialmed.benchmark.journal import Journal
from napari_spatialmed.benchmark.scan import in_order, scan
from napari_spatialmed.benchmark.state import State
from napari_spatialmed.benchmark.storage import files_of


@dataclass(frozen=True, slots=True)
class Merged:
    """What came out.

    Attributes
    ----------
    files
        (file, its events, how many of them no file before it held).
    events, questions
        In the result.
    conflicts
        Questions whose text was edited on both sides.
    benchmarks
        How many benchmarks were begun separately; more than one may be a mistake.
    notices
        What was left out.
    """

    files: tuple[tuple[Path, int, int], ...]
    events: int
    questions: int
    conflicts: tuple[str, ...]
    benchmarks: int
    notices: tuple[str, ...]


def merge(paths: Sequence[str | Path], out: str | Path) -> Merged:
    """Unite files (or folders of files) into `out`, which appears whole or not at all.

    Raises
    ------
    BenchmarkError
        If an input is missing or damaged, `out` exists and isn't one of the inputs, or is to be made under a name that
        doesn't end in .spatialmed.jsonl.
    """
    target = Path(out)
    files = files_of([Path(p) for p in paths])
    if not files:
        raise BenchmarkError("nothing to merge", hint="Name at least one file.")
    into_input = target.exists() and any(f.samefile(target) for f in files)
    if target.exists() and not into_input:
        raise BenchmarkError(
            "there is already a file of this name",
            where=target,
            hint="Name it among the inputs as well, or choose another.",
        )
    if not into_input:
        check_name(target)
    with Journal(target).locked() if into_input else nullcontext():
        lines = []
        counts = []
        notices = []
        seen: set[str] = set()
        for path in files:
            found = scan(path)
            if found.newer:
                number, reason = found.newer[0]
                raise BenchmarkError(f"line {number}: {reason}", where=path, hint="Update spatialmed first.")
            broken = [(d.line, d.reason) for d in found.damaged] + [
                (n, what) for n, _, what in found.broken_links()
            ]
            if broken:
                raise DamagedError(broken[0][1], where=str(path), line=broken[0][0])
            if found.torn:
                notices.append(f"{path.name}: its torn last line ({len(found.torn)} bytes) was left out")
            ids = {event.id for event, _, _ in found.lines}
            counts.append((path, len(ids), len(ids - seen)))
            seen |= ids
            lines += found.lines
        ordered = in_order(lines)
        write_whole(target, b"".join(line + b"\n" for _, line in ordered))
    state = State(event for event, _ in ordered)
    return Merged(
        tuple(counts),
        len(ordered),
        len(state.questions),
        tuple(q.id for q in state.questions.values() if q.conflict),
        sum(event.kind == "benchmark_created" and event.clock == 1 for event, _ in ordered),
        tuple(notices),
    )
