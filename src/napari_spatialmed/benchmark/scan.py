"""Read a journal that may be damaged: every line that can still be trusted, and what is wrong with the rest.

`Journal` stops at the first damaged line, because it is about to write; here nothing is written, so `verify`, `repair`
and `merge` see the whole file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from napari_spatialmed.benchmark.disk import cannot_read
from napari_spatialmed.benchmark.errors import BenchmarkError, NotABenchmarkError
from napari_spatialmed.benchmark.events import Event
from napari_spatialmed.benchmark.lines import line_is_intact, parse_line, unwrapped


@dataclass(frozen=True, slots=True)
class Damage:
    """A line that can't be trusted, with its bytes as found."""

    line: int
    data: bytes
    reason: str


@dataclass(slots=True)
class Scan:
    """What a file holds.

    Attributes
    ----------
    lines
        (event, bytes without line end, line number) of every intact line, in the file's order.
    damaged
        The others.
    torn
        Bytes after the last line end that are no whole event.
    newer
        Intact lines that only a later version can read: (line number, reason).
    open_end
        Whether the last line has lost its line end.
    """

    lines: list[tuple[Event, bytes, int]] = field(default_factory=list)
    damaged: list[Damage] = field(default_factory=list)
    torn: bytes = b""
    newer: list[tuple[int, str]] = field(default_factory=list)
    open_end: bool = False

    def broken_links(self) -> list[tuple[int, str, str]]:
        """Where a line refers to one that doesn't stand above it: (line number, hash, what is wrong)."""
        forgiven = {
            sha for event, _, _ in self.lines if event.kind == "repaired" for sha in event.payload.missing
        }
        everywhere = {event.sha for event, _, _ in self.lines}
        above: set[str] = set()
        heads: dict[str, str] = {}
        found = []
        for event, _, number in self.lines:
            for sha, role in (
                (event.prev, "the event before it of its writer"),
                (event.after, "the line it was written after"),
            ):
                if sha is not None and sha not in above and sha not in forgiven:
                    found.append(
                        (number, sha, f"{role} {'stands below it' if sha in everywhere else 'is missing'}")
                    )
                    break
            else:
                if event.sha in above:
                    found.append((number, event.sha, "the same event stands above it"))
                elif event.prev is None and event.writer in heads:
                    found.append((number, heads[event.writer], "its writer began twice"))
            above.add(event.sha)
            heads[event.writer] = event.sha
        return found


def scan(path: Path) -> Scan:
    """Read every line of a benchmark file.

    Raises
    ------
    NotABenchmarkError
        If not one line is an event.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise cannot_read(path, error) from error
    lines = data.split(b"\n")
    rest = lines.pop()
    result = Scan()
    result.open_end = line_is_intact(rest)
    if result.open_end or (rest and line_is_intact(rest[:-1])):
        lines.append(rest)
    else:
        result.torn = rest
    for number, line in enumerate(lines, start=1):
        _take(result, number, line)
    rescuable = any(line_is_intact(unwrapped(damage.data)) for damage in result.damaged)
    if not result.lines and not result.newer and not rescuable:
        raise NotABenchmarkError(
            "this is not a benchmark file",
            where=path,
            hint="`spatialmed import` reads questions of other formats.",
        )
    return result


def _take(result: Scan, number: int, line: bytes) -> None:
    if not line_is_intact(line):
        altered = line_is_intact(unwrapped(line))
        reason = (
            "its line end or beginning was changed by another program"
            if altered
            else "its hash does not fit its bytes"
        )
        result.damaged.append(Damage(number, line, reason))
        return
    try:
        result.lines.append((parse_line(line), line, number))
    except ValueError as error:
        result.newer.append((number, str(error)))


def in_order(lines: Iterable[tuple[Event, bytes, int]]) -> list[tuple[Event, bytes]]:
    """Lines of any number of files, each once, in the order of their clocks.

    Raises
    ------
    BenchmarkError
        If two different events carry one id: somebody altered a file and sealed it anew.
    """
    by_id: dict[str, tuple[Event, bytes]] = {}
    for event, line, _ in lines:
        held = by_id.setdefault(event.id, (event, line))
        if held[0].sha != event.sha:
            raise BenchmarkError(
                f"two different events are called {event.id}",
                hint="One of the files was altered by hand; leave it out.",
            )
    return sorted(by_id.values(), key=lambda item: item[0].order)
