"""Answers made elsewhere: a JSON Lines file in, scores out, by the same rules as every other answer."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_spatialmed import __version__
from napari_spatialmed.benchmark import State
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation.prompts import rotate
from napari_spatialmed.evaluation.response import Response
from napari_spatialmed.evaluation.results import Items, read_items
from napari_spatialmed.evaluation.runfolder import RunFolder
from napari_spatialmed.evaluation.runplan import Item, items_sha256, select_items
from napari_spatialmed.evaluation.scoring import OUTCOMES, MraMode, score_answer
from napari_spatialmed.evaluation.statistics import bootstrap_interval
from napari_spatialmed.wording import counted

ID_FIELDS = ("id", "question", "question_id")
TEXT_FIELDS = ("text", "prediction", "response", "answer", "output")


class PredictionsError(SpatialMedError):
    """A predictions file that can't be scored."""


@dataclass(frozen=True)
class PredictionScores:
    """How answers made elsewhere did.

    Attributes
    ----------
    rows
        Task (and AVG, the mean of the paper's tasks) → score, n, interval; shares, not percent.
    outcomes
        Outcome → items; they sum to N.
    missing, unknown
        Questions without an answer; answers to questions that the benchmark doesn't ask.
    """

    rows: Mapping[str, Mapping[str, Any]]
    outcomes: Mapping[str, int]
    missing: int
    unknown: int

    @property
    def notes(self) -> list[str]:
        """What a reader should know."""
        notes = []
        if self.missing:
            notes.append(
                f"without an answer: {counted(self.missing, 'question')}, counted as 0 among the errors"
            )
        if self.unknown:
            notes.append(
                f"{self.unknown} answers are to questions that this benchmark doesn't ask; they are left out"
            )
        return notes

    def to_json(self) -> str:
        """As JSON."""
        data = {
            "scores": self.rows,
            "outcomes": self.outcomes,
            "missing": self.missing,
            "unknown": self.unknown,
        }
        return json.dumps(data, indent=1, allow_nan=False)

    def table(self) -> str:
        """As text for a terminal."""
        lines = [f"{'task':8}{'n':>6}{'score':>8}  95 % interval"]
        for task, row in self.rows.items():
            bounds = "" if row["low"] is None else f"  {100 * row['low']:.1f}–{100 * row['high']:.1f}"
            lines.append(f"{task:8}{row['n']:>6}{100 * row['score']:>8.1f}{bounds}")
        counts = ", ".join(f"{n} {name}" for name, n in self.outcomes.items() if n)
        return "\n".join([*lines, f"{sum(self.outcomes.values())} questions: {counts}"])


def score_predictions(
    path: Path, state: State, *, model: str, mra_mode: MraMode = "exact", out: Path | None = None
) -> PredictionScores:
    """Score a file of predictions over a benchmark.

    Parameters
    ----------
    path
        JSON Lines: each ``{"id": question, "text": answer}``; ``finish_reason``, ``seconds`` and ``rotation`` are
        taken along where they are given.
    state
        The benchmark's.
    model
        Name for the report.
    out
        Also write a run's folder there.

    Raises
    ------
    PredictionsError
        With the line, if the file can't be read or answers a question twice.
    """
    chosen = select_items(state)
    if not chosen:
        raise PredictionsError(
            "the benchmark has no question to score", hint="Propose some, or review those it holds."
        )
    known = {item.question.id: item for item in chosen}
    given = _read(path)
    responses = {
        qid: _score(known[qid], data, model, mra_mode) for qid, data in given.items() if qid in known
    }
    if out is not None:
        _write_run(out, list(responses.values()), chosen, model, mra_mode)
    items = read_items(state)
    outcomes: dict[str, int] = dict.fromkeys(OUTCOMES, 0)
    scores = [0.0] * len(items)
    for i, question in enumerate(items.questions):
        response = responses.get(question.id)
        outcomes[response.outcome if response and response.outcome else "error"] += 1
        scores[i] = float(response.score or 0.0) if response else 0.0
    return PredictionScores(
        _rows(items, scores), outcomes, len(known) - len(responses), len(given) - len(responses)
    )


