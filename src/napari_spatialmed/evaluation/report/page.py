"""From runs to one HTML file: read, compute, draw, fill the template."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from napari_spatialmed import __version__
from napari_spatialmed.benchmark import State
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation.asking import view_for
from napari_spatialmed.evaluation.faithfulness import ERROR_CLASSES
from napari_spatialmed.evaluation.judging import Judged
from napari_spatialmed.evaluation.report import figures, mistakes, tables
from napari_spatialmed.evaluation.report.published import PUBLISHED, SOURCE
from napari_spatialmed.evaluation.results import Items, ModelResult, read_items, read_runs
from napari_spatialmed.evaluation.runfolder import RunError
from napari_spatialmed.evaluation.scoring import OUTCOMES, MraMode
from napari_spatialmed.evaluation.statistics import SMALLEST_STRATUM
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions.model import PAPER_TASKS
from napari_spatialmed.whole import write_result

WORST = 12
FEW_PATIENTS = 10
"""Below it a bootstrap over patients says little, and the report says so."""


@dataclass(frozen=True, slots=True)
class Written:
    """A report that was written, and what a reader should know about its making."""

    path: Path
    notes: tuple[str, ...]


def write_report(
    runs: Sequence[Path],
    state: State,
    out: Path,
    *,
    find_case: Callable[[str], CaseGeometry] | None = None,
    mra_mode: MraMode | None = None,
    judged: Judged | None = None,
    title: str = "",
) -> Written:
    """Write the report of `runs` over one benchmark.

    Parameters
    ----------
    runs
        Run folders.
    state
        The benchmark's.
    out
        The HTML file; it needs no other file and no network.
    find_case
        Case id → geometry, for the worst items' pictures; without it they are listed without.
    mra_mode
        Score open answers again in this mode.
    judged
        What a judge model found in the explanations, besides the parser.
    title
        For a benchmark that has none of its own, such as its file's name.

    Raises
    ------
    RunError
        If a folder holds no run, or one over another benchmark.
    SpatialMedError
        If the benchmark has no question to report on, or `out` can't be written.
    """
    items = read_items(state)
    if not len(items):
        raise SpatialMedError(
            "the benchmark has no question to report on", hint="Propose some, or review those it holds."
        )
    folders = list(dict.fromkeys(folder.resolve() for folder in runs))
    models = read_runs(folders, items, state, mra_mode=mra_mode, judged=judged)
    for folder, model in zip(folders, models, strict=True):
        if model.ignored and not any(arm.asked.any() for arm in model.arms.values()):
            raise RunError(
                f"none of its {model.ignored} answers is to a question of this benchmark as it stands",
                where=folder,
                hint="Name the benchmark that the run was made from with --benchmark.",
            )
    notes = [*_notes(items, models), *_notes_on_judge(judged)]
    html = render_page(items, models, state.title or title, notes, find_case, judged)
    write_result(out, html)
    return Written(out, tuple(notes))


def render_page(
    items: Items,
    models: Sequence[ModelResult],
    title: str,
    notes: Sequence[str],
    find_case: Callable[[str], CaseGeometry] | None = None,
    judged: Judged | None = None,
) -> str:
    """The report as text."""
    names = [m.name for m in models]
    rows = tables.main_table(items, models)
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["percent"] = lambda v, digits=1: "–" if v is None else f"{100 * v:.{digits}f}"
    environment.filters["signed"] = lambda v: "–" if v is None else f"{100 * v:+.1f}"
    template = environment.from_string(files(__package__).joinpath("template.html").read_text("utf-8"))
    letters, bias = mistakes.position_bias(items, models)
    confusions = []
    for model in models:
        columns, counts = mistakes.direction_confusion(items, model.main)
        if counts.any():
            confusions.append(Markup(figures.confusion(model.name, mistakes.DIRECTIONS, columns, counts)))
    html: str = template.render(
        title=title or "untitled benchmark",
        version=__version__,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        items=items,
        n=len(items),
        fewest=SMALLEST_STRATUM,
        models=models,
        notes=notes,
        rows=rows,
        tasks=items.tasks,
        paper_tasks=PAPER_TASKS,
        in_average=items.paper_tasks,
        chance=tables.chance_row(items),
        published=PUBLISHED,
        published_source=SOURCE,
        outcomes=OUTCOMES,
        differences=tables.paired_differences(items, models),
        heat=Markup(figures.heat_map(tables.by_structure(items, models, lesions=False), names)),
        tumours=Markup(figures.radar(tables.by_structure(items, models, lesions=True), names)),
        volumes=Markup(figures.bars(tables.by_volume(items, models), names, label="MRA")),
        numeric=mistakes.numeric_errors(items, models),
        confusions=confusions,
        letters=letters,
        bias=bias,
        explanations=mistakes.explanations(items, models),
        taxonomy=mistakes.error_taxonomy(items, models),
        error_classes=ERROR_CLASSES,
        judge=judged.model if judged is not None else "",
        donut=Markup(figures.donut(tables.structure_counts(items))),
        histogram=Markup(figures.histogram(tables.volume_histogram(items), "volume asked about, mL")),
        worst=[_worst(items, models, i, find_case) for i in mistakes.worst_items(items, models, WORST)],
    )
    return html


def _notes(items: Items, models: Sequence[ModelResult]) -> list[str]:
    notes = []
    if items.patients < 2:
        notes.append(
            "All items are of one patient: nothing says how scores vary between patients, so there are no intervals."
        )
    elif items.patients < FEW_PATIENTS:
        notes.append(
            f"All items are of {items.patients} patients: intervals over so few are rough, mostly too narrow."
        )
    for model in models:
        missing = int((~model.main.asked).sum())
        if missing:
            notes.append(
                f"{model.name}: {missing} of {len(items)} items have no answer; they count 0 and stand among the errors."
            )
        if model.unseen:
            notes.append(
                f"{model.name}: in {len(model.unseen)} items something asked about is on none of the pictures (rule V1)."
            )
        if model.ignored:
            notes.append(
                f"{model.name}: {model.ignored} answers are to other questions or earlier revisions and are left out."
            )
    absent = [t for t in PAPER_TASKS if t not in items.tasks]
    if absent:
        notes.append(
            f"AVG is over {', '.join(items.paper_tasks) or 'no task'}: the benchmark has no {', '.join(absent)}."
        )
    return notes


def _notes_on_judge(judged: Judged | None) -> list[str]:
    if judged is None:
        return []
    notes = []
    if judged.failed:
        notes.append(
            f"The judge {judged.model} failed on {judged.failed} explanations; of those only what the parser reads counts."
        )
    if judged.dropped:
        notes.append(
            f"{judged.dropped} entries of the judge {judged.model} were left out: the explanations don't say them."
        )
    if judged.stopped:
        notes.append(f"The judge {judged.model} didn't read everything: {judged.stopped}")
    return notes


def _worst(
    items: Items, models: Sequence[ModelResult], place: int, find_case: Callable[[str], CaseGeometry] | None
) -> dict[str, Any]:
    question = items.questions[place]
    pictures: list[str] = []
    problem = ""
    if find_case is not None:
        try:
            view = view_for(find_case(question.case), question, outlines=True, find_case=find_case)
            pictures = ["data:image/png;base64," + base64.b64encode(p.png).decode() for p in view.pictures]
        except SpatialMedError as error:
            problem = error.what
    answers = [(m.name, OUTCOMES[m.main.outcome[place]], m.main.parsed[place]) for m in models]
    return {
        "question": question,
        "pictures": pictures,
        "problem": problem,
        "answers": answers,
        "revision": int(items.revisions[place]),
    }
