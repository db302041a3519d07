"""Try to make a benchmark file lose something.

    python benchmarks/durability.py [--kills 1000] [--writers 4] [--events 250] [--folder DIR] [--only NAME]

Every trial prints what was tried and what was lost; the exit code is 1 if anything was.  Give `--folder` on the disk that
matters.  Killed programs show that what was acknowledged had left the program; only pulling the plug shows what the disk
does after fsync.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from napari_spatialmed import benchmark
from napari_spatialmed.benchmark import BenchmarkError, repair, verify_file
from napari_spatialmed.benchmark.repair import repair as repair_file
from napari_spatialmed.questions.model import AnswerKey, Question

WRITER = """
import sys
from napari_spatialmed import benchmark
opened = benchmark.open(sys.argv[1], actor=sys.argv[2])
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    opened.append("note", f"{sys.argv[2]} {number}")
"""


def question() -> Question:
    """Something to edit."""
    return Question(
        id="q-000000000001",
        case="case-000000000001",
        key=AnswerKey(task="DIST", form="dist.surface_value", structures=("liver", "spleen")),
        stem="How far apart are the liver and the spleen?",
        options=("10 mm", "20 mm", "40 mm", "80 mm"),
        answer="B",
        truth=20.0,
        unit="mm",
    )


def started(folder: Path, name: str, notes: int = 0) -> Path:
    """A benchmark with one question and some notes."""
    path = folder / f"{name}.spatialmed.jsonl"
    made = benchmark.create(path, actor="Anna")
    made.propose(question())
    for number in range(notes):
        made.append("note", f"note {number}")
    return path


def notes_in(path: Path) -> list[str]:
    """Texts of all notes."""
    return [event.payload.text for event in benchmark.read(path).state.notes]


def forget_witness(path: Path) -> None:
    """As if the file had come from another machine."""
    path.with_name(path.name + ".tip").unlink(missing_ok=True)


def kills(folder: Path, times: int) -> dict[str, int | float]:
    """Kill an editing program `times` times with SIGKILL, and look for every edit that it had acknowledged."""
    path = started(folder, "kills")
    rng = random.Random(0)
    torn = number = 0
    acknowledged: set[int] = set()
    for _ in range(times):
        said = _edit_until_killed(path, number, rng.uniform(0.001, 0.03))
        acknowledged |= said
        opened = benchmark.open(path, actor="checker")
        torn += any("torn" in notice for notice in opened.notices)
        number = max((e.clock for e in opened.state.events), default=0) + 1
    history = benchmark.read(path).state.questions[question().id].history
    written = {int(e.payload.new.split()[-1]) for e in history if e.kind == "question_edited"}
    return {
        "kills": times,
        "acknowledged": len(acknowledged),
        "torn_last_lines_set_aside": torn,
        "lost": len(acknowledged - written),
        "verified": verify_file(path).ok,
    }


def _edit_until_killed(path: Path, number: int, seconds: float) -> set[int]:
    """Edit in a process of its own, kill it after some time; returns the edits that it had acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            opened = benchmark.open(path, actor="Anna")
            os.write(writing, b"ready\n")
            while True:
                opened.edit(question().id, "rationale", f"edit {number}")
                os.write(writing, b"%d\n" % number)
                number += 1
        finally:
            os._exit(1)  # an error here must not run on as a second copy of this program
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        stream.readline()
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return {int(line) for line in stream.read().split()}


def truncation(folder: Path, notes: int, step: int = 1) -> dict[str, int]:
    """Cut the file at every byte: every whole line before the cut must be there, and the cut must be noticed."""
    path = started(folder, "truncated", notes)
    whole = path.read_bytes()
    tip = path.with_name(path.name + ".tip").read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == 10]
    lost = unseen = refused = 0
    for cut in range(len(whole) - 1, -1, -step):
        path.write_bytes(whole[:cut])
        path.with_name(path.name + ".tip").write_bytes(tip)
        unseen += _seems_fine(path)
        before = sum(end <= cut for end in ends)
        try:
            opened = benchmark.open(path, actor="checker")
        except BenchmarkError:
            refused += 1
            lost += before > 0
            continue
        lost += len(opened.state.events) < before
        unseen += not opened.notices
    return {
        "cuts": len(range(len(whole) - 1, -1, -step)),
        "lost_earlier_events": lost,
        "unseen": unseen,
        "refused": refused,
    }


