"""What a run asks: which questions, in which arms, with which pictures and settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_spatialmed.benchmark import State
from napari_spatialmed.evaluation.prompts import Arm, rotations
from napari_spatialmed.evaluation.scoring import MraMode
from napari_spatialmed.evaluation.views import Layout
from napari_spatialmed.questions.model import Question


def data_set_of_benchmark(state: State, path: Path) -> str:
    """What consent to sending a whole benchmark's pictures or explanations is given for."""
    return f"benchmark {state.title or path.name.partition('.')[0]}"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run asks.

    Attributes
    ----------
    layout, outlines
        The pictures.
    arms
        Every question is asked in each of them.
    settings
        Decoding settings over `asking.SETTINGS`.
    mra_mode
        How open answers are scored.
    """

    layout: Layout = "orthogonal"
    outlines: bool = False
    arms: tuple[Arm, ...] = ("normal",)
    settings: Mapping[str, Any] = field(default_factory=dict)
    mra_mode: MraMode = "exact"


@dataclass(frozen=True, slots=True)
class Item:
    """One question of the benchmark, as it stands."""

    question: Question
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands.

    Attributes
    ----------
    done, total
        Calls.
    outcomes
        Count of each outcome, in this session.
    seconds
        Since this session began.
    eta
        Seconds still to go at the speed so far; None before the first answer.
    cost, tokens
        Spent in this session.
    """

    done: int
    total: int
    outcomes: Mapping[str, int]
    seconds: float
    eta: float | None
    cost: float
    tokens: int


@dataclass(frozen=True, slots=True)
class RunSummary:
    """How a session ended.

    Attributes
    ----------
    total, asked, resumed
        Calls wanted, made now, and found done.
    outcomes
        Of this session; they sum to `asked`.
    stopped
        Empty if the run is complete, else why it isn't.
    """

    total: int
    asked: int
    resumed: int
    outcomes: Mapping[str, int]
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """One call of a run."""

    item: Item
    arm: Arm
    rotation: int

    @property
    def id(self) -> tuple[str, str, int]:
        """What its line in the run's file answers."""
        return self.item.question.id, self.arm, self.rotation


def select_items(state: State) -> list[Item]:
    """What a benchmark asks: its kept questions; while nothing is kept yet, those that wait for reviewers."""
    kept = [q for q in state.questions.values() if q.status == "kept"]
    chosen = kept or [q for q in state.questions.values() if q.status in ("pending", "provisional")]
    return [Item(q.question, q.revision) for q in chosen]


def items_sha256(items: Sequence[Item]) -> str:
    """Hash of what is asked: a run belongs to exactly these questions."""
    content = [
        [
            i.question.id,
            i.question.case,
            i.question.stem,
            list(i.question.options),
            i.question.answer,
            i.question.unit,
        ]
        for i in items
    ]
    return hashlib.sha256(json.dumps(sorted(content), ensure_ascii=False).encode()).hexdigest()


def list_work(items: Sequence[Item], plan: Plan) -> list[Work]:
    """Every call of a run, case by case."""
    by_case: dict[str, list[Item]] = {}
    for item in items:
        by_case.setdefault(item.question.case, []).append(item)
    return [
        Work(item, arm, rotation)
        for group in by_case.values()
        for item in group
        for arm in plan.arms
        for rotation in rotations(item.question, arm)
    ]
