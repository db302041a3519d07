"""A window left open shows what other people write into the same benchmark, in one file or in a shared folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from napari_spatialmed import benchmark
from napari_spatialmed.benchmark import SUFFIX
from napari_spatialmed.questions import build_question
from napari_spatialmed.viewer.session import Session

Wait = Callable[[Callable[[], bool]], None]


@pytest.mark.parametrize("shared", ["file", "folder"])
def test_what_another_person_writes_comes_in(
    session: Session, tmp_path: Path, wait_for: Wait, shared: str
) -> None:
    path = tmp_path / f"b{SUFFIX}" if shared == "file" else tmp_path
    mine = benchmark.create(path, actor="Anna")
    question = build_question(session.geometry, "volest.absolute", ("liver",), seed=3)
    mine.register_case(session.geometry.case)
    mine.propose(question, accepted=True)
    session.set_benchmark(mine)
    changed: list[None] = []
    said: list[str] = []
    session.benchmark_changed.connect(lambda: changed.append(None))
    session.others.came.connect(said.append)

    def look() -> bool:
        session.others.look()
        return bool(said)

    mine.comment(question.id, "my own")
    for _ in range(3):
        session.others.look()
        wait_for(lambda: session.others._look is not None and session.others._look.done())
    assert not changed, "what was written here is known here"

    benchmark.open(path, actor="Bob", new=False).comment(question.id, "Which kidney?")
    wait_for(look)
    # In a folder, beginning his own file is a change, too.
    assert said == ["1 change by Bob came in." if shared == "file" else "2 changes by Bob came in."]
    assert len(changed) == 1
    assert session.benchmark.state.question(question.id).comments[-1].text == "Which kidney?"


def test_a_file_that_is_damaged_meanwhile_is_told_once(
    session: Session, tmp_path: Path, wait_for: Wait
) -> None:
    path = tmp_path / f"b{SUFFIX}"
    session.set_benchmark(benchmark.create(path, actor="Anna"))
    told: list[object] = []
    session.others.failed.connect(told.append)
    with path.open("ab") as stream:
        stream.write(b"not an event\n")

    def look() -> bool:
        session.others.look()
        return bool(told)

    wait_for(look)
    with path.open("ab") as stream:
        stream.write(b"nor this\n")
    for _ in range(3):
        session.others.look()
        wait_for(lambda: session.others._look is not None and session.others._look.done())
    assert len(told) == 1
    assert "line 2" in str(told[0])


def test_a_shared_folder_that_goes_away_is_told_and_not_raised(
    session: Session, tmp_path: Path, wait_for: Wait
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    session.set_benchmark(benchmark.create(shared, actor="Anna"))
    told: list[object] = []
    session.others.failed.connect(told.append)
    session.others.look()
    wait_for(lambda: session.others._look is not None and session.others._look.done())
    session.others.look()
    shared.rename(tmp_path / "elsewhere")

    def look() -> bool:
        session.others.look()
        return bool(told)

    wait_for(look)
    assert "shared" in str(told[0])
