"""How fast the team proposes, offline: questions per minute over labelled scans, and what every stage let through.

    python benchmarks/team.py FOLDER [--per-case 12] [--workers 2] [--patient REGEX]

Builds a benchmark in a temporary folder as `spatialmed build` does, then recomputes every accepted answer from the labels.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from napari_spatialmed import benchmark
from napari_spatialmed.agents import TeamSettings
from napari_spatialmed.agents.baseline import held_out_blind
from napari_spatialmed.agents.building import Job, build
from napari_spatialmed.agents.patients import patient_of
from napari_spatialmed.agents.running import on_processes
from napari_spatialmed.case import discover, open_case
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import audit, recompute


def main() -> None:
    """Build, time, verify, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--per-case", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--patient")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    files = discover(options.folder)
    jobs = [
        Job(
            f,
            None,
            options.per_case,
            options.seed,
            None,
            TeamSettings(),
            patient_of(f.labels, options.patient),
        )
        for f in files
    ]
    with tempfile.TemporaryDirectory() as folder:
        book = benchmark.create(Path(folder) / "b.spatialmed.jsonl", actor="benchmark")
        started = time.perf_counter()
        report = build(book, jobs, on_processes(options.workers))
        seconds = time.perf_counter() - started
        size = (Path(folder) / "b.spatialmed.jsonl").stat().st_size
    accepted = {q.question.id: q.question for q in book.state.questions.values() if q.accepted}
    patients = {case: record.patient for case, record in book.state.cases.items()}
    checked, mismatches = verify(files, accepted)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = spent.ru_maxrss / 1024
    print(f"cases {report.done}, failed {len(report.failed)}, patients {len(set(patients.values()))}")
    print(
        f"proposed {report.proposed}, accepted {report.accepted}, in {seconds:.1f} s with {options.workers} workers"
    )
    print(
        f"{60 * report.accepted / seconds:.0f} accepted and {60 * report.proposed / seconds:.0f} proposed questions a minute"
    )
    print(f"processor time of the workers {spent.ru_utime + spent.ru_stime:.1f} s")
    print(
        f"largest worker {peak:.0f} MB, file {size / 1e6:.2f} MB; {checked} answers recomputed, {mismatches} mismatches"
    )
    print(book.state.funnel().to_dict()["total"], dict(book.state.funnel().by_rule))
    print(audit(list(accepted.values()), blind=held_out_blind(list(accepted.values()), patients)).text())


def verify(files: list, accepted: dict) -> tuple[int, int]:  # type: ignore[type-arg]
    """Recompute every accepted answer from the labels; (checked, mismatches)."""
    checked = mismatches = 0
    for found in files:
        try:
            case = open_case(found.labels, found.image, names=found.names)
        except SpatialMedError:
            continue
        geometry = CaseGeometry(case)
        for question in [
            q for q in accepted.values() if q.case == case.id and q.label_sha256 == case.label_sha256()
        ]:
            checked += 1
            mismatches += not recompute(question, geometry).matches
    return checked, mismatches


if __name__ == "__main__":
    main()
