"""Measurements as a table: one row per structure, in a file for pandas, a spreadsheet or a line-by-line reader."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.whole import write_whole, written_whole

FORMATS = (".parquet", ".csv", ".jsonl")
Row = dict[str, Any]


class TableError(SpatialMedError):
    """A table that can't be written."""


def flatten(calculator: str, value: Any) -> Row:
    """A measurement's value as table columns: one for a number or word, one per entry for anything else."""
    if isinstance(value, dict):
        return {
            k: v for key, inner in value.items() for k, v in flatten(f"{calculator}.{key}", inner).items()
        }
    if isinstance(value, list) and len(value) == 3 and all(isinstance(v, float) for v in value):
        return {f"{calculator}.{axis}": v for axis, v in zip("RAS", value, strict=True)}
    return {calculator: json.dumps(value) if isinstance(value, list) else value}


def check_table(out: Path) -> None:
    """Refuse, before anything is computed, a table that can't be written.

    Raises
    ------
    TableError
        If its kind is unknown or what writes it is not installed.
    """
    if out.suffix not in FORMATS:
        raise TableError(
            f"unknown kind of table {out.suffix!r}", where=out, hint=f"It must end with {', '.join(FORMATS)}."
        )
    if out.suffix == ".parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError:
            raise TableError(
                "Parquet needs pyarrow",
                where=out,
                hint="Install it with: pip install 'napari-spatialmed[cluster]', or write .csv.",
            ) from None


def write_lines(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as JSON lines in one step."""
    write_whole(path, "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows))


def read_lines(path: Path) -> list[Row]:
    """Rows of a file of JSON lines; none where there is no file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_table(out: Path, rows: list[Row]) -> None:
    """Write rows as ``.parquet``, ``.csv`` or ``.jsonl``, by the file's name, in one step."""
    if out.suffix == ".jsonl":
        write_lines(out, rows)
        return
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with written_whole(out) as beside:
        if out.suffix == ".csv":
            with beside.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, columns, restval="")
                writer.writeheader()
                writer.writerows({column: harmless(cell) for column, cell in row.items()} for row in rows)
        else:
            import pyarrow
            import pyarrow.parquet

            table = pyarrow.table({column: [row.get(column) for row in rows] for column in columns})
            pyarrow.parquet.write_table(table, beside)


def harmless(cell: object) -> object:
    """A cell for a table that may be opened in a spreadsheet: there a name that begins like a formula would run as one."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "@", "\t")) else cell
