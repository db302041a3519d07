"""The Report dock's further tables: differences between models, and what kinds of mistakes they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from napari_spatialmed.evaluation.faithfulness import ERROR_CLASSES
from napari_spatialmed.evaluation.report import mistakes, tables
from napari_spatialmed.evaluation.results import Items, ModelResult


@dataclass(frozen=True, slots=True)
class DetailTable:
    """A title, a line that explains, a header, and rows of text."""

    title: str
    note: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def detail_tables(items: Items, models: Sequence[ModelResult]) -> tuple[DetailTable, ...]:
    """The same numbers as the page's, each table only where there is something in it."""
    found = (
        _differences(items, models),
        _numbers(items, models),
        _positions(items, models),
        _explanations(items, models),
        _errors(items, models),
    )
    return tuple(table for table in found if table.rows)


def _differences(items: Items, models: Sequence[ModelResult]) -> DetailTable:
    rows = tuple(
        (
            d.first,
            d.second,
            _signed(d.difference),
            f"{_signed(d.low)} to {_signed(d.high)}",
            f"{d.p_holm:.4f}",
        )
        for d in tables.paired_differences(items, models)
    )
    note = "AVG of the first minus AVG of the second, by question and patient; p corrected by Holm."
    return DetailTable(
        "Differences between models",
        note,
        ("First", "Second", "Difference", "95 % interval", "p (Holm)"),
        rows,
    )


def _numbers(items: Items, models: Sequence[ModelResult]) -> DetailTable:
    rows = tuple(
        (str(row["model"]), f"{row['read']}/{row['n']}", _percent(row["median"]), _signed(row["bias"]))
        for row in mistakes.numeric_errors(items, models)
        if row["n"]
    )
    note = "Median of |answer − truth| / truth in percent, and the median with its sign: below 0 is underestimated."
    return DetailTable("Numbers", note, ("Model", "Read", "Median error", "Bias"), rows)


def _positions(items: Items, models: Sequence[ModelResult]) -> DetailTable:
    letters, bias = mistakes.position_bias(items, models)
    rows = tuple((str(row["model"]), *map(_percent, row["shares"]), str(row["n"])) for row in bias)
    note = "Share of each letter among the right answers and those a model chose. One that looks has no favourite."
    return DetailTable("Positions of the options", note, ("", *letters, "n"), rows if letters else ())


def _explanations(items: Items, models: Sequence[ModelResult]) -> DetailTable:
    cells = ("right right", "right wrong", "wrong right", "wrong wrong")
    rows = tuple(
        (str(row["model"]), f"{row['n']}/{len(items)}", *(_percent(row[cell]) for cell in cells))
        for row in mistakes.explanations(items, models)
    )
    note = "Answer and explanation, right (✓) or wrong (✗): shares of those whose explanation has a checkable claim."
    return DetailTable(
        "Right for the right reason?", note, ("Model", "Checked", "✓ ✓", "✓ ✗", "✗ ✓", "✗ ✗"), rows
    )


def _errors(items: Items, models: Sequence[ModelResult]) -> DetailTable:
    rows = tuple(
        (str(row["task"]), *(str(row[name]) for name in ERROR_CLASSES))
        for row in mistakes.error_taxonomy(items, models)
    )
    note = "Of all models together; a curator's choice replaces the machine's."
    return DetailTable("Kinds of error", note, ("Task", *ERROR_CLASSES), rows)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"


def _signed(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:+.1f}"
