"""Merging is a union: the order and the number of merges don't matter."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_spatialmed import benchmark
from napari_spatialmed.benchmark import Benchmark, BenchmarkError, DamagedError, merge
from napari_spatialmed.benchmark.verification import verify_file
from napari_spatialmed.questions.model import Question

Make = Callable[..., Question]

ACTS = st.lists(
    st.tuples(
        st.sampled_from(["Anna", "Bob", "Chen"]),
        st.sampled_from(["review", "edit", "comment", "undo", "stale", "propose", "sync"]),
        st.integers(1, 3),
        st.integers(0, 2),
    ),
    max_size=25,
)


def act(held: Benchmark, what: str, number: int, value: int, question: Make) -> None:
    """Do something that may be impossible just now; then nothing happens."""
    name = question(number).id
    try:
        if what == "review":
            held.review(name, value)  # type: ignore[arg-type]
        elif what == "edit":
            held.edit(name, "stem", f"{held.actor} {value}?")
        elif what == "comment":
            held.comment(name, f"{value}")
        elif what == "stale":
            held.mark_stale(name, "repainted")
        elif what == "propose":
            held.propose(question(number))
        else:
            held.undo()
    except BenchmarkError:
        pass


def told(path: Path) -> list[tuple[object, ...]]:
    """The state as anybody would describe it."""
    state = benchmark.read(path).state
    return [
        (q.id, q.status, q.revision, q.question.stem, q.scores, len(q.history))
        for q in state.questions.values()
    ]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts=ACTS)
def test_merge_is_commutative_associative_and_idempotent(
    question: Make, acts: list[tuple[str, str, int, int]]
) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        origin = folder / "origin.spatialmed.jsonl"
        benchmark.create(origin, actor="Anna").propose(question(1))
        copies = {name: folder / f"{name}.spatialmed.jsonl" for name in ("Anna", "Bob", "Chen")}
        for path in copies.values():
            shutil.copy(origin, path)
        opened = {name: benchmark.open(path, actor=name) for name, path in copies.items()}
        for name, what, number, value in acts:
            if what == "sync":  # one of them merges another's file in and goes on with it
                other = copies["Bob" if name != "Bob" else "Chen"]
                merge([copies[name], other], copies[name])
                opened[name].refresh()
            else:
                act(opened[name], what, number, value, question)
        a, b, c = copies.values()

        def merged(name: str, *paths: Path) -> Path:
            out = folder / f"{name}.spatialmed.jsonl"
            merge(paths, out)
            return out

        whole = merged("abc", a, b, c)
        same = whole.read_bytes()
        assert merged("cba", c, b, a).read_bytes() == same
        assert merged("a_bc", a, merged("bc", b, c)).read_bytes() == same
        assert merged("ab_c", merged("ab", a, b), c).read_bytes() == same
        assert merged("twice", whole, whole, b, a).read_bytes() == same
        assert verify_file(whole).ok
        assert told(whole) == told(folder / "cba.spatialmed.jsonl")


def test_reviews_on_three_copies_come_together(anna: Benchmark, tmp_path: Path, question: Make) -> None:
    anna.propose(question(2))
    copies = []
    for name, score in (("Anna", 2), ("Bob", 1), ("Chen", 2)):
        copy = tmp_path / f"{name}.spatialmed.jsonl"
        shutil.copy(anna.path, copy)
        own = benchmark.open(copy, actor=name)
        own.review(question(1).id, score)  # type: ignore[arg-type]
        if name != "Chen":
            own.edit(question(2).id, "stem", f"{name}'s wording?")
        copies.append(copy)
    report = merge(copies, tmp_path / "all.spatialmed.jsonl")
    state = benchmark.read(tmp_path / "all.spatialmed.jsonl").state
    assert state.questions[question(1).id].scores == (2, 1, 2)
    assert state.questions[question(1).id].status == "kept"
    assert report.conflicts == (question(2).id,)
    assert report.benchmarks == 1
    assert [new for _, _, new in report.files] == [5, 2, 1]


def test_merging_into_an_input_is_seen_by_those_who_have_it_open(
    anna: Benchmark, tmp_path: Path, question: Make
) -> None:
    copy = tmp_path / "copy.spatialmed.jsonl"
    shutil.copy(anna.path, copy)
    benchmark.open(copy, actor="Bob").review(question(1).id, 1)
    anna.comment(question(1).id, "mine")
    merge([anna.path, copy], anna.path)
    anna.refresh()
    assert anna.state.questions[question(1).id].scores == (1,)
    anna.comment(question(1).id, "goes on")
    assert verify_file(anna.path).ok


def test_merge_never_overwrites_and_refuses_damage(anna: Benchmark, tmp_path: Path) -> None:
    other = tmp_path / "other.spatialmed.jsonl"
    other.write_text("precious")
    with pytest.raises(BenchmarkError, match="already"):
        merge([anna.path], other)
    with pytest.raises(BenchmarkError, match=r"Call it all\.spatialmed\.jsonl"):
        merge([anna.path], tmp_path / "all.txt")
    assert other.read_text("utf-8") == "precious"
    text = anna.path.read_bytes()
    anna.path.write_bytes(text[:30] + b"~" + text[31:])
    with pytest.raises(DamagedError, match="line 1"):
        merge([anna.path], tmp_path / "out.spatialmed.jsonl")
    assert not (tmp_path / "out.spatialmed.jsonl").exists()
