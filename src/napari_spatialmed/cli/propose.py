"""`spatialmed propose` and `spatialmed build`: the agent team fills a benchmark file, without a window."""

from __future__ import annotations

import getpass
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import click

from napari_spatialmed import benchmark as journal
from napari_spatialmed.agents import Progress, TeamSettings, propose_async
from napari_spatialmed.agents.baseline import NAME, held_out_blind
from napari_spatialmed.agents.building import (
    Built,
    Job,
    build,
    patient_of,
    record_proposal,
    signatures_in,
    volumes_of,
)
from napari_spatialmed.agents.models import ModelTeam
from napari_spatialmed.agents.team import run_async
from napari_spatialmed.benchmark import Benchmark, BenchmarkError, Funnel
from napari_spatialmed.case import CaseFiles, discover
from napari_spatialmed.cli import EXIT_PARTLY_DONE
from napari_spatialmed.cli.cases import case_options, load_case
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.llm import Budget, resolve_endpoint
from napari_spatialmed.questions import PAPER_TASKS, TASKS, Task

SCHEDULER_TIMEOUT = "20s"
"""How long a Dask scheduler may take to answer."""

_benchmark_option = click.option(
    "--benchmark",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    help="NAME.spatialmed.jsonl; made if it isn't there.",
)
_tasks_option = click.option(
    "--tasks", help=f"Comma-separated; the paper's six if not given. There are: {', '.join(TASKS)}."
)
_seed_option = click.option(
    "--seed", type=int, default=0, show_default=True, help="Same case and seed: same questions."
)
_actor_option = click.option("--actor", help="Whose name stands in the file; your login if not given.")
_paper_option = click.option(
    "--paper-panel",
    is_flag=True,
    help="Ask each blind reader once, as the paper does, instead of under three orders.",
)


@click.command("propose")
@case_options
@_benchmark_option
@click.option(
    "--count", type=click.IntRange(1), default=12, show_default=True, help="Accepted questions wanted."
)
@_seed_option
@_tasks_option
@click.option(
    "--endpoint", help="Let a language model propose: an endpoint's name, or its base URL (#model)."
)
@click.option("--judge", help="Endpoint of a model that judges clinical sense after the rules.")
@click.option(
    "--panel",
    multiple=True,
    help="Endpoint of a blind reader; give at least three times to replace the offline panel.",
)
@click.option(
    "--pubmed", "email", metavar="EMAIL", help="Look passages up in PubMed; NCBI wants your e-mail address."
)
@click.option("--max-calls", type=click.IntRange(1), help="Stop after so many calls to models.")
@click.option(
    "--max-cost",
    type=click.FloatRange(0, min_open=True),
    help="Stop at this cost (needs the endpoints' prices).",
)
@click.option(
    "--max-tokens",
    type=click.IntRange(16),
    default=1000,
    show_default=True,
    help="Of a model's reply; models that think need more.",
)
@click.option(
    "--yes-send",
    is_flag=True,
    help="Allow measurements and questions of this case to go to remote endpoints.",
)
@_paper_option
@_actor_option
def propose_command(
    labels: Path,
    image: Path | None,
    names: str | None,
    path: Path,
    count: int,
    seed: int,
    tasks: str | None,
    endpoint: str | None,
    judge: str | None,
    panel: tuple[str, ...],
    email: str | None,
    max_calls: int | None,
    max_cost: float | None,
    max_tokens: int,
    yes_send: bool,
    paper_panel: bool,
    actor: str | None,
) -> None:
    """Let the agent team propose questions about LABELS into a benchmark file.

    Without --endpoint, --judge and --panel no model is asked and nothing leaves this machine.  Every proposal is recorded,
    accepted or rejected with its rule.  Run it again for more questions.
    """
    case = load_case(labels, image, names)
    geometry = CaseGeometry(case)
    chosen = _tasks(tasks)
    settings = TeamSettings(
        panel_rule="paper" if paper_panel else "majority", concurrency=1 if endpoint is None else 4
    )
    members = ModelTeam(
        generator=None if endpoint is None else resolve_endpoint(endpoint),
        judge=None if judge is None else resolve_endpoint(judge),
        readers=[resolve_endpoint(name) for name in panel],
        email=email,
        data_set=case.id,
        allow_remote=yes_send,
        budget=Budget(calls=max_calls, cost=max_cost),
        journal=path.with_suffix(".calls.jsonl"),
        settings=settings,
        seed=seed,
        max_tokens=max_tokens,
    )
    run_async(members.check())
    benchmark = _open(path, actor)
    benchmark.register_case(case, volumes_ml=volumes_of(geometry))

    def keep(event: Progress) -> None:
        if event.proposal is not None:
            record_proposal(benchmark, event.proposal)
            click.echo(f"\r{event.accepted} of {count} accepted", nl=False, err=True)

    started = time.perf_counter()
    result = run_async(
        members.run(
            propose_async,
            geometry,
            count=count,
            seed=seed,
            tasks=chosen,
            settings=settings,
            taken=signatures_in(benchmark, case.id),
            on_event=keep,
        )
    )
    click.echo("", err=True)
    _print_funnel(result.funnel)
    click.echo(
        f"{len(result.accepted)} of {count} accepted in {time.perf_counter() - started:.1f} s → {path}"
    )
    if len(result.accepted) < count:
        click.echo(f"spatialmed: fewer than asked for: {result.stopped}", err=True)
        sys.exit(EXIT_PARTLY_DONE)


