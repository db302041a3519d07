"""What stands beside the data: the keep rule, the funnel, the agreement, the audits and the versions, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from napari_spatialmed import __version__
from napari_spatialmed.benchmark.agreement import Agreement, Alpha
from napari_spatialmed.benchmark.events import SCHEMA_VERSION
from napari_spatialmed.benchmark.export.items import Items
from napari_spatialmed.benchmark.funnel import STAGES, Funnel, FunnelRow
from napari_spatialmed.benchmark.keep_rule import KEEP_RULE
from napari_spatialmed.benchmark.state import State
from napari_spatialmed.geometry.registry import CALCULATORS_VERSION
from napari_spatialmed.questions import Audit, Verdict


def card_body(
    state: State, items: Items, funnel: Funnel, agreed: Agreement, audited: Audit, recomputed: int | None
) -> str:
    """The card's text in Markdown."""
    patients = {name: len({r["patient"] for r in rows}) for name, rows in by_split(items.kept).items()}
    splits = [[name, len(rows), patients[name]] for name, rows in by_split(items.kept).items()]
    parts = [
        f"# {title_of(state)}",
        "Spatial questions about labelled CT and MR scans. Every answer was computed from the labels and carries the recipe "
        "(`key`) from which anyone who has the scans can compute it again. Made with napari-spatialmed. "
        "For research only; not a medical device.",
        "## Splits",
        "Whole patients, never divided between splits.",
        _table(["split", "questions", "patients"], splits),
        "## Tasks",
        _table(
            ["task", "questions"], [[t, n] for t, n in sorted(Counter(r["task"] for r in items.kept).items())]
        ),
        "## How questions were chosen",
        f"Keep rule: {KEEP_RULE}.",
        _funnel_table(funnel),
        f"The {len(items.set_aside)} questions that were not kept are in the `set_aside` table, each with its reason.",
        "## Agreement of the reviewers",
        "Krippendorff's α for ordinal scores, on the present texts, with a 95 % bootstrap interval.",
        _agreement_table(agreed),
        "## Audit of the corpus",
        "\n".join(f"- {_verdict(v)}" for v in audited.verdicts),
        "## Versions",
        f"napari-spatialmed {__version__}, journal schema {SCHEMA_VERSION}, calculators {CALCULATORS_VERSION}.",
        "## Checking it",
        f"At this export {recomputed or 0} of {len(items.kept)} answers were computed again from the labels, and agreed.",
        "`history.spatialmed.jsonl` is the journal with every edit, verdict and review. With the label maps at hand, "
        "`spatialmed verify history.spatialmed.jsonl --cases FOLDER` recomputes every answer. `SHA256SUMS` lists every file.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def title_of(state: State) -> str:
    """The benchmark's title, or a plain one."""
    return state.title or "Spatial questions from labelled scans"


def by_split(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Rows of each split, splits by name."""
    result: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        result.setdefault(row["split"], []).append(row)
    return dict(sorted(result.items()))


def _verdict(verdict: Verdict) -> str:
    word = {True: "passed", False: "failed", None: "not judged"}[verdict.passed]
    return f"{verdict.rule} {word}: {verdict.reason}"


def _funnel_table(funnel: Funnel) -> str:
    def cells(name: str, row: FunnelRow) -> list[Any]:
        return [name, row.proposed, *(getattr(row, stage) for stage in STAGES)]

    rows = [cells(task, row) for task, row in funnel.tasks.items()] + [cells("all", funnel.total)]
    headings = [
        "rejected: rules",
        "rejected: validator",
        "rejected: blind panel",
        "withdrawn",
        "waiting",
        "dropped",
        "kept",
    ]
    return _table(["task", "proposed", *headings], rows)


def _agreement_table(agreed: Agreement) -> str:
    rows = [["all", *_alpha_cells(agreed.overall)]]
    rows += [[task, *_alpha_cells(alpha)] for task, alpha in agreed.tasks.items()]
    rows += [[f"{a} × {b}", *_alpha_cells(alpha)] for (a, b), alpha in agreed.pairs.items()]
    return _table(["", "α", "95 %", "raw", "questions used", "left out"], rows)


def _alpha_cells(alpha: Alpha) -> list[Any]:
    value = f"undefined: {alpha.why}" if alpha.value is None else f"{alpha.value:.3f}"
    interval = "" if alpha.low is None or alpha.high is None else f"{alpha.low:.3f} to {alpha.high:.3f}"
    return [value, interval, "" if alpha.raw is None else f"{alpha.raw:.3f}", alpha.n_used, alpha.n_left_out]


def _table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
