"""How long a report takes, and how much memory: 10,000 items × 14 recorded runs by default.

Run ``python benchmarks/evaluation.py [--items N] [--runs M] [--keep FOLDER]``.  The bar is 60 s and 2 GB on two cores.
Answers are drawn at random from a seed; texts are as long as real ones, so that reading and checking claims costs what
it costs.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from napari_spatialmed.benchmark import Draft, create, read
from napari_spatialmed.benchmark.events import CaseRegistered, QuestionProposed, StructureRecord
from napari_spatialmed.evaluation.runfolder import RunFolder
from napari_spatialmed.evaluation.runplan import items_sha256, select_items
from napari_spatialmed.evaluation.scoring import score_answer
from napari_spatialmed.questions.model import LETTERS, AnswerKey, Question

ORGANS = ("liver", "spleen", "kidney_left", "kidney_right", "pancreas", "stomach", "aorta", "gallbladder", "colon", "duodenum",
          "lung_upper_lobe_left", "heart", "urinary_bladder", "vertebrae_L1", "liver_tumor", "kidney_tumor", "pancreas_tumor")  # fmt: skip
TASKS = ("DIR", "DIST", "EXT", "VOL", "COMP", "VOLEST")
SIDES = ("to the right of it", "to the left of it", "superior to it", "inferior to it")
WORDS = {
    SIDES[0]: ("RL", "right"),
    SIDES[1]: ("RL", "left"),
    SIDES[2]: ("SI", "superior"),
    SIDES[3]: ("SI", "inferior"),
}


def make_question(number: int, case: str, rng: random.Random) -> Question:
    """One synthetic question with evidence; its task goes round."""
    task = TASKS[number % len(TASKS)]
    a, b = rng.sample(ORGANS, 2)
    volume = round(2 ** rng.uniform(0, 11), 1)
    evidence: list[dict[str, object]] = [
        {
            "calculator": "volume_ml",
            "value": volume,
            "unit": "mL",
            "uncertainty": 0.02 * volume,
            "structures": [a],
        }
    ]
    common = {"id": f"q-{number:012x}", "case": case}
    if task == "VOLEST":
        return Question(
            **common,
            key=AnswerKey(task=task, form="volest.volume", structures=(a,), unit="mL"),
            stem=f"Estimate the volume of the {a}.",
            answer=f"{volume}",
            truth=volume,
            unit="mL",
            evidence=tuple(evidence),
        )
    if task == "DIR":
        right = rng.randrange(4)
        axis, word = WORDS[SIDES[right]]
        evidence.append({"calculator": "direction", "value": {axis: word}, "unit": "", "structures": [a, b]})
        options: tuple[str, ...] = SIDES
    else:
        right = rng.randrange(4)
        options = tuple(f"{volume * f:.0f} mL" for f in (0.5, 0.75, 1.3, 1.8))
    return Question(
        **common,
        key=AnswerKey(task=task, form=f"{task.lower()}.x", structures=(a, b)),
        stem=f"How do {a} and {b} compare?",
        options=options,
        answer=LETTERS[right],
        truth=options[right],
        evidence=tuple(evidence),
    )


def make_benchmark(path: Path, count: int, rng: random.Random) -> None:
    """A benchmark file of `count` questions on a patient for every twenty."""
    opened = create(path, actor="benchmark", title="Synthetic benchmark")
    drafts = []
    for number in range(count):
        case = f"case-{number // 20:012x}"
        if number % 20 == 0:
            structures = tuple(
                StructureRecord(name=n, label=i + 1, volume_ml=2 ** rng.uniform(0, 11))
                for i, n in enumerate(ORGANS)
            )
            record = CaseRegistered(
                case=case,
                label_sha256="0" * 64,
                modality="CT",
                patient=f"p{number // 20}",
                structures=structures,
            )
            drafts.append(Draft("case_registered", record))
        question = make_question(number, case, rng)
        drafts.append(
            Draft("question_proposed", QuestionProposed(question=question, accepted=True), question.id, 1)
        )
    opened.append_all(drafts)


def make_run(
    folder: Path, questions: list[Question], skill: float, name: str, rng: random.Random, items: str
) -> None:
    """Recorded answers of one model that knows the answer with probability `skill`."""
    folder.mkdir(parents=True)
    meta = {
        "format": 1,
        "model": name,
        "endpoint": name,
        "layout": "orthogonal",
        "arms": ["normal"],
        "items": items,
        "n_items": len(questions),
        "complete": True,
        "started": "2026-01-01T00:00:00+00:00",
        "mra_mode": "exact",
    }
    RunFolder(folder).write_meta(meta)
    filler = "The pictures show the upper abdomen in three planes with the patient's right on the left side of the picture. "
    with (folder / "responses.jsonl").open("w", encoding="utf-8") as file:
        for question in questions:
            names = [n.replace("_", " ") for n in question.key.structures]
            said = f"{filler}The {names[0]} is visible and measures about {rng.uniform(1, 900):.0f} mL. "
            if len(names) > 1:
                said += f"The {names[0]} lies {rng.choice(['left of', 'to the right of', 'superior to'])} the {names[1]}. "
            if question.is_open:
                value = float(question.answer) * rng.lognormvariate(-0.1, 1.2 - skill)
                text = f"{said}\nANSWER: {value:.1f} mL"
            else:
                letter = question.answer if rng.random() < skill else rng.choice("ABCD")
                text = f"{said}\nANSWER: {letter}" if rng.random() > 0.03 else said
            score = score_answer(question, text, finish_reason="stop")
            row = {
                "key": f"{name}-{question.id}", "question": question.id, "revision": 1, "case": question.case, "task": question.task, "arm": "normal",
                "rotation": 0, "model": name, "prompt": "x" * 900, "system": "y" * 250, "captions": ["z" * 90] * 3, "pictures": ["0" * 64] * 3,
                "visible": dict.fromkeys(question.key.structures, 400), "text": text, "outcome": score.outcome, "score": score.score, "parsed": score.parsed,
                "answer": question.answer, "tokens_in": 1400, "tokens_out": 90, "seconds": 1.3, "cost": 0.0004,
            }  # fmt: skip
            file.write(json.dumps(row) + "\n")


def main() -> None:
    """Make the data, then measure the report in a process of its own, as a user runs it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int, default=10_000)
    options.add_argument("--runs", type=int, default=14)
    options.add_argument("--keep", type=Path, help="Keep benchmark, runs and report in this folder.")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        rng = random.Random(0)
        file = folder / "synthetic.spatialmed.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        make_benchmark(file, given.items, rng)
        items = select_items(read(file).state)
        questions, digest = [item.question for item in items], items_sha256(items)
        runs = [folder / f"run-{i:02d}" for i in range(given.runs)]
        for i, run in enumerate(runs):
            make_run(run, questions, 0.15 + 0.05 * i, f"model {i + 1}", rng, digest)
        report = folder / "report.html"
        started = time.perf_counter()
        command = [
            sys.executable,
            "-m",
            "napari_spatialmed",
            "report",
            *map(str, runs),
            "--benchmark",
            str(file),
            "--out",
            str(report),
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = used.ru_utime + used.ru_stime
        peak = used.ru_maxrss / 1024**2
        print(
            f"{given.items} items × {given.runs} runs: {seconds:.1f} s ({cpu:.1f} CPU-s), peak {peak:.2f} GB, report {report.stat().st_size / 1024:.0f} kB"
        )


if __name__ == "__main__":
    main()
