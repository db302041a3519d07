"""Questions to put into benchmarks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from napari_spatialmed import benchmark
from napari_spatialmed.benchmark import Benchmark
from napari_spatialmed.questions.model import AnswerKey, Question


def make_question(
    number: int, *, case: str = "case-000000000001", task: str = "DIST", **changes: object
) -> Question:
    """A well-formed question; `number` makes its id."""
    fields = {
        "id": f"q-{number:012x}",
        "case": case,
        "key": AnswerKey(task=task, form="dist.surface_value", structures=("liver", "spleen")),  # type: ignore[arg-type]
        "stem": f"What is the smallest distance between the liver and the spleen ({number})?",
        "options": ("10 mm", "20 mm", "40 mm", "80 mm"),
        "answer": "B",
        "truth": 20.0,
        "unit": "mm",
        "label_sha256": "ab" * 32,
    }
    if task == "VOLEST":
        fields |= {"options": (), "answer": "196.6", "truth": 196.6, "unit": "mL"}
    return Question(**(fields | changes))  # type: ignore[arg-type]


@pytest.fixture
def question() -> Callable[..., Question]:
    return make_question


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.spatialmed.jsonl"


@pytest.fixture
def anna(path: Path) -> Benchmark:
    """A benchmark with one question, opened by Anna."""
    made = benchmark.create(path, actor="Anna", title="Study")
    made.propose(make_question(1))
    return made