def flips(folder: Path, notes: int, bits: int, step: int = 1) -> dict[str, int]:
    """Flip bits in every byte: it must be noticed, and repair must keep every other line."""
    path = started(folder, "flipped", notes)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    rng = random.Random(0)
    lost = unseen = trials = 0
    for place in range(len(whole) - 1, -1, -step):
        for bit in rng.sample(range(8), bits):
            trials += 1
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            _clean(path)
            path.write_bytes(bytes(damaged))
            unseen += _seems_fine(path)
            kept = {e.sha for e, _, _ in _after_repair(path)}
            hit = _line_of(lines, place)
            intact = {
                _sha(line)
                for i, line in enumerate(lines)
                if i not in (hit, hit + (damaged[place] != whole[place] and whole[place] == 10))
            }
            lost += bool(intact - kept)
    return {"flips": trials, "lost_other_lines": lost, "unseen": unseen}


def _clean(path: Path) -> None:
    for beside in path.parent.glob(path.name + ".*"):
        if not beside.name.endswith(".lock"):
            beside.unlink()


def _seems_fine(path: Path) -> bool:
    try:
        return verify_file(path).ok
    except BenchmarkError:
        return False


def _after_repair(path: Path) -> list[tuple]:
    from napari_spatialmed.benchmark.scan import scan

    repair_file(path)
    return scan(path).lines


def _line_of(lines: list[bytes], place: int) -> int:
    for number, line in enumerate(lines):
        if place < len(line):
            return number
        place -= len(line)
    raise IndexError(place)


def _sha(line: bytes) -> str:
    return json.loads(line)["sha"]


@contextmanager
def failing(call: str, at: int) -> Iterator[Callable[[], bool]]:
    """Let the `at`-th call of an operating-system function fail with an input/output error."""
    module, _, name = call.rpartition(".")
    owner = {"os": os}[module]
    true = getattr(owner, name)
    count = 0

    def wrapped(*arguments: object, **keywords: object) -> object:
        nonlocal count
        count += 1
        if count == at:
            raise OSError(5, "Input/output error (injected)")
        return true(*arguments, **keywords)

    with mock.patch.object(owner, name, wrapped):
        yield lambda: count >= at


