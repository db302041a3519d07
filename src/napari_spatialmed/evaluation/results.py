"""Runs as arrays over a benchmark's items: what every table and figure of the report is computed from.

Every item of the benchmark counts for every model (rule S1): what was not asked is an error with score 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.benchmark import State
from napari_spatialmed.evaluation.claims import Facts, facts_of, find_claims
from napari_spatialmed.evaluation.faithfulness import classify_error, judge_explanation, overrides
from napari_spatialmed.evaluation.judging import Judged
from napari_spatialmed.evaluation.planes import ENOUGH_VOXELS
from napari_spatialmed.evaluation.prompts import ARMS
from napari_spatialmed.evaluation.runfolder import RunFolder
from napari_spatialmed.evaluation.runplan import select_items
from napari_spatialmed.evaluation.scoring import OUTCOMES, MraMode, mean_relative_accuracy
from napari_spatialmed.questions.model import PAPER_TASKS, TASKS, Question

NOT_ASKED = OUTCOMES.index("error")


@dataclass(frozen=True)
class Items:
    """The benchmark's items as columns.

    Attributes
    ----------
    questions
        In the benchmark's order.
    index
        Question's id → row.
    revisions
        Of the questions as they stand.
    task
        Each item's index into `TASKS`.
    chance
        1 / number of options; 0 for open items.
    patient
        Each item's patient as an integer.
    patients
        How many there are.
    facts
        What explanations are checked against.
    """

    questions: tuple[Question, ...]
    index: Mapping[str, int]
    revisions: NDArray[np.int64]
    task: NDArray[np.int64]
    chance: NDArray[np.float64]
    patient: NDArray[np.int64]
    patients: int
    facts: tuple[Facts, ...]

    def __len__(self) -> int:
        return len(self.questions)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that occur, in the paper's order, ours after them."""
        return tuple(task for i, task in enumerate(TASKS) if (self.task == i).any())

    @property
    def paper_tasks(self) -> tuple[str, ...]:
        """Those of them that AVG is the mean of."""
        return tuple(task for task in self.tasks if task in PAPER_TASKS)

    def of_task(self, task: str) -> NDArray[np.bool_]:
        """Mask of a task's items."""
        return np.asarray(self.task == TASKS.index(task))  # type: ignore[arg-type]


