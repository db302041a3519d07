"""`spatialmed build`: the agent team over many labelled scans, on this machine, on a cluster, or with models."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from napari_spatialmed.agents import TeamSettings
from napari_spatialmed.agents.baseline import NAME, above_chance, held_out_blind
from napari_spatialmed.agents.building import (
    BuildReport,
    Built,
    Job,
    Runner,
    build,
    with_earlier_scans,
)
from napari_spatialmed.agents.models import ModelTeam
from napari_spatialmed.agents.patients import patient_of
from napari_spatialmed.agents.running import on_cluster, on_processes, with_models
from napari_spatialmed.agents.team import run_async
from napari_spatialmed.benchmark import Benchmark
from napari_spatialmed.case import discover
from napari_spatialmed.cli import EXIT_PARTLY_DONE
from napari_spatialmed.cli.outputs import Output
from napari_spatialmed.cli.stats import print_funnel
from napari_spatialmed.cli.team_options import TeamOptions, team_options
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.questions import PAPER_TASKS, Task, audit
from napari_spatialmed.whole import write_result
from napari_spatialmed.wording import counted


@click.command("build")
@click.option(
    "--cases", "pattern", required=True, help="A folder, or a pattern in quotes such as 'data/*/seg.nii.gz'."
)
@click.option("--names", help="Names table for all cases; guessed for each if not given.")
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
    help="Processes on this machine; with models, cases at a time.",
)
@click.option(
    "--scheduler", help="Address of a Dask scheduler, e.g. tcp://host:8786, instead of processes here."
)
@click.option(
    "--patient",
    "patient_pattern",
    metavar="REGEX",
    help="Finds the patient in a path: splits keep a patient's scans together, and scans of one patient are compared. "
    "Only its hash is kept.",
)
@click.option("--funnel", "funnel_file", type=Output(), help="Write the funnel as JSON.")
@team_options
def build_command(
    pattern: str,
    names: str | None,
    per_case: int,
    workers: int,
    scheduler: str | None,
    patient_pattern: str | None,
    funnel_file: Path | None,
    team: TeamOptions,
) -> None:
    """Propose questions over many cases.

    Without --endpoint, --judge, --panel and --pubmed no model is asked and nothing leaves this machine.  Stop it at any
    time: the same command goes on where it ended, and no call to a model is paid for twice.  A case that can't be read is
    reported and left out.  Rules over the whole corpus are applied at the end.
    """
    settings = team.settings()
    members = team.members(settings)
    asks = bool(members.endpoints or team.email)
    if asks and scheduler is not None:
        raise click.UsageError("--scheduler is for the offline team: models are asked from this machine.")
    jobs = _jobs(pattern, names, per_case, team, settings, patient_pattern)
    if asks:
        run_async(members.check())
        jobs = [replace(job, team=_who(members)) for job in jobs]
    runner: Runner = on_processes(workers)
    if scheduler is not None:
        runner = on_cluster(scheduler)
    elif asks:
        runner = with_models(members, workers)
    benchmark = team.open_benchmark()
    started = time.perf_counter()
    report = build(benchmark, jobs, runner, on_case=_tell)
    seconds = time.perf_counter() - started
    funnel = benchmark.state.funnel()
    print_funnel(funnel)
    if funnel_file is not None:
        write_result(funnel_file, json.dumps(funnel.to_dict(), indent=1) + "\n")
    click.echo(
        f"{counted(report.done, 'case')} built, {report.skipped} were built before, {len(report.failed)} failed; "
        f"{counted(report.accepted, 'question')} accepted of {report.proposed} proposed in {seconds:.0f} s "
        f"({60 * report.accepted / max(seconds, 1e-9):.0f} a minute) → {team.path}"
    )
    _print_corpus(benchmark, report)
    if report.halted:
        click.echo(f"spatialmed: stopped: {report.halted}", err=True)
        click.echo("spatialmed: the same command goes on from here", err=True)
    if report.failed or report.halted:
        sys.exit(EXIT_PARTLY_DONE)


def _jobs(
    pattern: str,
    names: str | None,
    per_case: int,
    team: TeamOptions,
    settings: TeamSettings,
    patient: str | None,
) -> list[Job]:
    jobs = [
        Job(
            files,
            names,
            per_case,
            team.seed,
            _rotated(team.tasks or PAPER_TASKS, place),
            settings,
            patient_of(files.labels, patient),
        )
        for place, files in enumerate(discover(pattern))
    ]
    if not jobs:
        raise SpatialMedError(
            "no labelled scans were found", where=pattern, hint="Give a folder, or a pattern in quotes."
        )
    return with_earlier_scans(jobs)


def _tell(job: Job, built: Built) -> None:
    accepted = f"{len(built.result.accepted)} accepted" if built.result else ""
    click.echo(f"{job.files.key}: {'; '.join(filter(None, (accepted, built.error)))}", err=True)


def _who(team: ModelTeam) -> str:
    """The members that are not the offline ones, without addresses' secrets: what a case was built by."""
    named = {"generator": team.generator, "judge": team.judge} | {
        f"reader {number}": reader for number, reader in enumerate(team.readers)
    }
    words = [f"{role} {e.model} at {e.base_url}" for role, e in named.items() if e is not None]
    return "; ".join([*words, *(["PubMed"] if team.email else [])])


def _rotated(tasks: Sequence[Task], place: int) -> tuple[Task, ...]:
    """Another task first for each case: with fewer questions a case than tasks, every task still gets its share."""
    turn = place % len(tasks)
    return (*tasks[turn:], *tasks[:turn])


def _print_corpus(benchmark: Benchmark, report: BuildReport) -> None:
    """What the rules over the corpus turned down, and what they say of the rest (rules O3, P1, P3)."""
    corpus = report.corpus
    for rule, found, why in (
        ("P1", corpus.constant, "the same in every patient"),
        ("P3 or O3", corpus.surplus, "a word or a rank that is right too often"),
        ("", corpus.twice, "asked before of the same scan"),
    ):
        if found:
            by = f" by rule {rule}" if rule else ""
            click.echo(f"{len(found)} questions turned down{by}: {why}")
    asked = [q.question for q in benchmark.state.questions.values() if q.accepted]
    choices = [q for q in asked if not q.is_open]
    if not choices:
        return
    patients = {case: record.patient for case, record in benchmark.state.cases.items()}
    right = held_out_blind(asked, patients)
    share = sum(right[q.id] for q in choices) / len(choices)
    chance = sum(1 / len(q.options) for q in choices) / len(choices)
    click.echo(f"{NAME}: {share:.1%} right of {len(choices)} multiple-choice questions; chance {chance:.1%}")
    for verdict in audit(asked, blind=right).verdicts:
        if verdict.passed is False:
            click.echo(f"audit, rule {verdict.rule}: {verdict.reason}")
    if leaks := above_chance(asked, right):
        told = ", ".join(f"{b.name} {b.accuracy:.0%} of {b.items}" for b in leaks)
        click.echo(f"other patients tell: {told}")
