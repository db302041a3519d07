"""From proposals to the benchmark, for one case and for thousands.

Many cases are worked on by processes or by a cluster; one writer puts the results into the file, case by case, so that a
stop at any point loses at most the cases under way and a second run goes on where the first ended.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from napari_spatialmed.agents.proposal import Proposal, ProposalResult, Signature, signature_of
from napari_spatialmed.agents.team import TeamSettings, propose
from napari_spatialmed.benchmark import Benchmark, BenchmarkError, CaseRegistered, case_record
from napari_spatialmed.case import CaseFiles, open_case
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import Task, Verdict, audit

DONE = "case built"
"""Text of the note that marks a case as finished in the benchmark."""


@dataclass(frozen=True, slots=True)
class Job:
    """One case to work on: what a worker process is sent."""

    files: CaseFiles
    names: str | None
    count: int
    seed: int
    tasks: tuple[Task, ...] | None
    settings: TeamSettings
    patient: str | None = None

    @property
    def fingerprint(self) -> str:
        """What was asked for, without paths: a case built so before is not built again."""
        asked = [
            self.count,
            self.seed,
            self.tasks,
            self.settings.panel_rule,
            self.settings.permutations,
            self.settings.per_structure,
        ]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Built:
    """What a worker sends back, or why it failed."""

    record: CaseRegistered | None = None
    result: ProposalResult | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build came to: cases done, skipped because they were done before, and failed with their reasons."""

    done: int
    skipped: int
    failed: Mapping[str, str]
    accepted: int
    proposed: int
    constant: tuple[str, ...]


def record_result(benchmark: Benchmark, result: ProposalResult) -> tuple[int, int]:
    """Write all proposals of one case, accepted and rejected (rule H4); returns how many of each were new."""
    accepted = rejected = 0
    for proposal in result.proposals:
        if record_proposal(benchmark, proposal):
            accepted += proposal.state == "accepted"
            rejected += proposal.state == "rejected"
    return accepted, rejected


def record_proposal(benchmark: Benchmark, proposal: Proposal) -> bool:
    """Write one proposal; False if the same stands there already."""
    idea, question = proposal.idea, proposal.question
    if question is not None:
        if question.id in benchmark.state.questions:
            return False
        benchmark.propose(
            question, proposal.verdicts, accepted=proposal.state == "accepted", reason=proposal.reason
        )
        return True
    if any(
        (held.case, held.form, held.structures, held.reason)
        == (proposal.case, idea.form, idea.structures, proposal.reason)
        for held in benchmark.state.rejected_proposals
    ):
        return False
    benchmark.record_rejection(
        proposal.case,
        idea.task,
        form=idea.form,
        structures=idea.structures,
        rule=proposal.rule,
        reason=proposal.reason,
        verdicts=proposal.verdicts,
    )
    return True


def signatures_in(benchmark: Benchmark, case: str) -> set[Signature]:
    """What was proposed about a case before, accepted or not."""
    keys = [q.question.key for q in benchmark.state.questions.values() if q.question.case == case]
    found = {signature_of(key.form, key.structures, key.params) for key in keys}
    return found | {
        signature_of(r.form, r.structures, {}) for r in benchmark.state.rejected_proposals if r.case == case
    }


def volumes_of(geometry: CaseGeometry) -> dict[str, float]:
    """Volume in mL of every structure that has voxels."""
    survey, voxel = geometry.survey, geometry.case.voxel_ml
    counts = dict(zip(survey.labels.tolist(), survey.counts.tolist(), strict=True))
    return {s.name: counts[s.label] * voxel for s in geometry.case.structures if s.label in counts}


def work_on(job: Job) -> Built:
    """Open a case, let the team propose, send back the result: runs in a worker."""
    try:
        case = open_case(job.files.labels, job.files.image, names=job.names or job.files.names)
        geometry = CaseGeometry(case)
        result = propose(geometry, count=job.count, seed=job.seed, tasks=job.tasks, settings=job.settings)
        return Built(case_record(case, volumes_of(geometry), job.patient), result)
    except (SpatialMedError, OSError, MemoryError) as error:
        return Built(error=str(error) or type(error).__name__)


def build(
    benchmark: Benchmark,
    jobs: Sequence[Job],
    executor: Executor,
    *,
    on_case: Callable[[CaseFiles, Built], None] | None = None,
) -> BuildReport:
    """Work on many cases and write the results as they come.

    Parameters
    ----------
    benchmark
        The only writer.
    jobs
        One for each case; those that the file says are done are skipped.
    executor
        Worker processes, or a Dask client's executor.
    on_case
        Told after each case.
    """
    done_before = {
        str(note.payload.model_dump().get("source"))
        for note in benchmark.state.notes
        if note.payload.text == DONE
    }
    waiting = [job for job in jobs if _source(job) not in done_before]
    failed: dict[str, str] = {}
    done = accepted = proposed = 0
    futures: dict[Future[Built], Job] = {executor.submit(work_on, job): job for job in waiting}
    for future in as_completed(futures):
        job = futures[future]
        built = _outcome(future)
        if built.record is None or built.result is None:
            failed[job.files.key] = built.error
        else:
            held = benchmark.state.cases.get(built.record.case)
            if held != built.record:
                benchmark.append("case_registered", built.record)
            new_accepted, new_rejected = record_result(benchmark, built.result)
            benchmark.append("note", {"text": DONE, "source": _source(job), "case": built.record.case})
            done += 1
            accepted += new_accepted
            proposed += new_accepted + new_rejected
        if on_case is not None:
            on_case(job.files, built)
    return BuildReport(
        done, len(jobs) - len(waiting), failed, accepted, proposed, apply_corpus_rules(benchmark)
    )


def apply_corpus_rules(benchmark: Benchmark) -> tuple[str, ...]:
    """Reject questions whose relation is the same in every patient (rule P1); returns their ids."""
    pending = [q.question for q in benchmark.state.questions.values() if q.accepted]
    constant = audit(pending).constant_questions
    for question_id in constant:
        reason = "Its relation is the same in every patient of this benchmark: anatomy, not this scan."
        verdict = Verdict(member="corpus", rule="P1", passed=False, reason=reason)
        benchmark.give_verdicts(question_id, [verdict], accepted=False, reason=reason)
    return tuple(constant)


def patient_of(path: Path, pattern: str | None) -> str | None:
    """A pseudonym for the patient whose identifier `pattern` (one group) finds in a path; never the identifier itself."""
    if pattern is None:
        return None
    found = re.search(pattern, str(path))
    if found is None:
        raise BenchmarkError(
            f"the pattern {pattern!r} finds no patient",
            where=path,
            hint="It needs one group, e.g. '(sub-\\d+)'.",
        )
    identifier = found.group(1) if found.groups() else found.group(0)
    return "patient-" + hashlib.sha256(identifier.encode()).hexdigest()[:12]


def _source(job: Job) -> str:
    """Says which files and wishes a note is about, giving neither away."""
    files = json.dumps(
        [str(job.files.labels.resolve()), str(job.files.image and Path(job.files.image).resolve())]
    )
    return hashlib.sha256(f"{files}|{job.fingerprint}".encode()).hexdigest()[:24]


def _outcome(future: Future[Built]) -> Built:
    try:
        return future.result()
    except BrokenProcessPool:
        return Built(error="its worker process died (out of memory?)")
