"""Three reviewers on three copies → merge → adjudicate → export → load: the way of docs/how-to/three-reviewers.md."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_spatialmed import benchmark
from napari_spatialmed.benchmark import Benchmark, CaseRegistered
from napari_spatialmed.questions.model import Question

SCORES = {"Anna": (2, 2, 1, 0), "Bob": (2, 1, 1, 2), "Chen": (2, 2, 1, None)}


def test_three_reviewers_on_three_copies(
    anna: Benchmark, tmp_path: Path, question: Callable[..., Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3, 4):
        case = f"case-{number:012x}"
        anna.append("case_registered", CaseRegistered(case=case, label_sha256="ab" * 32, patient=case))
        if number > 1:
            anna.propose(question(number, case=case))
    copies = []
    for name, scores in SCORES.items():
        copy = tmp_path / f"{name}.spatialmed.jsonl"
        shutil.copy(anna.path, copy)
        opened = benchmark.open(copy, actor=name)
        for number, score in enumerate(scores, start=1):
            opened.review(question(number).id, score)  # type: ignore[arg-type]
        copies.append(copy)
    benchmark.open(copies[1], actor="Bob").edit(question(2).id, "stem", "Bob's wording?")

    united = tmp_path / "united.spatialmed.jsonl"
    benchmark.merge(copies, united)
    chair = benchmark.open(united, actor="Chair")
    statuses = [chair.state.questions[question(n).id].status for n in (1, 2, 3, 4)]
    assert statuses == ["kept", "stale", "dropped", "provisional"]
    assert {r.stale for r in chair.state.questions[question(2).id].stale_reviews.values()} == {
        "stale: was 2 for revision 1",
        "stale: was 1 for revision 1",
    }
    chair.adjudicate(question(2).id, keep=True, note="the new wording says the same")
    chair.adjudicate(question(4).id, keep=False, note="nobody could judge it together")
    assert benchmark.verify_file(united).ok

    pytest.importorskip("pyarrow")
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    report = benchmark.export(united, tmp_path / "hf", "hf", splits={"validation": 0.5, "test": 0.5})
    assert report.splits == {"test": 1, "validation": 1}
    loaded = datasets.load_dataset(str(tmp_path / "hf"), cache_dir=str(tmp_path / "cache"))
    ids = sorted(i for split in loaded.values() for i in split["id"])
    assert ids == [question(1).id, question(2).id]
    first = next(row for split in loaded.values() for row in split if row["id"] == question(1).id)
    assert [(r["reviewer"], r["score"]) for r in first["reviews"]] == [("Anna", 2), ("Bob", 2), ("Chen", 2)]
