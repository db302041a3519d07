"""`spatialmed propose`: the agent team fills a benchmark file with questions about one scan, without a window."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from napari_spatialmed.agents import Progress, propose_async
from napari_spatialmed.agents.building import comparable
from napari_spatialmed.agents.patients import pseudonym
from napari_spatialmed.agents.recording import record_proposal, signatures_in, volumes_of
from napari_spatialmed.agents.team import run_async
from napari_spatialmed.benchmark import BenchmarkError
from napari_spatialmed.case import Case
from napari_spatialmed.cli import EXIT_PARTLY_DONE
from napari_spatialmed.cli.cases import case_options, load_case
from napari_spatialmed.cli.journal import print_funnel
from napari_spatialmed.cli.team_options import TeamOptions, team_options
from napari_spatialmed.geometry import CaseGeometry


@click.command("propose")
@case_options
@click.option(
    "--count", type=click.IntRange(1), default=12, show_default=True, help="Accepted questions wanted."
)
@click.option(
    "--earlier",
    type=click.Path(path_type=Path),
    help="Labels of another scan of the same patient: questions may compare the two.",
)
@click.option(
    "--earlier-image", type=click.Path(path_type=Path), help="The scan that the earlier labels belong to."
)
@click.option("--patient", metavar="NAME", help="Whose scan it is; only a hash is kept.")
@team_options
def propose_command(
    labels: Path,
    image: Path | None,
    names: str | None,
    count: int,
    earlier: Path | None,
    earlier_image: Path | None,
    patient: str | None,
    team: TeamOptions,
) -> None:
    """Let the agent team propose questions about LABELS into a benchmark file.

    Without --endpoint, --judge and --panel no model is asked and nothing leaves this machine.  Every proposal is recorded,
    accepted or rejected with its rule.  Run it again for more questions.
    """
    case = load_case(labels, image, names)
    before = None if earlier is None else _earlier(load_case(earlier, earlier_image, names), case, earlier)
    settings = team.settings(concurrency=1 if team.endpoint is None else 4)
    members = team.members(settings, data_set=case.id)
    run_async(members.check())
    benchmark = team.open_benchmark()
    geometry = CaseGeometry(case)
    others = {} if before is None else {before.id: CaseGeometry(before)}
    whose = pseudonym(patient) if patient else _patient(benchmark.state.cases, case, before)
    for scan in (*others.values(), geometry):
        benchmark.register_case(scan.case, volumes_ml=volumes_of(scan), patient=whose)

    def keep(event: Progress) -> None:
        if event.proposal is not None:
            record_proposal(benchmark, event.proposal)
            if sys.stderr.isatty():  # in a log the lines would run into one
                click.echo(f"\r{event.accepted} of {count} accepted", nl=False, err=True)

    started = time.perf_counter()
    result = run_async(
        members.run(
            propose_async,
            geometry,
            count=count,
            seed=team.seed,
            tasks=team.tasks,
            settings=settings,
            taken=signatures_in(benchmark, case.id),
            others=others,
            on_event=keep,
        )
    )
    if sys.stderr.isatty():
        click.echo("", err=True)
    print_funnel(result.funnel)
    click.echo(
        f"{len(result.accepted)} of {count} accepted in {time.perf_counter() - started:.1f} s → {team.path}"
    )
    if len(result.accepted) < count:
        click.echo(f"spatialmed: fewer than asked for: {result.stopped}", err=True)
        sys.exit(EXIT_PARTLY_DONE)


def _earlier(before: Case, case: Case, path: Path) -> Case:
    """The other scan, if the two can be compared."""
    if not comparable(case, before):
        same = "is the same scan" if before.id == case.id else f"is {before.modality}, not {case.modality}"
        raise BenchmarkError(
            f"the earlier scan {same}", where=path, hint="Compare two scans of one patient and modality."
        )
    return before


def _patient(known: object, case: Case, before: Case | None) -> str | None:
    """The patient that a scan was registered with before; two scans that are compared share one."""
    records = known if isinstance(known, dict) else {}
    for scan in (case, before):
        if scan is not None and scan.id in records:
            return str(records[scan.id].patient)
    return None if before is None else before.id
