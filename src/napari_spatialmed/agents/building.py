"""From labelled scans to a benchmark, for one case and for thousands.

Many cases are worked on at a time (`running.py` says where); one writer puts the results into the file, case by case, so
that a stop at any point loses at most the cases under way and a second run goes on where the first ended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from napari_spatialmed.agents.corpus_rules import CorpusRules, apply_corpus_rules
from napari_spatialmed.agents.measured import Measured, collection_of, measured_in, note_measured, patients_in
from napari_spatialmed.agents.proposal import ProposalResult
from napari_spatialmed.agents.recording import record_result, volumes_of
from napari_spatialmed.agents.team import TeamSettings, propose
from napari_spatialmed.agents.usual_values import Figures, Key, figures_of
from napari_spatialmed.benchmark import Benchmark, CaseRegistered, case_record
from napari_spatialmed.case import Case, CaseFiles, open_case
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import Task
from napari_spatialmed.questions.usual import Usual

DONE = "case built"
"""Text of the note that marks a case as finished in the benchmark."""


@dataclass(frozen=True, slots=True)
class Job:
    """One case to work on: what a worker process is sent.

    Attributes
    ----------
    earlier
        Another scan of the same patient, for questions that compare the two.
    team
        Which models are asked, in words; empty for the offline team.  A case built by another team is built again.
    known
        What the numbers of this case usually are in other patients.
    only_measure
        Whether to measure for `known` of the others, and propose nothing yet.
    """

    files: CaseFiles
    names: str | None
    count: int
    seed: int
    tasks: tuple[Task, ...] | None
    settings: TeamSettings
    patient: str | None = None
    earlier: CaseFiles | None = None
    team: str = ""
    known: Mapping[Key, Usual] = field(default_factory=dict)
    only_measure: bool = False

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
            *([self.team] if self.team else []),
            *(["earlier"] if self.earlier else []),
        ]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]

    @property
    def source(self) -> str:
        """Says which files and wishes a note is about, giving neither away."""
        named = [self.files.labels, self.files.image, *([self.earlier.labels] if self.earlier else [])]
        return _digest(named, self.fingerprint)

    @property
    def scan(self) -> str:
        """Says which files are meant, giving them away as little."""
        return _digest([self.files.labels, self.files.image], self.names or "")


@dataclass(frozen=True, slots=True)
class Built:
    """What a worker sends back, or why it failed.

    Attributes
    ----------
    records
        The case, and the earlier one it was compared with.
    halted
        Whether something from outside ended it (a budget, a server): it is to be built again.
    case, figures
        Of a case that was only measured.
    """

    records: tuple[CaseRegistered, ...] = ()
    result: ProposalResult | None = None
    error: str = ""
    halted: bool = False
    case: str = ""
    figures: Figures | None = None


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build came to: cases done, skipped because they were done before, and failed with their reasons.

    `halted` says what ended it early, `corpus` what the rules over the whole corpus turned down.
    """

    done: int
    skipped: int
    failed: Mapping[str, str]
    accepted: int
    proposed: int
    corpus: CorpusRules
    halted: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """The scans of one job, ready to be asked about."""

    geometry: CaseGeometry
    others: Mapping[str, CaseGeometry]
    patient: str | None

    @property
    def records(self) -> tuple[CaseRegistered, ...]:
        """What the benchmark keeps of them."""
        return tuple(
            case_record(g.case, volumes_of(g), self.patient) for g in (*self.others.values(), self.geometry)
        )


Finish = Callable[[Job, Built], None]
Runner = Callable[[Sequence[Job], Finish], None]
"""Works on all jobs and hands each result over as it comes, in the caller's thread."""


def open_job(job: Job) -> Opened:
    """Open a job's scans.

    An earlier scan that can't be read or compared (the same scan again, another modality) is left out.

    Raises
    ------
    SpatialMedError
        If the case can't be read.
    """
    case = _open(job.files, job.names)
    others: dict[str, CaseGeometry] = {}
    if job.earlier is not None:
        try:
            earlier = _open(job.earlier, job.names)
        except SpatialMedError:
            earlier = case  # its own job says what is wrong with it
        if comparable(case, earlier):
            others[earlier.id] = CaseGeometry(earlier)
    return Opened(CaseGeometry(case), others, job.patient)


