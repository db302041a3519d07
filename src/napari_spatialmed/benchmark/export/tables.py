"""Plain tables: JSON Lines and CSV of the kept questions, and of those set aside with the reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_spatialmed.benchmark.export.folder import write_files, write_text
from napari_spatialmed.benchmark.export.items import Items, as_json


def write_jsonl(folder: Path, items: Items) -> None:
    """``questions.jsonl``, ``set_aside.jsonl`` and the pictures."""
    write_text(folder / "questions.jsonl", jsonl(items.kept))
    write_text(folder / "set_aside.jsonl", jsonl(items.set_aside))
    write_files(folder, items.pictures)


def write_csv(folder: Path, items: Items) -> None:
    """``questions.csv``, ``set_aside.csv`` and the pictures; lists are JSON in their cell."""
    write_text(folder / "questions.csv", _csv(items.kept))
    write_text(folder / "set_aside.csv", _csv(items.set_aside))
    write_files(folder, items.pictures)


def jsonl(rows: Sequence[Mapping[str, Any]]) -> str:
    """One row a line."""
    return "".join(f"{as_json(row)}\n" for row in rows)


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return stream.getvalue()


def _cell(value: Any) -> Any:
    return as_json(value) if isinstance(value, list | dict) else value
