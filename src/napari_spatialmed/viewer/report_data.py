"""What the Report dock shows, computed off the GUI thread from run folders and the benchmark: values, no widgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_spatialmed.benchmark import State
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation.faithfulness import overrides
from napari_spatialmed.evaluation.judging import Judged
from napari_spatialmed.evaluation.report import figures, mistakes, tables
from napari_spatialmed.evaluation.report.published import PUBLISHED
from napari_spatialmed.evaluation.results import Items, ModelResult, read_items, read_runs
from napari_spatialmed.evaluation.scoring import OUTCOMES
from napari_spatialmed.questions import PAPER_TASKS
from napari_spatialmed.viewer.report_details import DetailTable, detail_tables
from napari_spatialmed.wording import counted

WORST = 40
PUBLISHED_MARK = "†"
PUBLISHED_NOTE = "As published for SpatialMed (arXiv 2603.13800): other data, not comparable item by item"
_NOTHING = (("", ""), *(("", "") for _ in OUTCOMES))
"""Cells of way of asking and outcomes, in rows that have none."""
CLASSED = frozenset({"wrong", "unparsed", "truncated"})
"""Outcomes that have a kind of error."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One model's answer to a badly answered item; `key` names the response, for a curator's override."""

    model: str
    key: str
    outcome: str
    parsed: str
    explanation: str
    error_class: str
    overridden: bool
    can_override: bool


@dataclass(frozen=True, slots=True)
class WorstItem:
    """A question that most models fail."""

    question: str
    case: str
    task: str
    stem: str
    truth: str
    answers: tuple[Answered, ...]


@dataclass(frozen=True, slots=True)
class ReportData:
    """Header, rows (text and tooltip), figures as SVG, further tables, worst items."""

    header: tuple[str, ...]
    rows: tuple[tuple[tuple[str, str], ...], ...]
    figures: tuple[tuple[str, str], ...]
    details: tuple[DetailTable, ...]
    worst: tuple[WorstItem, ...]
    summary: str


def report_data(runs: Sequence[Path], state: State, judged: Judged | None = None) -> ReportData:
    """Read the runs and compute what is shown; what a judge found in the explanations counts among their claims.

    Raises
    ------
    SpatialMedError
        If a folder holds no run, or the benchmark has no question to report on.
    """
    items = read_items(state)
    if not len(items):
        raise SpatialMedError(
            "the benchmark has no question to report on", hint="Propose some, or review those it holds."
        )
    models = read_runs(runs, items, state, judged=judged)
    names = [m.name for m in models]
    drawn = (
        ("Score by structure", figures.heat_map(tables.by_structure(items, models, lesions=False), names)),
        ("Score by tumour type", figures.radar(tables.by_structure(items, models, lesions=True), names)),
        ("MRA by volume", figures.bars(tables.by_volume(items, models), names, label="MRA")),
        *_confusions(items, models),
        ("Structures asked about", figures.donut(tables.structure_counts(items))),
        (
            "Volumes asked about, mL",
            figures.histogram(tables.volume_histogram(items), "volume asked about, mL"),
        ),
    )
    return ReportData(
        ("Model", "AVG", *items.tasks, "Arm", *OUTCOMES),
        (_counts(items), *_rows(items, models), _chance(items), *_published(items)),
        tuple((title, svg) for title, svg in drawn if svg),
        detail_tables(items, models),
        tuple(_worst(items, models, state, place) for place in mistakes.worst_items(items, models, WORST)),
        f"{counted(len(items), 'question')}, {counted(items.patients, 'patient')}, {counted(len(models), 'run')}.",
    )


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def _rows(items: Items, models: Sequence[ModelResult]) -> list[tuple[tuple[str, str], ...]]:
    found = []
    for row in tables.main_table(items, models):
        cells = [(row.model, f"{row.model}: {row.asked} of {len(items)} asked")]
        for cell in (row.average, *(row.tasks[task] for task in items.tasks)):
            interval = (
                "" if cell.low is None else f"; 95 % interval {_percent(cell.low)} to {_percent(cell.high)}"
            )
            adjusted = "" if cell.adjusted is None else f"; chance-adjusted {_percent(cell.adjusted)}"
            small = "; n too small" if cell.too_small else ""
            cells.append((_percent(cell.score), f"n = {cell.n}{interval}{adjusted}{small}"))
        cells.append((row.arm, "Way of asking"))
        cells += [(str(row.outcomes[name]), name) for name in OUTCOMES]
        found.append(tuple(cells))
    return found


def _counts(items: Items) -> tuple[tuple[str, str], ...]:
    note = "Questions; fewer than 30 say little"
    counts = [str(len(items)), *(str(int(items.of_task(task).sum())) for task in items.tasks)]
    return (("n", note), *((text, note) for text in counts), *_NOTHING)


def _confusions(items: Items, models: Sequence[ModelResult]) -> list[tuple[str, str]]:
    found = []
    for model in models:
        columns, counts = mistakes.direction_confusion(items, model.main)
        if counts.any():
            drawn = figures.confusion(model.name, mistakes.DIRECTIONS, columns, counts)
            found.append((f"Directions confused by {model.name}", drawn))
    return found


def _chance(items: Items) -> tuple[tuple[str, str], ...]:
    chance = tables.chance_row(items)
    note = "Guessing among the options"
    texts = [_percent(chance.get(task)) for task in ("AVG", *items.tasks)]
    return (("Chance", note), *((text, note) for text in texts), *_NOTHING)


def _published(items: Items) -> list[tuple[tuple[str, str], ...]]:
    rows = []
    for model, published in PUBLISHED:
        scores = dict(zip(("AVG", *PAPER_TASKS), published, strict=True))
        texts = [scores.get(task) for task in ("AVG", *items.tasks)]
        cells = [("–" if value is None else f"{value:.1f}", PUBLISHED_NOTE) for value in texts]
        rows.append(((f"{PUBLISHED_MARK} {model}", PUBLISHED_NOTE), *cells, *_NOTHING))
    return rows


def _worst(items: Items, models: Sequence[ModelResult], state: State, place: int) -> WorstItem:
    question = items.questions[place]
    chosen = overrides(state)
    answers = []
    for model in models:
        arm = model.main
        key = arm.key[place] if arm.key else ""
        answers.append(
            Answered(
                model.name,
                key,
                OUTCOMES[arm.outcome[place]],
                "–" if arm.parsed[place] is None else str(arm.parsed[place]),
                arm.explanation[place],
                chosen.get(key) or arm.error_class[place],
                key in chosen,
                bool(key) and OUTCOMES[arm.outcome[place]] in CLASSED,
            )
        )
    return WorstItem(
        question.id, question.case, question.task, question.stem, question.answer_text, tuple(answers)
    )
