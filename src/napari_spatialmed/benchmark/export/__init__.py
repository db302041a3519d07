"""A benchmark in the formats that others read; all of it can be thrown away and written again from the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from napari_spatialmed.benchmark.agreement import agreement
from napari_spatialmed.benchmark.errors import BenchmarkError
from napari_spatialmed.benchmark.export.folder import export_folder, write_files
from napari_spatialmed.benchmark.export.harnesses import write_inspect, write_lmms, write_vlmeval
from napari_spatialmed.benchmark.export.huggingface import write_huggingface
from napari_spatialmed.benchmark.export.items import DEFAULT_SPLITS, Pictures, collect
from napari_spatialmed.benchmark.export.tables import write_csv, write_jsonl
from napari_spatialmed.benchmark.scan import in_order, scan
from napari_spatialmed.benchmark.state import State
from napari_spatialmed.benchmark.storage import files_of
from napari_spatialmed.questions import audit

Format = Literal["hf", "jsonl", "csv", "inspect", "vlmeval", "lmms"]
FORMATS: tuple[Format, ...] = get_args(Format)
HISTORY = "history.spatialmed.jsonl"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and how many questions of each split are in it."""

    folder: Path
    kept: int
    set_aside: int
    pictures: int
    splits: Mapping[str, int]


def export(
    benchmark: str | Path,
    out: str | Path,
    format: Format,
    *,
    pictures: Pictures | None = None,
    splits: Mapping[str, float] = DEFAULT_SPLITS,
    scoring: Mapping[str, str] | None = None,
    license: str | None = None,
    recomputed: int | None = None,
) -> Exported:
    """Write the kept questions of a benchmark as a folder.

    The same journal gives the same bytes.  An earlier export in `out` is replaced; anything else there is left alone.

    Parameters
    ----------
    benchmark
        The file, or folder of files; damage in it is an error.
    pictures
        Renders a question's PNGs; without it the export has none and says so in its rows.
    splits
        Share of the patients in each.
    scoring
        File name → source of the scoring code that goes with a harness's task; needed for ``inspect`` and ``lmms``.
    license
        Identifier of the licence, for the card.
    recomputed
        How many of the kept answers were just computed again from the labels and agreed (rule G2), for the card.

    Raises
    ------
    BenchmarkError
        If it can't be read or written, or the format is unknown.
    """
    if format not in FORMATS:
        raise BenchmarkError(f"no export format {format!r}", hint=f"There are: {', '.join(FORMATS)}.")
    lines = []
    for file in files_of([Path(benchmark)]):
        found = scan(file)
        broken = [(d.line, d.reason) for d in found.damaged] + [
            (n, what) for n, _, what in found.broken_links()
        ]
        if broken:
            number, what = broken[0]
            raise BenchmarkError(
                f"line {number} is damaged: {what}", where=file, hint="Run `spatialmed repair` first."
            )
        lines += found.lines
    ordered = in_order(lines)
    state = State(event for event, _ in ordered)
    items = collect(state, splits, pictures)
    with export_folder(Path(out)) as folder:
        if format == "hf":
            audited = audit([q.question for q in state.questions.values() if q.status == "kept"])
            write_huggingface(
                folder,
                state,
                items,
                state.funnel(),
                agreement(state),
                audited,
                license=license,
                recomputed=recomputed,
            )
        elif format == "jsonl":
            write_jsonl(folder, items)
        elif format == "csv":
            write_csv(folder, items)
        elif format == "inspect":
            write_inspect(folder, items, scoring)
        elif format == "vlmeval":
            write_vlmeval(folder, items)
        else:
            write_lmms(folder, items, scoring)
        if format in ("hf", "jsonl", "csv"):
            write_files(folder, {HISTORY: b"".join(line + b"\n" for _, line in ordered)})
    counts: dict[str, int] = {}
    for row in items.kept:
        counts[row["split"]] = counts.get(row["split"], 0) + 1
    return Exported(
        Path(out), len(items.kept), len(items.set_aside), len(items.pictures), dict(sorted(counts.items()))
    )
