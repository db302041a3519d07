"""The report's numbers: main table, paired differences, and scores on groups of items."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case.anatomy import describe
from napari_spatialmed.evaluation.results import Items, ModelResult
from napari_spatialmed.evaluation.statistics import (
    SMALLEST_STRATUM,
    chance_adjusted,
    holm,
    interval,
    patient_weights,
    resampled_means,
    sign_flip_p,
)

VOLUME_BUCKETS = (
    ("small", "< 20 mL", 0.0, 20.0),
    ("medium", "20–200 mL", 20.0, 200.0),
    ("large", "≥ 200 mL", 200.0, np.inf),
)
NO_INTERVAL: tuple[float | None, float | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Cell:
    """One score of the main table; shares, not percent."""

    score: float
    n: int
    low: float | None = None
    high: float | None = None
    adjusted: float | None = None

    @property
    def too_small(self) -> bool:
        """Whether it rests on fewer than 30 items."""
        return self.n < SMALLEST_STRATUM


@dataclass(frozen=True, slots=True)
class Row:
    """One model in one arm."""

    model: str
    arm: str
    average: Cell
    tasks: dict[str, Cell]
    outcomes: dict[str, int]
    asked: int

    def share(self, *names: str) -> float:
        """Share of the items that ended in any of these outcomes."""
        total = sum(self.outcomes.values())
        return sum(self.outcomes[name] for name in names) / total if total else 0.0


def main_table(items: Items, models: Sequence[ModelResult]) -> list[Row]:
    """AVG is the mean of the paper's tasks that occur, as in the paper; intervals resample patients."""
    entries = [(m, name, arm) for m in models for name, arm in m.arms.items()]
    masks = {task: items.of_task(task) for task in items.tasks}
    counts = np.stack([_per_patient(items, mask.astype(float)) for mask in masks.values()], axis=1)
    samples = None
    if items.patients > 1 and entries:
        sums = np.stack(
            [
                np.stack([_per_patient(items, arm.score * mask) for mask in masks.values()], axis=1)
                for _, _, arm in entries
            ],
            axis=1,
        )
        samples = resampled_means(sums, counts[:, None, :], patient_weights(items.patients))
    in_average = [i for i, task in enumerate(masks) if task in items.paper_tasks]
    rows = []
    for number, (model, name, arm) in enumerate(entries):
        cells = {}
        for i, (task, mask) in enumerate(masks.items()):
            choice = mask & (items.chance > 0)
            adjusted = (
                chance_adjusted(arm.score[choice], items.chance[choice])
                if choice.sum() == mask.sum()
                else None
            )
            bounds = None if samples is None else interval(samples[:, number, i])
            cells[task] = Cell(
                float(arm.score[mask].mean()), int(mask.sum()), *(bounds or NO_INTERVAL), adjusted
            )
        paper = [cells[t] for t in items.paper_tasks]
        bounds = None
        if samples is not None and in_average:
            with np.errstate(invalid="ignore"):
                averages = np.nanmean(samples[:, number][:, in_average], axis=1)
            bounds = interval(averages)
        choice = items.chance > 0
        average = Cell(
            float(np.mean([c.score for c in paper])) if paper else 0.0,
            sum(c.n for c in paper),
            *(bounds or NO_INTERVAL),
            chance_adjusted(arm.score[choice], items.chance[choice]) if choice.any() else None,
        )
        rows.append(Row(model.name, name, average, cells, arm.counts(), int(arm.asked.sum())))
    return rows


def chance_row(items: Items) -> dict[str, float | None]:
    """Chance of every task: the mean of 1 / number of options; None for open tasks."""
    found: dict[str, float | None] = {}
    for task in items.tasks:
        chance = items.chance[items.of_task(task)]
        found[task] = float(chance.mean()) if (chance > 0).all() else None
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """Two models on the same items."""

    first: str
    second: str
    difference: float
    low: float | None
    high: float | None
    p: float
    p_holm: float


