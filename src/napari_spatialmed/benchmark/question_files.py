"""Files of questions from elsewhere, read row by row: JSON, JSON Lines, CSV and Parquet; `importing` makes questions of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from napari_spatialmed.benchmark.disk import cannot_read
from napari_spatialmed.benchmark.errors import BenchmarkError

_LONGEST_CELL = 1 << 24
"""Characters of a CSV cell: what a question went through, with passages and replies, takes more than csv's 128 KiB."""


def rows_of(path: Path) -> Iterator[Mapping[str, Any]]:
    """The file's rows as they stand; whether each is a question is for the caller to say.

    Raises
    ------
    BenchmarkError
        If the file can't be read, or isn't of a format known here.
    """
    kind = path.suffix.casefold()
    if path.name.casefold().endswith(".spatialmed.jsonl"):
        raise BenchmarkError(
            "this is a benchmark itself", where=path, hint="Unite it with `spatialmed merge`."
        )
    if kind == ".parquet":
        yield from _parquet_rows(path)
        return
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise cannot_read(path, error) from error
    except UnicodeDecodeError:
        raise BenchmarkError(
            "this is not a text in UTF-8", where=path, hint="Save it as UTF-8 and try again."
        ) from None
    if kind == ".csv":
        yield from _csv_rows(text, path)
    elif kind == ".jsonl":
        # Not splitlines: a text may hold other line separators, such as U+2028.
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                yield _json(line, path, number)
    elif kind == ".json":
        data = _json(text, path, 1)
        if isinstance(data, dict):
            data = next(
                (data[k] for k in ("questions", "data", "items") if isinstance(data.get(k), list)), [data]
            )
        if not isinstance(data, list):
            raise BenchmarkError(
                "it holds no list of questions", where=path, hint="Write [{…}, {…}], one object a question."
            )
        yield from data
    else:
        raise BenchmarkError(
            f"questions can't be imported from a {kind or 'nameless'} file",
            where=path,
            hint="Use .json, .jsonl, .csv or .parquet.",
        )


def _csv_rows(text: str, path: Path) -> list[dict[str, Any]]:
    """Rows of a table whose columns are parted by commas, semicolons (as spreadsheets write them in much of Europe) or tabs."""
    separator = max(",;\t", key=text.partition("\n")[0].count)
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise BenchmarkError(
            f"it cannot be read as CSV ({error})", where=path, hint="Check the file. Nothing was imported."
        ) from None
    finally:
        csv.field_size_limit(before)


def _json(text: str, path: Path, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise BenchmarkError(
            f"line {line + error.lineno - 1} is not JSON ({error.msg})",
            where=path,
            hint="Nothing was imported.",
        ) from None
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets in brackets in brackets
        raise BenchmarkError(
            f"line {line} holds a number too long or lists too deep to be a question",
            where=path,
            hint="Nothing was imported.",
        ) from None


def _parquet_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise BenchmarkError(
            f"the package {error.name} is missing", hint="pip install 'napari-spatialmed[export]'"
        ) from error
    try:
        yield from pyarrow.parquet.read_table(path).to_pylist()
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise BenchmarkError(
            f"it cannot be read as Parquet ({error})", where=path, hint="Check the file."
        ) from error
