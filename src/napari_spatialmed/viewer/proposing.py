"""The job behind the Propose dock: the team at work in a thread, each step handed over as it happens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_spatialmed.agents import Progress, ProposalResult, TeamSettings, propose_async
from napari_spatialmed.agents.measured import OthersKnown, measured, note_new, others_known
from napari_spatialmed.agents.models import ModelTeam
from napari_spatialmed.agents.recording import signatures_in, volumes_of
from napari_spatialmed.benchmark import Benchmark, Funnel
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.viewer.team_form import TeamRequest
from napari_spatialmed.viewer.work import Job


def funnel_text(funnel: Funnel) -> str:
    """The funnel in a line: how many each stage took out."""
    total = funnel.total
    return (
        f"{total.proposed} proposed · {total.rules} stopped by rules · {total.validator} by the validator · "
        f"{total.panel} by the blind panel · {total.waiting} to review"
    )


@dataclass(frozen=True, slots=True)
class Proposed:
    """What came of it, and which other patients the numbers were compared with."""

    result: ProposalResult
    others: OthersKnown


async def propose_in_job(
    job: Job, geometry: CaseGeometry, benchmark: Benchmark, request: TeamRequest
) -> Proposed:
    """Let the team propose what isn't in the benchmark yet; every `Progress` goes to the job's `part`.

    The case is measured for the questions about others; other scans are not: what the benchmark holds of them is used.
    """
    case = geometry.case
    settings = TeamSettings(
        per_structure=request.per_structure,
        panel_rule="paper" if request.panel_rule == "paper" else "majority",
        concurrency=1 if request.generator is None else 4,
    )
    members = ModelTeam(
        generator=request.generator,
        judge=request.judge,
        readers=request.readers,
        data_set=case.id,
        journal=Path(benchmark.path).with_suffix(".calls.jsonl"),
        settings=settings,
        seed=request.seed,
    )
    await members.check()
    benchmark.register_case(case, volumes_ml=volumes_of(geometry))
    note_new(benchmark, [measured(geometry)])
    known = others_known(benchmark.state, case.id)

    def tell(event: Progress) -> None:
        job.check()
        job.progress(event.accepted / max(event.wanted, 1), f"{event.accepted} of {event.wanted} accepted")
        job.part(event)

    result = await members.run(
        propose_async,
        geometry,
        count=request.count,
        seed=request.seed,
        tasks=request.tasks,
        settings=settings,
        taken=signatures_in(benchmark, case.id),
        known=known.numbers,
        on_event=tell,
        cancelled=lambda: job.cancelled,
    )
    return Proposed(result, known)
