"""What kinds of mistakes models make: by how much, in which direction, towards which letter, and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.evaluation.faithfulness import ERROR_CLASSES
from napari_spatialmed.evaluation.results import ArmResult, Items, ModelResult
from napari_spatialmed.evaluation.scoring import OUTCOMES
from napari_spatialmed.questions.model import LETTERS

DIRECTIONS = ("right", "left", "anterior", "posterior", "superior", "inferior")
_WORD = re.compile(rf"\b({'|'.join(DIRECTIONS)})\b", re.I)


def numeric_errors(items: Items, models: Sequence[ModelResult]) -> list[dict[str, Any]]:
    """Median relative error and bias (median signed relative error) of the open answers that could be read."""
    rows = []
    places = [i for i, q in enumerate(items.questions) if q.is_open]
    for model in models:
        found = [(model.main.parsed[i], float(items.questions[i].answer)) for i in places]
        relative = np.array([(float(p) - t) / t for p, t in found if isinstance(p, int | float) and t > 0])
        rows.append(
            {
                "model": model.name,
                "n": len(places),
                "read": len(relative),
                "median": float(np.median(np.abs(relative))) if len(relative) else None,
                "bias": float(np.median(relative)) if len(relative) else None,
            }
        )
    return rows


def direction_confusion(items: Items, arm: ArmResult) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """True direction (rows) against the answered one (columns, the last for no answer), over the DIR items with words."""
    columns = (*DIRECTIONS, "no answer")
    counts = np.zeros((len(DIRECTIONS), len(columns)), np.int64)
    for i in np.flatnonzero(items.of_task("DIR")):
        question = items.questions[i]
        truth = _direction(question.answer_text) if question.options else None
        if truth is None:
            continue
        letter = arm.parsed[i]
        place = LETTERS.find(letter) if isinstance(letter, str) else -1
        said = _direction(question.options[place]) if 0 <= place < len(question.options) else None
        counts[DIRECTIONS.index(truth), columns.index(said or "no answer")] += 1
    return columns, counts


def _direction(text: str) -> str | None:
    found = {word.casefold() for word in _WORD.findall(text)}
    return found.pop() if len(found) == 1 else None


def position_bias(items: Items, models: Sequence[ModelResult]) -> tuple[str, list[dict[str, Any]]]:
    """How often each letter is right and how often each model chooses it, over the items with options."""
    width = max((len(q.options) for q in items.questions), default=0)
    letters = LETTERS[:width]
    choice = [i for i, q in enumerate(items.questions) if q.options]
    right = Counter(items.questions[i].answer for i in choice)
    total = max(1, len(choice))
    rows = [{"model": "right answers", "shares": [right[x] / total for x in letters], "n": len(choice)}]
    for model in models:
        chosen = Counter(p for i in choice if isinstance(p := model.main.parsed[i], str))
        n = sum(chosen.values())
        rows.append({"model": model.name, "shares": [chosen[x] / n if n else 0.0 for x in letters], "n": n})
    return letters, rows


def explanations(items: Items, models: Sequence[ModelResult]) -> list[dict[str, Any]]:
    """The 2 × 2 of answer and explanation, as shares of the items whose explanation could be checked."""
    rows = []
    right = OUTCOMES.index("correct")
    for model in models:
        arm = model.main
        table = Counter(
            (bool(arm.outcome[i] == right), arm.explanation[i])
            for i in range(len(items))
            if arm.explanation[i] != "nothing to check"
        )
        n = sum(table.values())
        cells = {
            f"{'right' if answer else 'wrong'} {said}": table[(answer, said)] / n if n else None
            for answer in (True, False)
            for said in ("right", "wrong")
        }
        rows.append(
            {"model": model.name, "n": n, "unchecked": len(items) - n, "judged": model.judged, **cells}
        )
    return rows


def error_taxonomy(items: Items, models: Sequence[ModelResult]) -> list[dict[str, Any]]:
    """Counts of each class of error by task, all models together."""
    rows = []
    for task in items.tasks:
        places = np.flatnonzero(items.of_task(task))
        counts = Counter(m.main.error_class[i] for m in models for i in places)
        row: dict[str, Any] = {"task": task}
        row.update((name, counts[name]) for name in ERROR_CLASSES)
        rows.append(row)
    return rows


def worst_items(items: Items, models: Sequence[ModelResult], count: int = 12) -> list[int]:
    """Items that most models fail, as far as they were asked; ties in the benchmark's order."""
    asked = np.stack([m.main.asked for m in models])
    score = np.stack([m.main.score for m in models])
    n = asked.sum(axis=0)
    mean = np.where(n > 0, (score * asked).sum(axis=0) / np.maximum(n, 1), 2.0)
    order = np.lexsort((np.arange(len(items)), -n, mean))
    return [int(i) for i in order[:count] if mean[i] < 0.5]