class FailingStream:
    """A file whose `at`-th write or flush fails, half of the bytes being written before."""

    def __init__(self, stream: object, method: str, counter: list[int], at: int) -> None:
        self._stream, self._method, self._counter, self._at = stream, method, counter, at

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def __enter__(self) -> FailingStream:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()  # type: ignore[attr-defined]

    def _count(self, method: str) -> bool:
        if method == self._method:
            self._counter[0] += 1
        return method == self._method and self._counter[0] == self._at

    def write(self, data: bytes) -> int:
        if self._count("write"):
            self._stream.write(data[: len(data) // 2])  # type: ignore[attr-defined]
            raise OSError(5, "Input/output error (injected)")
        return self._stream.write(data)  # type: ignore[attr-defined,no-any-return]

    def flush(self) -> None:
        if self._count("flush"):
            raise OSError(5, "Input/output error (injected)")
        self._stream.flush()  # type: ignore[attr-defined]


@contextmanager
def failing_stream(method: str, at: int) -> Iterator[Callable[[], bool]]:
    """Let the `at`-th write or flush of a file of the benchmark fail."""
    counter = [0]
    true = Path.open

    def opened(path: Path, mode: str = "r", *arguments: object, **keywords: object) -> object:
        stream = true(path, mode, *arguments, **keywords)  # type: ignore[call-overload]
        writes = any(letter in mode for letter in "wax+")
        return FailingStream(stream, method, counter, at) if writes and "spatialmed" in path.name else stream

    with mock.patch.object(Path, "open", opened):
        yield lambda: counter[0] >= at


def injected_errors(folder: Path) -> dict[str, int]:
    """An error at each write, flush, fsync and rename of creating, appending, repairing and merging."""
    trials = lost = wrongly_acknowledged = tracebacks = 0
    makers: list[Callable[[int], object]] = [
        *(lambda at, m=m: failing_stream(m, at) for m in ("write", "flush")),  # type: ignore[misc]
        *(lambda at, c=c: failing(c, at) for c in ("os.fsync", "os.replace")),  # type: ignore[misc]
    ]
    for job in ("create", "append", "repair", "merge"):
        for which, make in enumerate(makers):
            for at in range(1, 10):
                place = folder / f"{job}-{which}-{at}"
                place.mkdir()
                path, before, act = _prepared(place, job)
                with make(at) as reached:  # type: ignore[attr-defined]
                    try:
                        act()
                        failed = False
                    except BenchmarkError:
                        failed = True
                    except OSError:
                        failed = True
                        tracebacks += 1
                    hit = reached()
                if not hit:
                    break
                trials += 1
                lost += bool(before - _still_there(path, place))
                if job == "append" and not failed:
                    wrongly_acknowledged += "new" not in notes_in(path)
    return {
        "errors": trials,
        "lost": lost,
        "wrongly_acknowledged": wrongly_acknowledged,
        "tracebacks": tracebacks,
    }


def _prepared(place: Path, job: str) -> tuple[Path, set[str], Callable[[], object]]:
    path = place / "x.spatialmed.jsonl"
    if job == "create":
        return path, set(), lambda: benchmark.create(path, actor="Anna")
    started(place, "x", 4)
    before = set(notes_in(path))
    if job == "append":
        opened = benchmark.open(path, actor="Anna")
        return path, before, lambda: opened.append("note", "new")
    if job == "repair":
        path.write_bytes(path.read_bytes().replace(b'"text":"note 1"', b'"text":"note X"'))
        return path, before - {"note 1"}, lambda: repair(path)
    other = started(place, "other", 2)
    return path, before, lambda: benchmark.merge([path, other], path)


def _still_there(path: Path, place: Path) -> set[str]:
    if not path.exists():
        return set()
    if _seems_fine(path):
        return set(notes_in(path))
    try:
        repair_file(path)
    except BenchmarkError:
        return set()
    return set(notes_in(path))


def disk_full(folder: Path, limit: int) -> dict[str, object]:
    """Write until a size limit stops it, as a full disk would: what was acknowledged stays, and it goes on when there is room."""
    path = started(folder, "full")
    program = (
        "import resource, sys\n"
        "from napari_spatialmed import benchmark\n"
        "opened = benchmark.open(sys.argv[1], actor='Anna')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))\n"
        "number = 0\n"
        "try:\n"
        "    while True:\n"
        "        opened.append('note', f'note {number}' + ' ' * 300)\n"
        "        number += 1\n"
        "except benchmark.BenchmarkError as error:\n"
        "    print(number); print(error.what)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(path), str(limit)], capture_output=True, text=True, check=True
    )
    acknowledged, message = run.stdout.strip().split("\n")
    found = len(notes_in(path))
    opened = benchmark.open(path, actor="Anna")
    opened.append("note", "there is room again")
    return {
        "acknowledged": int(acknowledged),
        "lost": int(acknowledged) - found,
        "message": message,
        "verified": verify_file(path).ok,
    }


def read_only(folder: Path) -> dict[str, object]:
    """A folder without the right to write: it opens, nothing is written, and the message says why."""
    place = folder / "readonly"
    place.mkdir()
    path = started(place, "x", 2)
    before = {p.name: p.read_bytes() for p in place.iterdir()}
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == os.getuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)
    for file in place.iterdir():
        file.chmod(0o444)
    place.chmod(0o555)
    program = (
        "import os, sys\n"
        "from napari_spatialmed import benchmark\n"
        "if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "opened = benchmark.open(sys.argv[1], actor='Anna')\n"
        "try: opened.append('note', 'x')\n"
        "except benchmark.BenchmarkError as error: print(error.what)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    place.chmod(0o755)
    return {
        "message": run.stdout.strip(),
        "unchanged": {p.name: p.read_bytes() for p in place.iterdir()} == before,
    }


def writers(folder: Path, count: int, events: int) -> dict[str, object]:
    """Several programs append to one file at the same time."""
    path = started(folder, "writers")
    children = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), f"writer {n}", str(events)],
            stdin=subprocess.PIPE,
            text=True,
        )
        for n in range(count)
    ]
    began = time.perf_counter()
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.close()
    failed = sum(child.wait() != 0 for child in children)
    seconds = time.perf_counter() - began
    wanted = {f"writer {n} {i}" for n in range(count) for i in range(events)}
    return {
        "writers": count, "events_each": events, "failed": failed, "lost": len(wanted - set(notes_in(path))),
        "seconds": round(seconds, 1), "verified": verify_file(path).ok,
    }  # fmt: skip


