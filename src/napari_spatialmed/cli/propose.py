"""`spatialmed propose`: the agent team fills a benchmark file with questions about one scan, without a window."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from napari_spatialmed import benchmark as benchmarks
from napari_spatialmed.agents import Progress, propose_async
from napari_spatialmed.agents.building import comparable
from napari_spatialmed.agents.measured import (
    Measured,
    measured,
    measured_in,
    note_new,
    others_known,
    patients_in,
)
from napari_spatialmed.agents.patients import pseudonym
from napari_spatialmed.agents.recording import record_proposal, signatures_in, volumes_of
from napari_spatialmed.agents.team import run_async
from napari_spatialmed.benchmark import BenchmarkError
from napari_spatialmed.case import Case, discover, open_case
from napari_spatialmed.cli import EXIT_PARTLY_DONE
from napari_spatialmed.cli.cases import case_options, load_case, note_place
from napari_spatialmed.cli.stats import print_funnel
from napari_spatialmed.cli.team_options import TeamOptions, team_options
from napari_spatialmed.errors import SpatialMedError
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
@click.option(
    "--other-patients",
    "elsewhere",
    metavar="CASES",
    multiple=True,
    help="Measure scans of other patients first (a folder, or a pattern in quotes), or take what another benchmark has "
    "measured: numbers that these tell are asked for less often, or not at all.",
)
@team_options
def propose_command(
    labels: Path,
    image: Path | None,
    names: str | None,
    count: int,
    earlier: Path | None,
    earlier_image: Path | None,
    patient: str | None,
    elsewhere: tuple[str, ...],
    team: TeamOptions,
) -> None:
    """Let the agent team propose questions about LABELS into a benchmark file.

    Without --endpoint, --judge and --panel no model is asked and nothing leaves this machine.  Every proposal is recorded,
    accepted or rejected with its rule.  Run it again for more questions.  Other patients' scans that the benchmark file has
    measured (as `build` does, and this command for LABELS) are compared with: what they tell is no fair question.
    """
    if earlier_image is not None and earlier is None:
        raise click.UsageError("--earlier-image goes with --earlier.")
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
        note_place(scan.case)

    note_new(benchmark, [measured(geometry)])
    for place in elsewhere:
        note_new(benchmark, _measured_elsewhere(place, names, case))
    known = others_known(benchmark.state, case.id)
    click.echo(str(known), err=True)

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
            known=known.numbers,
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


def _measured_elsewhere(place: str, names: str | None, case: Case) -> list[Measured]:
    """What a benchmark has measured of other patients than the case's, or what labelled scans give when measured now."""
    if place.endswith(benchmarks.SUFFIX):
        state = benchmarks.read(place).state
        patients = patients_in(state)
        own = patients.get(case.id, case.id)
        return [m for m in measured_in(state).values() if patients.get(m.case, m.case) != own]
    found = []
    for files in discover(place):
        try:
            other = open_case(files.labels, files.image, names=names or files.names)
        except SpatialMedError as error:
            click.echo(f"note: not measured: {error}", err=True)
            continue
        if other.id != case.id:
            found.append(measured(CaseGeometry(other)))
    return found


def _patient(known: object, case: Case, before: Case | None) -> str | None:
    """The patient that a scan was registered with before; two scans that are compared share one."""
    records = known if isinstance(known, dict) else {}
    for scan in (case, before):
        if scan is not None and scan.id in records:
            return str(records[scan.id].patient)
    return None if before is None else before.id