def comparable(case: Case, other: Case) -> bool:
    """Whether two cases are two scans that one can compare: not the same one, and of one modality."""
    return case.id != other.id and case.modality == other.modality


def work_on(job: Job) -> Built:
    """Open a case, let the offline team propose, send back the result: runs in a worker."""
    try:
        opened = open_job(job)
        if job.only_measure:
            return Built(case=opened.geometry.case.id, figures=figures_of(opened.geometry))
        result = propose(
            opened.geometry,
            count=job.count,
            seed=job.seed,
            tasks=job.tasks,
            settings=job.settings,
            others=opened.others,
            known=job.known,
        )
        return Built(opened.records, result)
    except (SpatialMedError, OSError, MemoryError) as error:
        return Built(error=str(error) or type(error).__name__)


def build(
    benchmark: Benchmark,
    jobs: Sequence[Job],
    run: Runner,
    *,
    on_case: Finish | None = None,
) -> BuildReport:
    """Work on many cases and write the results as they come.

    Parameters
    ----------
    benchmark
        The only writer.
    jobs
        One for each case; those that the file says are done are skipped.
    run
        Where they run: `running.on_processes`, `running.on_cluster` or `running.with_models`.
    on_case
        Told after each case.
    """
    done_before = {
        str(note.payload.model_dump().get("source"))
        for note in benchmark.state.notes
        if note.payload.text == DONE
    }
    waiting = [job for job in jobs if job.source not in done_before]
    failed: dict[str, str] = {}
    counts = {"done": 0, "accepted": 0, "proposed": 0}
    halted: list[str] = []

    def finish(job: Job, built: Built) -> None:
        for record in built.records:
            if benchmark.state.cases.get(record.case) != record:
                benchmark.append("case_registered", record)
        if built.result is not None:
            accepted, rejected = record_result(benchmark, built.result)
            counts["accepted"] += accepted
            counts["proposed"] += accepted + rejected
        if built.halted:
            halted.append(built.error)
        elif built.error or not built.records:
            failed[job.files.key] = built.error
        else:
            benchmark.append("note", {"text": DONE, "source": job.source, "case": built.records[-1].case})
            counts["done"] += 1
        if on_case is not None:
            on_case(job, built)

    known = _measured(benchmark, jobs, run, finish)
    run([replace(job, known=known(job)) for job in waiting if job.files.key not in failed], finish)
    return BuildReport(
        counts["done"],
        len(jobs) - len(waiting),
        failed,
        counts["accepted"],
        counts["proposed"],
        apply_corpus_rules(benchmark),
        halted[0] if halted else "",
    )


def _measured(
    benchmark: Benchmark, jobs: Sequence[Job], run: Runner, finish: Finish
) -> Callable[[Job], dict[Key, Usual]]:
    """Measure the scans that were not measured before; what each job's numbers usually are in other patients.

    The figures are kept in the file: a second run asks the same, and scans that come later are told of the first.
    """
    held = measured_in(benchmark.state)

    def keep(job: Job, built: Built) -> None:
        if built.figures is None:
            finish(job, built)
        else:
            held[job.scan] = Measured(job.scan, built.case, built.figures)
            note_measured(benchmark, held[job.scan])

    run([replace(job, only_measure=True) for job in jobs if job.scan not in held], keep)
    patients = patients_in(benchmark.state) | {
        held[job.scan].case: job.patient for job in jobs if job.patient and job.scan in held
    }
    collection = collection_of(held.values(), patients)

    def known(job: Job) -> dict[Key, Usual]:
        case = held[job.scan].case if job.scan in held else ""
        return collection.known_to(patients.get(case, case))

    return known


def with_earlier_scans(jobs: Sequence[Job]) -> list[Job]:
    """Give each job the patient's scan before it, in the order of the jobs, where there is one."""
    before: dict[str, CaseFiles] = {}
    found = []
    for job in jobs:
        earlier = before.get(job.patient) if job.patient else None
        found.append(job if earlier is None else replace(job, earlier=earlier))
        if job.patient:
            before[job.patient] = job.files
    return found


def _digest(paths: Sequence[Path | None], more: str) -> str:
    files = json.dumps([str(path and Path(path).resolve()) for path in paths])
    return hashlib.sha256(f"{files}|{more}".encode()).hexdigest()[:24]


def _open(files: CaseFiles, names: str | None) -> Case:
    return open_case(files.labels, files.image, names=names or files.names)