def paired_differences(items: Items, models: Sequence[ModelResult]) -> list[Difference]:
    """AVG of every two models' main arms: interval by bootstrap, p by sign flips, both by patient; Holm over all pairs."""
    pairs = list(itertools.combinations(models, 2))
    if not pairs or items.patients < 2:
        return []
    tasks = items.paper_tasks or items.tasks
    weight = np.zeros(len(items))
    for task in tasks:
        mask = items.of_task(task)
        weight[mask] = 1.0 / (len(tasks) * mask.sum())
    per_model = {id(m): _per_patient(items, m.main.score * weight) for m in models}
    differences = np.stack([per_model[id(a)] - per_model[id(b)] for a, b in pairs], axis=1)
    draws = patient_weights(items.patients) @ differences
    p_values = sign_flip_p(differences)
    adjusted = holm([float(p) for p in p_values])
    found = []
    for i, (a, b) in enumerate(pairs):
        low, high = interval(draws[:, i]) or (None, None)
        found.append(
            Difference(
                a.name, b.name, float(differences[:, i].sum()), low, high, float(p_values[i]), adjusted[i]
            )
        )
    return sorted(found, key=lambda d: (d.p_holm, -abs(d.difference)))


@dataclass(frozen=True, slots=True)
class Strata:
    """Scores of every model on groups of items; NaN never stands in it, groups without items are left out."""

    names: tuple[str, ...]
    n: tuple[int, ...]
    scores: NDArray[np.float64]


def _strata(
    items: Items, models: Sequence[ModelResult], groups: dict[str, list[int]], order: Sequence[str] = ()
) -> Strata:
    names = tuple(g for g in order if g in groups) or tuple(
        sorted(groups, key=lambda g: (-len(groups[g]), g))
    )
    scores = np.array([[m.main.score[groups[g]].mean() for g in names] for m in models]).reshape(
        len(models), len(names)
    )
    return Strata(names, tuple(len(groups[g]) for g in names), scores)


def by_structure(items: Items, models: Sequence[ModelResult], *, lesions: bool) -> Strata:
    """Scores by what is asked about: lesions (for the radar), or everything else (for the heat map), without sides."""
    groups: dict[str, list[int]] = {}
    for i, question in enumerate(items.questions):
        for concept in {c for c, lesion in map(_concept, question.key.structures) if lesion == lesions}:
            groups.setdefault(concept, []).append(i)
    return _strata(items, models, groups)


_known: dict[str, tuple[str, bool]] = {}


def _concept(name: str) -> tuple[str, bool]:
    if name not in _known:
        structure = describe(0, name)
        _known[name] = structure.concept.replace("_", " "), structure.kind == "lesion"
    return _known[name]


def by_volume(items: Items, models: Sequence[ModelResult]) -> Strata:
    """MRA of open volume questions by the true volume."""
    groups: dict[str, list[int]] = {}
    for i, question in enumerate(items.questions):
        if question.is_open and question.unit == "mL":
            truth = float(question.answer)
            bucket = next(
                f"{name} ({text})" for name, text, low, high in VOLUME_BUCKETS if low <= truth < high
            )
            groups.setdefault(bucket, []).append(i)
    return _strata(items, models, groups, [f"{name} ({text})" for name, text, _, _ in VOLUME_BUCKETS])


def structure_counts(items: Items) -> list[tuple[str, int]]:
    """How many items ask about each structure, without sides, most first."""
    counts = Counter(c for q in items.questions for c in {_concept(name)[0] for name in q.key.structures})
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def volume_histogram(items: Items) -> list[tuple[str, int]]:
    """Items by the volume asked about, in doublings from 1 mL."""
    volumes = [
        float(e["value"])
        for q in items.questions
        for e in q.evidence
        if e.get("calculator") == "volume_ml" and isinstance(e.get("value"), int | float) and e["value"] > 0
    ]
    if not volumes:
        return []
    steps = np.floor(np.log2(np.maximum(volumes, 2**-3))).astype(int)
    return [
        (f"{2.0**k:g}–{2.0 ** (k + 1):g}", int((steps == k).sum()))
        for k in range(steps.min(), steps.max() + 1)
    ]


def _per_patient(items: Items, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.bincount(items.patient, values, items.patients), np.float64)