def _rows(items: Items, scores: list[float]) -> dict[str, dict[str, Any]]:
    values = np.asarray(scores)
    rows: dict[str, dict[str, Any]] = {}
    for task in items.tasks:
        mask = items.of_task(task)
        low, high = bootstrap_interval(values[mask], items.patient[mask]) or (None, None)
        rows[task] = {"score": float(values[mask].mean()), "n": int(mask.sum()), "low": low, "high": high}
    paper = [rows[t]["score"] for t in items.paper_tasks]
    if paper:
        n = sum(rows[t]["n"] for t in items.paper_tasks)
        rows = {"AVG": {"score": float(np.mean(paper)), "n": n, "low": None, "high": None}, **rows}
    return rows


def _read(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    try:
        lines = path.read_text("utf-8-sig").split(
            "\n"
        )  # not splitlines: an answer may hold other line separators
    except OSError as error:
        raise PredictionsError(
            f"can't be read ({error.strerror})", where=path, hint="Check the name."
        ) from None
    except UnicodeDecodeError:
        raise PredictionsError("is no text in UTF-8", where=path, hint="Save it as UTF-8.") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            data = None
        name = next((str(data[f]) for f in ID_FIELDS if f in data), "") if isinstance(data, dict) else ""
        text = next((data[f] for f in TEXT_FIELDS if f in data), None) if isinstance(data, dict) else None
        if not isinstance(data, dict) or not name or text is None:
            raise PredictionsError(
                f"line {number} is no answer",
                where=path,
                hint='Each line looks like {"id": "q-…", "text": "… ANSWER: B"}.',
            )
        if name in found:
            raise PredictionsError(
                f"line {number} answers {name} a second time", where=path, hint="Keep one of the two."
            )
        found[name] = {**data, "text": str(text)}
    return found


def _score(item: Item, data: Mapping[str, Any], model: str, mode: MraMode) -> Response:
    rotation = data.get("rotation", 0)
    question = rotate(item.question, rotation if isinstance(rotation, int) else 0)
    finish = str(data.get("finish_reason") or "stop")
    score = score_answer(question, data["text"], finish_reason=finish, mra_mode=mode)
    seconds = data.get("seconds")
    timed = isinstance(seconds, int | float) and math.isfinite(seconds)
    return Response(
        key=f"{model}:{question.id}",
        question=question.id,
        revision=item.revision,
        case=question.case,
        task=question.task,
        form=question.key.form,
        structures=question.key.structures,
        model=model,
        text=data["text"],
        finish_reason=finish,
        outcome=score.outcome,
        score=score.score,
        parsed=score.parsed,
        reason=score.reason,
        answer=question.answer,
        truth=question.truth,
        seconds=float(seconds or 0.0) if timed else 0.0,
    )


def _write_run(out: Path, responses: list[Response], chosen: list[Item], model: str, mode: MraMode) -> None:
    folder = RunFolder(out)
    meta = {
        "format": 1,
        "software": __version__,
        "items": items_sha256(chosen),
        "n_items": len(chosen),
        "endpoint": "predictions",
        "model": model,
        "layout": "",
        "arms": ["normal"],
        "mra_mode": mode,
        "predictions": _digest(responses),
        "complete": len(responses) == len(chosen),
    }
    with folder.begin(meta, ("endpoint", "items", "model", "mra_mode", "predictions")) as recorded:
        for response in responses:
            if (response.question, "normal", 0) not in recorded.done:
                folder.append(response)


def _digest(responses: list[Response]) -> str:
    """Hash of the answers: a folder holds those of one file, and never some of each."""
    content = sorted((r.question, r.text, r.finish_reason) for r in responses)
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
