"""`spatialmed score` and `spatialmed report`: what answers are worth, and runs side by side."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import click

from napari_spatialmed import benchmark as benchmarks
from napari_spatialmed.benchmark import State
from napari_spatialmed.cli import EXIT_PARTLY_DONE
from napari_spatialmed.cli.evaluate import (
    MRA_MODES,
    budget_options,
    case_folders,
    mra_option,
    name_of,
    source_of,
)
from napari_spatialmed.cli.outputs import Output
from napari_spatialmed.evaluation.judging import Judged
from napari_spatialmed.evaluation.runplan import data_set_of_benchmark
from napari_spatialmed.evaluation.scoring import MraMode
from napari_spatialmed.llm import Budget, Client, resolve_endpoint


@click.command("score")
@click.argument("predictions", type=click.Path(path_type=Path))
@click.option(
    "--benchmark", type=click.Path(path_type=Path), required=True, help="The benchmark the answers are for."
)
@click.option("--model", default="", help="Name for the report; default: the file's name.")
@click.option(
    "--out",
    type=Output(folder=True),
    help="Also write a run's folder, for `spatialmed report`.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
@mra_option
def score_command(
    predictions: Path, benchmark: Path, model: str, out: Path | None, as_json: bool, mra_mode: MraMode
) -> None:
    """Score answers made elsewhere: a JSON line {"id": …, "text": …} for each question.

    Every question counts: one without an answer scores 0 and is listed as an error.
    """
    from napari_spatialmed.evaluation.predictions import score_predictions

    state = benchmarks.read(benchmark).state
    result = score_predictions(
        predictions, state, model=model or predictions.stem, mra_mode=mra_mode, out=out
    )
    click.echo(result.to_json() if as_json else result.table())
    for note in result.notes:
        click.echo(f"note: {note}", err=True)
    if result.missing:
        raise SystemExit(EXIT_PARTLY_DONE)


@click.command("report")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--benchmark", type=click.Path(path_type=Path), required=True, help="The benchmark the runs are over."
)
@case_folders
@click.option("--out", type=Output(), default="report.html", show_default=True)
@click.option("--mra-mode", type=click.Choice(MRA_MODES), help="Score open answers again in this mode.")
@click.option(
    "--judge",
    help="Endpoint of a text model that finds claims in explanations which the parser misses; each is checked by arithmetic.",
)
@budget_options
@click.option("--yes-send", is_flag=True, help="Agree that the explanations go to a remote judge.")
def report_command(
    runs: tuple[Path, ...],
    benchmark: Path,
    cases: tuple[Path, ...],
    out: Path,
    mra_mode: MraMode | None,
    judge: str | None,
    budget_calls: int | None,
    budget_tokens: int | None,
    budget_cost: float | None,
    yes_send: bool,
) -> None:
    """Write the report of one or more runs as one HTML file.

    With --cases the worst items are shown with their pictures.  Exit code 4: the judge didn't read every explanation; the same
    command goes on.
    """
    from napari_spatialmed.evaluation.report import write_report

    budget = Budget(calls=budget_calls, tokens=budget_tokens, cost=budget_cost)
    if judge is None and (yes_send or budget_calls or budget_tokens or budget_cost):
        raise click.UsageError("--yes-send and the budget are for --judge; a report alone sends nothing.")
    state = benchmarks.read(benchmark).state
    source = source_of(cases, state)
    judged = None
    if judge is not None:
        judged = asyncio.run(
            _judge(
                judge,
                runs,
                state,
                data_set_of_benchmark(state, benchmark),
                budget=budget,
                yes_send=yes_send,
            )
        )
    written = write_report(
        runs, state, out, find_case=source, mra_mode=mra_mode, judged=judged, title=name_of(benchmark)
    )
    click.echo(str(written.path))
    for note in written.notes:
        click.echo(f"note: {note}", err=True)
    if judged is not None and (judged.stopped or judged.failed):
        raise SystemExit(EXIT_PARTLY_DONE)


async def _judge(
    name: str, runs: tuple[Path, ...], state: State, data_set: str, *, budget: Budget, yes_send: bool
) -> Judged:
    from napari_spatialmed.evaluation.judging import judge_runs
    from napari_spatialmed.evaluation.results import read_items

    terminal, last = sys.stderr.isatty(), [time.monotonic()]

    def show(done: int, total: int) -> None:
        now = time.monotonic()
        if now - last[0] < (0.2 if terminal else 10.0) and done < total:
            return
        last[0] = now
        text = f"{done}/{total} explanations judged"
        click.echo(f"\r{text}" if terminal else text, err=True, nl=not terminal or done == total)

    async with Client(
        resolve_endpoint(name), data_set=data_set, allow_remote=yes_send, budget=budget
    ) as client:
        return await judge_runs(client, runs, read_items(state), on_progress=show)