def clock_backwards(folder: Path) -> dict[str, object]:
    """Each event an hour before the last: the order stays that of writing."""
    from datetime import datetime, timedelta

    from napari_spatialmed.benchmark import lines

    path = started(folder, "clock")
    now = datetime(2026, 1, 1, 12)

    class Backwards(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            nonlocal now
            now -= timedelta(hours=1)
            return now.replace(tzinfo=tz)  # type: ignore[arg-type]

    with mock.patch.object(lines, "datetime", Backwards):
        opened = benchmark.open(path, actor="Anna")
        opened.review(question().id, 0)
        opened.edit(question().id, "stem", "How far?")
        opened.review(question().id, 2)
    times = [e.time for e in benchmark.read(path).state.events]
    state = benchmark.read(path).state.questions[question().id]
    copy = path.with_name("merged.spatialmed.jsonl")
    benchmark.merge([path], copy)
    right = state.scores == (2,) and state.revision == 2 and copy.read_bytes() == path.read_bytes()
    return {"times_went_back": times != sorted(times), "order_kept": right, "verified": verify_file(path).ok}


def trials(
    kill_count: int, writer_count: int, events: int, notes: int, bits: int
) -> dict[str, Callable[[Path], dict]]:
    """Every trial by name."""
    return {
        "kill -9": lambda folder: kills(folder, kill_count),
        "truncation at every byte": lambda folder: truncation(folder, notes),
        "flip in every byte": lambda folder: flips(folder, notes, bits),
        "injected errors": injected_errors,
        "disk full": lambda folder: disk_full(folder, 20_000),
        "read-only folder": read_only,
        "several writers": lambda folder: writers(folder, writer_count, events),
        "clock going backwards": clock_backwards,
    }


BAD_IF_NOT_ZERO = (
    "lost",
    "lost_earlier_events",
    "lost_other_lines",
    "unseen",
    "wrongly_acknowledged",
    "tracebacks",
    "failed",
)
BAD_IF_FALSE = ("verified", "unchanged", "order_kept", "message")


def is_bad(result: dict[str, object]) -> bool:
    """Whether a trial found something lost, unseen or unsaid."""
    return any(result.get(k) for k in BAD_IF_NOT_ZERO) or any(
        k in result and not result[k] for k in BAD_IF_FALSE
    )


def main() -> int:
    """Run the trials and print each result as a line of JSON."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--kills", type=int, default=1000)
    arguments.add_argument("--writers", type=int, default=4)
    arguments.add_argument("--events", type=int, default=250)
    arguments.add_argument("--notes", type=int, default=6, help="lines in the file that is cut and flipped")
    arguments.add_argument(
        "--bits", type=int, default=1, help="of the eight bits, how many are flipped in every byte"
    )
    arguments.add_argument("--folder", type=Path)
    arguments.add_argument("--only", help="one trial by name")
    given = arguments.parse_args()
    bad = False
    for name, trial in trials(given.kills, given.writers, given.events, given.notes, given.bits).items():
        if given.only in (None, name):
            with tempfile.TemporaryDirectory(dir=given.folder) as folder:
                result = trial(Path(folder))
            bad = bad or is_bad(result)
            print(json.dumps({"trial": name} | result | {"ok": not is_bad(result)}), flush=True)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