@dataclass
class ArmResult:
    """One model's answers in one arm, a row per item."""

    score: NDArray[np.float64]
    outcome: NDArray[np.int8]
    parsed: list[str | float | None]
    explanation: list[str]
    error_class: list[str]
    asked: NDArray[np.bool_]
    judged: NDArray[np.bool_]
    key: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Outcome → items; they sum to N."""
        found = np.bincount(self.outcome, minlength=len(OUTCOMES))
        return {name: int(found[i]) for i, name in enumerate(OUTCOMES)}


@dataclass
class ModelResult:
    """One run; `ignored` answers are to other questions, `unseen` items asked about something on none of its pictures.

    `judged` is how many of the main arm's explanations a judge model has read besides the parser.
    """

    name: str
    meta: Mapping[str, Any]
    arms: dict[str, ArmResult]
    tokens: int = 0
    seconds: float = 0.0
    cost: float | None = None
    ignored: int = 0
    unseen: set[int] = field(default_factory=set)
    judged: int = 0
    folder: Path | None = None

    @property
    def main(self) -> ArmResult:
        """The arm its score is read from: ``normal``, or the first there is."""
        return self.arms.get("normal") or next(iter(self.arms.values()))


def read_items(state: State) -> Items:
    """The items of a benchmark that a report counts: the same that a run asks."""
    chosen = select_items(state)
    questions = tuple(item.question for item in chosen)
    volumes = {
        case.case: {s.name: s.volume_ml for s in case.structures if s.volume_ml is not None}
        for case in state.cases.values()
    }
    patient_of = {case.case: case.patient or case.case for case in state.cases.values()}
    names = [patient_of.get(q.case, q.case) for q in questions]
    distinct = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return Items(
        questions=questions,
        index={q.id: i for i, q in enumerate(questions)},
        revisions=np.array([item.revision for item in chosen], np.int64),
        task=np.array([TASKS.index(q.task) for q in questions], np.int64),
        chance=np.array([1.0 / len(q.options) if q.options else 0.0 for q in questions]),
        patient=np.array([distinct[name] for name in names], np.int64),
        patients=len(distinct),
        facts=tuple(facts_of(q, volumes_ml=volumes.get(q.case)) for q in questions),
    )


def read_run(
    folder: Path,
    items: Items,
    state: State,
    *,
    mra_mode: MraMode | None = None,
    judged: Judged | None = None,
) -> ModelResult:
    """Read one run's folder.

    Parameters
    ----------
    mra_mode
        Score open answers again in this mode instead of the run's own.
    judged
        What a judge model found in the explanations, besides the parser.

    Raises
    ------
    RunError
        If the folder holds no run, or a damaged one.
    """
    run = RunFolder(folder)
    meta = run.meta()
    result = ModelResult(
        str(meta.get("model") or meta.get("endpoint") or folder.name), meta, {}, folder=folder
    )
    chosen = overrides(state)
    turns: dict[tuple[str, int], dict[int, float]] = {}
    for row in run.rows():
        place = items.index.get(row["question"])
        if place is None or row.get("revision", 1) != items.revisions[place]:
            result.ignored += 1
            continue
        result.tokens += row.get("tokens_in", 0) + row.get("tokens_out", 0)
        result.seconds += row.get("seconds", 0.0)
        if row.get("cost") is not None:
            result.cost = (result.cost or 0.0) + row["cost"]
        arm = result.arms.setdefault(row.get("arm", "normal"), _empty(len(items)))
        _put(arm, place, row, items, mra_mode, chosen, judged)
        if row.get("visible") and min(row["visible"].values()) < ENOUGH_VOXELS:
            result.unseen.add(place)
        if row.get("arm") == "circular":
            turns.setdefault(("circular", place), {})[int(row.get("rotation", 0))] = (
                float(arm.score[place]) if items.questions[place].is_open else float(row.get("score") or 0.0)
            )
    for (name, place), scores in turns.items():
        arm = result.arms[name]
        wanted = max(1, len(items.questions[place].options))
        right = min(scores.values()) if len(scores) == wanted else 0.0
        arm.score[place] = right
        if items.questions[place].options and OUTCOMES[arm.outcome[place]] in ("correct", "wrong"):
            arm.outcome[place] = OUTCOMES.index("correct" if right == 1.0 else "wrong")
    if not result.arms:
        result.arms["normal"] = _empty(len(items))
    result.arms = {name: result.arms[name] for name in ARMS if name in result.arms}
    result.judged = int(result.main.judged.sum())
    return result


def _put(
    arm: ArmResult,
    place: int,
    row: Mapping[str, Any],
    items: Items,
    mode: MraMode | None,
    chosen: Mapping[str, str],
    judged: Judged | None,
) -> None:
    outcome = str(row.get("outcome"))
    if arm.asked[place] and outcome in ("error", "timed out"):
        return  # a later failure never replaces an answer
    question = items.questions[place]
    score, parsed = float(row.get("score") or 0.0), row.get("parsed")
    if mode is not None and question.is_open and isinstance(parsed, int | float):
        score = mean_relative_accuracy(float(parsed), float(question.answer), mode)
    facts = items.facts[place]
    visible = row.get("visible") or None
    text = str(row.get("text", ""))
    more = None if judged is None else judged.of(text, facts.titles)
    claims = find_claims(text, Facts(facts.titles, facts.measurements, facts.volumes_ml, visible), more or ())
    arm.judged[place] = more is not None
    arm.score[place], arm.outcome[place], arm.parsed[place] = score, OUTCOMES.index(outcome), parsed  # type: ignore[arg-type]
    arm.explanation[place] = judge_explanation(claims)
    error = chosen.get(str(row.get("key"))) or classify_error(question.task, outcome, claims, visible)
    arm.error_class[place] = error or ""
    arm.key[place] = str(row.get("key", ""))
    arm.asked[place] = outcome not in ("error", "timed out")


def _empty(count: int) -> ArmResult:
    return ArmResult(
        score=np.zeros(count),
        outcome=np.full(count, NOT_ASKED, np.int8),
        parsed=[None] * count,
        explanation=["nothing to check"] * count,
        error_class=[""] * count,
        asked=np.zeros(count, bool),
        judged=np.zeros(count, bool),
        key=[""] * count,
    )


def read_runs(
    folders: Sequence[Path],
    items: Items,
    state: State,
    *,
    mra_mode: MraMode | None = None,
    judged: Judged | None = None,
) -> list[ModelResult]:
    """Read several runs; equal names are told apart by layout, then by folder."""
    results = [read_run(folder, items, state, mra_mode=mra_mode, judged=judged) for folder in folders]
    for tag in ("layout", None):
        names = [r.name for r in results]
        for result in results:
            if names.count(result.name) > 1:
                extra = (
                    str(result.meta.get(tag, "")) if tag else (result.folder.name if result.folder else "")
                )
                result.name = f"{result.name} ({extra})"
    return results
