"""`spatialmed evaluate`: a model over a benchmark."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from napari_spatialmed import benchmark as benchmarks
from napari_spatialmed.benchmark import State
from napari_spatialmed.case import CaseLibrary
from napari_spatialmed.cli import EXIT_PARTLY_DONE
from napari_spatialmed.cli.outputs import Output
from napari_spatialmed.evaluation import ARMS, LAYOUTS, Arm, Layout
from napari_spatialmed.evaluation.casesource import CaseSource
from napari_spatialmed.evaluation.runfolder import RunFolder
from napari_spatialmed.evaluation.runplan import (
    Plan,
    Progress,
    RunSummary,
    data_set_of_benchmark,
    select_items,
)
from napari_spatialmed.evaluation.runs import evaluate_benchmark
from napari_spatialmed.evaluation.scoring import MraMode
from napari_spatialmed.evaluation.two_scans import second_case
from napari_spatialmed.llm import Budget, Client, resolve_endpoint

MRA_MODES = ("exact", "vsi_reference")
case_folders = click.option(
    "--cases",
    type=click.Path(path_type=Path, file_okay=False),
    multiple=True,
    help="Folder with the scans and labels; may be given several times.",
)


def budget_options(command: Callable[..., None]) -> Callable[..., None]:
    """The three limits of what a command may spend."""
    limits = (
        click.option("--budget-calls", type=click.IntRange(1), help="Stop after so many calls."),
        click.option("--budget-tokens", type=click.IntRange(1), help="Stop after so many tokens."),
        click.option(
            "--budget-cost",
            type=click.FloatRange(0, min_open=True),
            help="Stop at this cost, in the currency of the endpoint's prices.",
        ),
    )
    for limit in reversed(limits):
        command = limit(command)
    return command


mra_option = click.option(
    "--mra-mode",
    type=click.Choice(MRA_MODES),
    default="exact",
    show_default=True,
    help="vsi_reference repeats the published VSI-Bench code with its float noise.",
)


@click.command("evaluate")
@click.argument("benchmark", type=click.Path(path_type=Path))
@case_folders
@click.option(
    "--endpoint", help="Endpoint by name or base URL; default: OPENAI_BASE_URL, or the only one set up."
)
@click.option("--model", help="Another model of that endpoint.")
@click.option(
    "--adapter", help="Instead of an endpoint: an installed adapter, or a command, that takes NIfTI volumes."
)
@click.option("--layout", type=click.Choice(LAYOUTS), default="orthogonal", show_default=True)
@click.option("--arm", "arms", type=click.Choice(ARMS), multiple=True, default=("normal",), show_default=True)
@click.option("--outlines", is_flag=True, help="Draw the structures' outlines.")
@click.option(
    "--out",
    type=Output(folder=True),
    required=True,
    help="The run's folder; the same command goes on where it stopped.",
)
@click.option("--max-tokens", type=click.IntRange(1), default=1024, show_default=True)
@budget_options
@click.option("--yes-send", is_flag=True, help="Agree that the pictures go to a remote endpoint.")
@mra_option
def evaluate_command(
    benchmark: Path,
    cases: tuple[Path, ...],
    endpoint: str | None,
    model: str | None,
    adapter: str | None,
    layout: Layout,
    arms: tuple[Arm, ...],
    outlines: bool,
    out: Path,
    max_tokens: int,
    budget_calls: int | None,
    budget_tokens: int | None,
    budget_cost: float | None,
    yes_send: bool,
    mra_mode: MraMode,
) -> None:
    """Run a model over a benchmark's questions.

    Every item ends in exactly one outcome.  The benchmark's history keeps which model was asked, how, and with what outcomes;
    the answers are in the run's folder.  Exit code 4: not everything was asked; the same command goes on.
    """
    if adapter and (endpoint or model):
        raise click.UsageError("--adapter takes the place of --endpoint and --model.")
    state = benchmarks.read(benchmark).state
    items = select_items(state)
    if not items:
        raise benchmarks.BenchmarkError(
            "there is no question to ask", where=benchmark, hint="Propose some, or review those it holds."
        )
    source = source_of(cases, state)
    if adapter:
        from napari_spatialmed.evaluation.adapters import open_adapter, run_adapter

        with open_adapter(adapter) as volume_model:
            summary = run_adapter(
                volume_model, items, source, out, title=state.title, mra_mode=mra_mode, on_progress=_printer()
            )
        _record(benchmark, out, summary)
        _end(summary, source)
        return
    chosen = resolve_endpoint(endpoint)
    if model:
        chosen = chosen.model_copy(update={"model": model})
    plan = Plan(layout, outlines, arms, {"max_tokens": max_tokens}, mra_mode)

    async def run() -> RunSummary:
        budget = Budget(calls=budget_calls, tokens=budget_tokens, cost=budget_cost)
        async with Client(
            chosen, data_set=data_set_of_benchmark(state, benchmark), allow_remote=yes_send, budget=budget
        ) as client:
            return await evaluate_benchmark(
                client, items, source, out, plan, title=state.title, on_progress=_printer()
            )

    try:
        summary = asyncio.run(run())
    except KeyboardInterrupt:
        click.echo("\nstopped; the same command goes on", err=True)
        raise SystemExit(EXIT_PARTLY_DONE) from None
    _record(benchmark, out, summary)
    _end(summary, source)


def name_of(benchmark: Path) -> str:
    """A benchmark file's name without its endings."""
    return benchmark.name.partition(".")[0]


