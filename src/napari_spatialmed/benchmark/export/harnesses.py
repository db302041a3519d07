"""Folders for evaluation harnesses: inspect_ai, VLMEvalKit and lmms-eval.

The scoring code that reads letters and numbers off an answer is copied into the inspect and lmms-eval folders, so that
they score exactly as this program does without its being installed.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from napari_spatialmed.benchmark.errors import BenchmarkError
from napari_spatialmed.benchmark.export.folder import write_files, write_text
from napari_spatialmed.benchmark.export.items import Items, prompt_text
from napari_spatialmed.benchmark.export.tables import jsonl
from napari_spatialmed.questions.model import LETTERS

SCORING_FOLDER = "spatialmed_scoring"


def write_inspect(folder: Path, items: Items, scoring: Mapping[str, str] | None) -> None:
    """``task.py``, ``questions.jsonl``, pictures and the scoring code: ``inspect eval task.py --model …``."""
    _write_task(folder, items, scoring, {"task.py": "inspect_task.py.txt"})


def write_lmms(folder: Path, items: Items, scoring: Mapping[str, str] | None) -> None:
    """``spatialmed.yaml``, ``utils.py``, ``questions.jsonl``, pictures and the scoring code, for ``--include_path``."""
    names = {"utils.py": "lmms_utils.py.txt", "spatialmed.yaml": "lmms_task.yaml.txt"}
    _write_task(folder, items, scoring, names)


def _write_task(
    folder: Path, items: Items, scoring: Mapping[str, str] | None, templates: Mapping[str, str]
) -> None:
    if scoring is None:
        raise BenchmarkError(
            "the scoring code to go with the task was not given",
            hint="Use `spatialmed export`, which adds it.",
        )
    rows = [row | {"prompt": prompt_text(row)} for row in items.kept]
    write_text(folder / "questions.jsonl", jsonl(rows))
    write_files(folder, items.pictures)
    for name, template in templates.items():
        text = files("napari_spatialmed.benchmark.export").joinpath("templates", template).read_text("utf-8")
        write_text(folder / name, text)
    for name, source in scoring.items():
        write_text(folder / SCORING_FOLDER / name, source)


def write_vlmeval(folder: Path, items: Items) -> None:
    """Two TSV files as VLMEvalKit reads them: multiple choice, and open numbers; pictures in base64."""
    choice = [row for row in items.kept if row["options"]]
    number = [row for row in items.kept if not row["options"]]
    if choice:
        write_text(
            folder / "SpatialMed_MCQ.tsv", _tsv([_vlmeval_row(i, row, items) for i, row in enumerate(choice)])
        )
    if number:
        write_text(
            folder / "SpatialMed_VQA.tsv", _tsv([_vlmeval_row(i, row, items) for i, row in enumerate(number)])
        )


def _vlmeval_row(index: int, row: Mapping[str, Any], items: Items) -> dict[str, Any]:
    result: dict[str, Any] = {"index": index, "id": row["id"]}
    if items.pictures:
        # Always lists: VLMEvalKit reads a text that begins with "[" as one.
        result["image"] = json.dumps([base64.b64encode(items.pictures[p]).decode() for p in row["pictures"]])
        result["image_path"] = json.dumps([Path(p).name for p in row["pictures"]])
    result["question"] = row["stem"] if row["options"] else prompt_text(row)
    most = max((len(r["options"]) for r in items.kept), default=0)
    if row["options"]:
        for i in range(most):
            result[LETTERS[i]] = row["options"][i] if i < len(row["options"]) else ""
    result |= {
        "answer": row["answer"],
        "category": row["task"],
        "l2-category": row["form"],
        "split": row["split"],
    }
    return result


def _tsv(rows: list[dict[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
