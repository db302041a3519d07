"""Make a damaged benchmark usable: what can't be trusted is set aside, nothing is thrown away, and the journal says so."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_spatialmed.benchmark.disk import put_in_quarantine, write_whole
from napari_spatialmed.benchmark.errors import BenchmarkError
from napari_spatialmed.benchmark.events import Event, LineSetAside, Repaired
from napari_spatialmed.benchmark.journal import Journal
from napari_spatialmed.benchmark.lines import line_is_intact, parse_line, seal, unwrapped
from napari_spatialmed.benchmark.scan import Damage, Scan, in_order, scan


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done.

    Attributes
    ----------
    events
        How many stand.
    set_aside
        Damaged lines, now in `quarantine`; a torn last line is among them.
    rescued
        How many of them only had their line end or beginning changed, and stand again.
    missing
        Lines that others refer to and that nobody has.
    original
        Untouched copy of the file as it was; None if there was nothing to repair.
    """

    path: Path
    events: int
    set_aside: tuple[Damage, ...]
    rescued: int
    missing: int
    quarantine: Path
    original: Path | None


def repair(path: str | Path, *, actor: str = "spatialmed repair") -> Repair:
    """Set damaged lines aside and let the rest stand.

    The damaged bytes go to ``NAME.quarantine``, a copy of the whole file to ``NAME.damaged``, and a `repaired` event at
    the end names the lines and the hashes that are missing from the chain.

    Raises
    ------
    BenchmarkError
        If it can't be written, or a later version wrote it.
    """
    file = Path(path)
    journal = Journal(file)
    scan(file)  # a missing file or one of another kind is refused before anything is made beside it
    with journal.locked():
        found = scan(file)
        if found.newer:
            number, reason = found.newer[0]
            raise BenchmarkError(
                f"line {number}: {reason}", where=file, hint="Update spatialmed first; this is not damage."
            )
        rescued = [
            (parse_line(clean), clean, d.line)
            for d in found.damaged
            if line_is_intact(clean := unwrapped(d.data))
        ]
        kept = in_order([*found.lines, *rescued])
        missing = _missing(kept, journal)
        aside = list(found.damaged)
        if found.torn:
            aside.append(Damage(len(found.lines) + len(found.damaged) + 1, found.torn, "torn last line"))
        in_place = [line for _, line in kept] == [line for _, line, _ in found.lines]
        if not aside and not missing and in_place:
            return Repair(file, len(kept), (), 0, 0, journal.quarantine, None)
        original = _keep_original(file)
        for damage in aside:
            _set_aside(journal.quarantine, damage)
        write_whole(file, b"".join(line + b"\n" for _, line in kept) + _account(kept, aside, missing, actor))
    return Repair(file, len(kept) + 1, tuple(aside), len(rescued), len(missing), journal.quarantine, original)


def _missing(kept: Sequence[tuple[Event, bytes]], journal: Journal) -> list[str]:
    lines = [(event, line, number) for number, (event, line) in enumerate(kept, start=1)]
    missing = {sha for _, sha, _ in Scan(lines=lines).broken_links()}
    for event, _ in kept:  # a line that lost both its neighbours names both
        missing.update(sha for sha in (event.prev, event.after) if sha is not None)
    tip = journal.tip_sha()
    if tip is not None:
        missing.add(tip)
    missing -= {event.sha for event, _ in kept}
    missing -= {sha for event, _ in kept if event.kind == "repaired" for sha in event.payload.missing}
    return sorted(missing)


def _account(
    kept: Sequence[tuple[Event, bytes]], aside: Sequence[Damage], missing: Sequence[str], actor: str
) -> bytes:
    payload = Repaired(
        lines=tuple(
            LineSetAside(line=d.line, sha256=hashlib.sha256(d.data).hexdigest(), reason=d.reason)
            for d in aside
        ),
        missing=tuple(missing),
    )
    last = kept[-1][0]
    clock = 1 + max(event.clock for event, _ in kept)
    line, _ = seal(
        "repaired",
        payload,
        writer=secrets.token_hex(5),
        seq=1,
        clock=clock,
        prev=None,
        after=last.sha,
        actor=actor,
    )
    return line


def _keep_original(file: Path) -> Path:
    number = 1
    while (copy := file.with_name(f"{file.name}.damaged" + ("" if number == 1 else f"-{number}"))).exists():
        number += 1
    try:
        shutil.copyfile(file, copy)
    except OSError as error:
        raise BenchmarkError(
            f"a copy of the damaged file cannot be kept ({error.strerror})",
            where=copy,
            hint="Nothing was changed.",
        ) from error
    return copy


def _set_aside(quarantine: Path, damage: Damage) -> None:
    try:
        put_in_quarantine(quarantine, damage.line, damage.data, damage.reason)
    except OSError as error:
        raise BenchmarkError(
            f"damaged lines cannot be set aside ({error.strerror})",
            where=quarantine,
            hint="The benchmark was not changed.",
        ) from error