@click.command("build")
@click.option(
    "--cases", "pattern", required=True, help="A folder, or a pattern in quotes such as 'data/*/seg.nii.gz'."
)
@click.option("--names", help="Names table for all cases; guessed for each if not given.")
@_benchmark_option
@click.option(
    "--per-case",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    help="Accepted questions wanted of each case.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=max(1, (os.cpu_count() or 2) - 1),
    show_default=True,
    help="Processes on this machine.",
)
@click.option(
    "--scheduler", help="Address of a Dask scheduler, e.g. tcp://host:8786, instead of processes here."
)
@click.option(
    "--patient",
    "patient_pattern",
    metavar="REGEX",
    help="Finds the patient in a path, so that splits keep a patient's scans together; only its hash is kept.",
)
@_seed_option
@_tasks_option
@_paper_option
@_actor_option
def build_command(
    pattern: str,
    names: str | None,
    path: Path,
    per_case: int,
    workers: int,
    scheduler: str | None,
    patient_pattern: str | None,
    seed: int,
    tasks: str | None,
    paper_panel: bool,
    actor: str | None,
) -> None:
    """Propose questions over many cases; no model is asked.

    Stop it at any time: the same command goes on where it ended.  A case that can't be read is reported and left out.
    Rules over the whole corpus are applied at the end.
    """
    settings = TeamSettings(panel_rule="paper" if paper_panel else "majority")
    jobs = [
        Job(
            files,
            names,
            per_case,
            seed,
            _rotated(_tasks(tasks) or PAPER_TASKS, place),
            settings,
            patient_of(files.labels, patient_pattern),
        )
        for place, files in enumerate(discover(pattern))
    ]
    if not jobs:
        raise SpatialMedError(
            "no labelled scans were found", where=pattern, hint="Give a folder, or a pattern in quotes."
        )
    benchmark = _open(path, actor)
    started = time.perf_counter()

    def tell(files: CaseFiles, built: Built) -> None:
        said = built.error or f"{len(built.result.accepted) if built.result else 0} accepted"
        click.echo(f"{files.key}: {said}", err=True)

    with ExitStack() as stack:
        report = build(benchmark, jobs, _executor(stack, workers, scheduler), on_case=tell)
    seconds = time.perf_counter() - started
    _print_funnel(benchmark.state.funnel())
    click.echo(
        f"{report.done} cases built, {report.skipped} were built before, {len(report.failed)} failed; "
        f"{report.accepted} questions accepted of {report.proposed} proposed in {seconds:.0f} s "
        f"({60 * report.accepted / max(seconds, 1e-9):.0f} a minute) → {path}"
    )
    if report.constant:
        click.echo(f"{len(report.constant)} questions turned down by rule P1: the same in every patient")
    _print_held_out(benchmark)
    if report.failed:
        sys.exit(EXIT_PARTLY_DONE)