def source_of(folders: tuple[Path, ...], state: State) -> CaseSource:
    """Cases below these folders, or opened on this machine before."""
    return CaseSource(
        folders,
        names={c.case: c.names for c in state.cases.values()},
        labels={c.case: c.label_sha256 for c in state.cases.values()},
        library=CaseLibrary(),
        keep=2 if any(second_case(q.question) for q in state.questions.values()) else 1,
    )


def _printer() -> Callable[[Progress], None]:
    """Progress on stderr: one line that is overwritten on a terminal, a line every ten seconds elsewhere."""
    terminal, last = sys.stderr.isatty(), [float("-inf")]

    def show(progress: Progress) -> None:
        now = time.monotonic()
        if now - last[0] < (0.2 if terminal else 10.0) and progress.done < progress.total:
            return
        last[0] = now
        counts = ", ".join(f"{n} {name}" for name, n in progress.outcomes.items() if n)
        left = "" if progress.eta is None else f" · {_duration(progress.eta)} left"
        cost = f" · {progress.cost:.4f} spent" if progress.cost else ""
        line = f"{progress.done}/{progress.total} · {counts}{left}{cost}"
        click.echo(f"\r{line:<100}" if terminal else line, err=True, nl=not terminal)

    return show


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
    )


def _record(benchmark: Path, out: Path, summary: RunSummary) -> None:
    """Keep in the benchmark that this model was asked; a file that can't be written is only said so."""
    if not summary.asked:
        return
    # A server's address may be private.
    told = {k: v for k, v in RunFolder(out).meta().items() if k not in ("endpoint", "base_url")}
    run = told | {
        "asked": summary.asked,
        "outcomes": {name: count for name, count in summary.outcomes.items() if count},
        "stopped": summary.stopped,
    }
    try:
        benchmarks.open(benchmark, actor="spatialmed evaluate", new=False).record_run(run)
    except benchmarks.BenchmarkError as error:
        click.echo(f"\nnote: the benchmark doesn't keep that this run was made: {error}", err=True)


def _end(summary: RunSummary, source: CaseSource) -> None:
    counts = ", ".join(f"{n} {name}" for name, n in summary.outcomes.items() if n) or "nothing"
    click.echo(
        f"\n{summary.asked} asked now ({counts}), {summary.resumed} before, of {summary.total}", err=True
    )
    if summary.stopped:
        click.echo(f"stopped: {summary.stopped}", err=True)
    for problem in source.unreadable[:5]:
        click.echo(f"note: not opened: {problem}", err=True)
    failed = summary.outcomes.get("error", 0) + summary.outcomes.get("timed out", 0)
    if summary.stopped or failed or summary.asked + summary.resumed < summary.total:
        raise SystemExit(EXIT_PARTLY_DONE)
