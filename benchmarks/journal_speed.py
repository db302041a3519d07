"""How long saving an edit and opening a large benchmark take.

    python benchmarks/journal_speed.py [--questions 10000] [--saves 2000] [--folder DIR]

A bare write and fsync of as many bytes on the same disk is timed beside.  Bars: a save p50 < 5 ms and p99 < 50 ms; opening 10,000 questions with 45,000 events < 2 s.  The disk decides the first
figure: give `--folder` on the disk that matters.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from pathlib import Path

from napari_spatialmed import benchmark
from napari_spatialmed.benchmark.events import QuestionProposed, ReviewSubmitted, checked_payload
from napari_spatialmed.questions.model import AnswerKey, Question, Verdict

EVIDENCE = {
    "calculator": "surface_distance_mm", "value": 23.4, "unit": "mm", "uncertainty": 1.2, "method": "voxel centres",
    "structures": ["liver", "spleen"], "flags": [], "detail": {"points_ras_mm": [[1.5, 2.5, 3.5], [4.5, 5.5, 6.5]]},
}  # fmt: skip
VERDICTS = tuple(
    Verdict(member="rules", rule=r, passed=True, reason="Passed.")
    for r in ("G3", "U2", "U3", "U6", "O1", "O5")
)


def question(number: int) -> Question:
    """A question of ordinary size."""
    return Question(
        id=f"q-{number:012x}",
        case=f"case-{number // 20:012x}",
        key=AnswerKey(
            task="DIST",
            form="dist.surface_value",
            structures=("liver", "spleen"),
            params={"options": [10, 23, 40, 60]},
        ),
        stem=f"What is the smallest distance between the liver and the spleen in scan {number}?",
        options=("10 mm", "23 mm", "40 mm", "60 mm"),
        answer="B",
        truth=23.4,
        unit="mm",
        uncertainty=1.2,
        evidence=(EVIDENCE,),
        rules=tuple(v.rule for v in VERDICTS),
        label_sha256="0" * 64,
        provenance={"proposer": "deterministic", "seed": 0},
    )


def fill(path: Path, questions: int) -> int:
    """Write a benchmark with 4.5 events for each question; returns how many there are."""
    rng = random.Random(0)
    made = benchmark.create(path, actor="team")
    made.append_all([
        benchmark.Draft("question_proposed", QuestionProposed(question=question(n), verdicts=VERDICTS), f"q-{n:012x}", 1)
        for n in range(questions)
    ])  # fmt: skip
    for reviewer in ("anna", "bob", "chen"):
        opened = benchmark.open(path, actor=reviewer)
        opened.append_all([
            benchmark.Draft("review_submitted", ReviewSubmitted(score=rng.choice((0, 1, 2)), basis=q.basis), q.id, 1)
            for q in opened.state.questions.values()
        ])  # fmt: skip
    opened = benchmark.open(path, actor="anna")
    drafts = []
    for q in list(opened.state.questions.values())[: questions // 2]:
        edit = {
            "field": "stem",
            "old": q.question.stem,
            "new": q.question.stem + " (mm)",
            "base": q.current.id,
        }
        drafts.append(benchmark.Draft("question_edited", checked_payload("question_edited", edit), q.id, 1))
    opened.append_all(drafts)
    return len(opened.state.events)


def main() -> None:
    """Print the figures as JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--questions", type=int, default=10_000)
    arguments.add_argument("--saves", type=int, default=2_000)
    arguments.add_argument("--folder", type=Path)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        path = Path(folder) / "speed.spatialmed.jsonl"
        events = fill(path, given.questions)
        began, worked = time.perf_counter(), time.process_time()
        opened = benchmark.open(path, actor="anna")
        seconds_to_open, work_to_open = time.perf_counter() - began, time.process_time() - worked
        began = time.perf_counter()
        waiting = sorted(
            (q for q in opened.state.questions.values() if q.status != "kept"), key=lambda q: (q.status, q.id)
        )
        seconds_to_filter = time.perf_counter() - began
        began = time.perf_counter()
        sorted(opened.state.questions.values(), key=lambda q: (q.status, q.question.task, q.id))
        seconds_to_filter_again = time.perf_counter() - began
        began = time.perf_counter()
        opened.state.queue("anna")
        seconds_for_queue = time.perf_counter() - began
        saves, syncs = [], []
        worked = time.process_time()
        for n in range(given.saves):
            wanted = waiting[n % len(waiting)].id
            began = time.perf_counter()
            opened.edit(wanted, "rationale", f"edit {n}")
            saves.append(1000 * (time.perf_counter() - began))
        work_to_save = time.process_time() - worked
        with (Path(folder) / "bare").open("ab", buffering=0) as bare:
            for _ in range(given.saves):
                began = time.perf_counter()
                bare.write(b"x" * 700)
                os.fsync(bare.fileno())
                syncs.append(1000 * (time.perf_counter() - began))
        saves.sort()
        syncs.sort()
        print(json.dumps({
            "questions": given.questions,
            "events": events,
            "megabytes": round(path.stat().st_size / 1e6, 1),
            "open_s": round(seconds_to_open, 2),
            "open_cpu_s": round(work_to_open, 2),
            "status_of_all_first_s": round(seconds_to_filter, 3),
            "filter_and_sort_s": round(seconds_to_filter_again, 3),
            "queue_s": round(seconds_for_queue, 3),
            "save_p50_ms": round(saves[len(saves) // 2], 2),
            "save_p99_ms": round(saves[int(len(saves) * 0.99)], 2),
            "save_max_ms": round(saves[-1], 2),
            "save_cpu_ms": round(1000 * work_to_save / given.saves, 2),
            "bare_write_and_fsync_p50_ms": round(syncs[len(syncs) // 2], 2),
            "bare_write_and_fsync_p99_ms": round(syncs[int(len(syncs) * 0.99)], 2),
        }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