def _print_held_out(benchmark: Benchmark) -> None:
    """Rule P3: what a reader scores who knows the other patients and not this scan."""
    asked = [q.question for q in benchmark.state.questions.values() if q.accepted]
    choices = [q for q in asked if not q.is_open]
    if not choices:
        return
    patients = {case: record.patient for case, record in benchmark.state.cases.items()}
    right = held_out_blind(asked, patients)
    share = sum(right[q.id] for q in choices) / len(choices)
    chance = sum(1 / len(q.options) for q in choices) / len(choices)
    click.echo(f"{NAME}: {share:.1%} right of {len(choices)} multiple-choice questions; chance {chance:.1%}")


def _executor(stack: ExitStack, workers: int, scheduler: str | None) -> Executor:
    if scheduler is None:
        # spawn: a forked child may inherit locks that other threads held
        return stack.enter_context(
            ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
        )
    try:
        from distributed import Client
    except ImportError:
        raise SpatialMedError(
            "Dask is not installed",
            hint=f"{Path(sys.executable).name} -m pip install 'napari-spatialmed[cluster]'",
        ) from None
    try:
        client = stack.enter_context(Client(scheduler, timeout=SCHEDULER_TIMEOUT))
    except (OSError, ValueError) as error:
        raise SpatialMedError(
            f"no Dask scheduler answers: {error}", where=scheduler, hint="Start one with `dask scheduler`."
        ) from None
    executor: Executor = client.get_executor()
    return executor


def _open(path: Path, actor: str | None) -> Benchmark:
    if not path.is_dir() and not path.name.endswith(journal.SUFFIX):
        raise BenchmarkError(
            "a benchmark file has another name",
            where=path,
            hint=f"Call it {path.stem.split('.')[0]}{journal.SUFFIX}.",
        )
    who = actor or getpass.getuser()
    return journal.open(path, actor=who) if path.exists() else journal.create(path, actor=who)


def _tasks(text: str | None) -> tuple[Task, ...] | None:
    """The tasks a comma-separated list names; None where none was given."""
    if text is None:
        return None
    known: dict[str, Task] = {task: task for task in TASKS}
    chosen = [task.strip().upper() for task in text.split(",") if task.strip()]
    unknown = [task for task in chosen if task not in known]
    if unknown or not chosen:
        raise click.BadParameter(
            f"there is no task {', '.join(unknown) or text!r}; there are {', '.join(TASKS)}",
            param_hint="--tasks",
        )
    return tuple(known[task] for task in chosen)


def _rotated(tasks: Sequence[Task], place: int) -> tuple[Task, ...]:
    """Another task first for each case: with fewer questions a case than tasks, every task still gets its share."""
    turn = place % len(tasks)
    return (*tasks[turn:], *tasks[:turn])


def _print_funnel(funnel: Funnel) -> None:
    columns = ("proposed", "rules", "validator", "panel", "waiting", "kept", "dropped", "withdrawn")
    click.echo("task    " + " ".join(f"{name:>9}" for name in columns))
    for task, row in [*funnel.tasks.items(), ("all", funnel.total)]:
        click.echo(f"{task:8}" + " ".join(f"{getattr(row, name):9d}" for name in columns))
    if funnel.by_rule:
        click.echo(
            "turned down by rule: " + ", ".join(f"{rule} {count}" for rule, count in funnel.by_rule.items())
        )
