"""The list of cases: found in the background, counted for one reviewer, gone through, and the next one read ahead."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from napari.components import ViewerModel

from napari_spatialmed import benchmark
from napari_spatialmed.case import Case, CaseLibrary, open_case
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import build_question, check_question
from napari_spatialmed.viewer.case_list import NO_LIST, CaseList
from napari_spatialmed.viewer.session import Session, session_for

Wait = Callable[[Callable[[], bool]], None]
NAMES = '{"1": "liver", "2": "spleen", "3": "kidney_left", "4": "aorta"}'


@pytest.fixture
def folder(tmp_path: Path, case: Case) -> Path:
    """Three cases that can be read, one whose header lies, and one whose voxels break off."""
    root = tmp_path / "study"
    for n, name in enumerate(("p01", "p02", "p03", "p04_header", "p05_voxels")):
        place = root / name
        place.mkdir(parents=True)
        labels = np.roll(case.labels, n, axis=1)
        nib.save(nib.Nifti1Image(labels, case.affine), place / "seg.nii.gz")
        nib.save(nib.Nifti1Image(np.asarray(case.image) + np.int16(n), case.affine), place / "ct.nii.gz")
        (place / "names.json").write_text(NAMES)
    (root / "p04_header" / "seg.nii.gz").write_bytes(b"\x1f\x8b\x08\x00not a scan")
    whole = (root / "p05_voxels" / "ct.nii.gz").read_bytes()
    (root / "p05_voxels" / "ct.nii.gz").write_bytes(whole[: len(whole) // 2])
    return root


@pytest.fixture
def bare(qapp: object) -> Session:
    """A session with nothing open."""
    viewer = ViewerModel()
    found = session_for(viewer)
    found.viewer_kept = viewer  # type: ignore[attr-defined]
    return found


@pytest.fixture
def cases(bare: Session, folder: Path, wait_for: Wait) -> CaseList:
    """The folder, listed."""
    bare.cases.look(str(folder))
    wait_for(lambda: not bare.cases.looking.running)
    return bare.cases


def states(cases: CaseList) -> dict[str, str]:
    return {row.key: row.state for row in cases.rows}


def show(session: Session, key: str, wait_for: Wait) -> None:
    """Open a case of the list and wait until it is there."""
    row = next(r for r in session.cases.rows if r.key == key)
    session.cases.open(row)
    wait_for(lambda: session.cases.on_show is not None and session.cases.on_show.key == key)


def test_a_folder_is_listed_and_one_bad_case_stops_nothing(cases: CaseList) -> None:
    assert states(cases) == {
        "p01": "new", "p02": "new", "p03": "new", "p04_header": "broken", "p05_voxels": "new",
    }  # fmt: skip
    broken = next(r for r in cases.rows if r.state == "broken")
    assert "seg.nii.gz" in broken.problem
    assert {row.modality for row in cases.rows if row.state == "new"} == {"CT"}


def test_going_through_by_key_passes_over_what_cant_be_read(
    bare: Session, cases: CaseList, wait_for: Wait
) -> None:
    said: list[str] = []
    cases.said.connect(said.append)
    for key in ("p01", "p02", "p03"):
        cases.next()
        wait_for(lambda key=key: cases.on_show is not None and cases.on_show.key == key)  # type: ignore[misc]
    assert next(r for r in cases.rows if r.key == "p02").structures == 4
    # The scan whose voxels break off was read ahead: its row says why, before anybody asked for it.
    wait_for(lambda: states(cases)["p05_voxels"] == "broken")
    cases.next()
    assert said == ["This is the last case."]
    cases.previous()
    wait_for(lambda: cases.on_show is not None and cases.on_show.key == "p02")
    assert bare.case is not None


def test_the_next_one_is_read_ahead_and_only_that(bare: Session, cases: CaseList, wait_for: Wait) -> None:
    show(bare, "p01", wait_for)
    wait_for(lambda: bare.ahead.ready is not None)
    assert cases.ahead is not None
    assert cases.ahead.key == "p02"
    cases.next()
    assert not bare.opening.running, "nothing is left to read"
    assert cases.coming.key == "p02"
    wait_for(lambda: cases.on_show.key == "p02")
    assert cases.coming is None
    wait_for(lambda: bare.ahead.ready is not None)
    assert cases.ahead.key == "p03"
    show(bare, "p01", wait_for)
    wait_for(lambda: bare.ahead.ready is not None)
    assert cases.ahead.key == "p02", "what wasn't used has gone"


def test_steps_that_follow_each_other_faster_than_cases_come_all_count(
    bare: Session, cases: CaseList, wait_for: Wait
) -> None:
    show(bare, "p01", wait_for)
    wait_for(lambda: bare.ahead.ready is not None)
    cases.next()
    assert bare.arriving
    cases.next()
    wait_for(lambda: cases.coming is None)
    assert cases.on_show.key == "p03"
    show(bare, "p01", wait_for)
    wait_for(lambda: bare.ahead.ready is not None)
    cases.next()
    cases.previous()
    wait_for(lambda: cases.coming is None)
    assert cases.on_show.key == "p01"
    assert bare.scene.case is bare.case


def test_asking_for_a_case_that_is_just_being_read_waits_for_it(
    bare: Session, cases: CaseList, wait_for: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def slowly(labels: Path, *arguments: object, **named: object) -> Case:
        opened.append(Path(labels).parent.name)
        return open_case(labels, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("napari_spatialmed.viewer.opening.open_case", slowly)
    show(bare, "p01", wait_for)
    cases.next()  # at once: p02 is on its way
    wait_for(lambda: cases.on_show.key == "p02")
    assert opened.count("p02") == 1


def test_a_scan_read_ahead_that_fails_is_told_when_it_is_asked_for(
    bare: Session, cases: CaseList, wait_for: Wait
) -> None:
    errors: list[object] = []
    bare.opening.failed.connect(errors.append)
    show(bare, "p03", wait_for)
    cases.open(next(r for r in cases.rows if r.key == "p05_voxels"))
    wait_for(lambda: bool(errors))
    assert "ct.nii.gz" in str(errors[0])
    assert cases.on_show.key == "p03", "what was on show stays"
    assert states(cases)["p05_voxels"] == "broken"


def test_cancelling_the_search_keeps_the_window_alive(bare: Session, folder: Path, wait_for: Wait) -> None:
    bare.cases.look(str(folder))
    bare.cases.looking.cancel()
    assert not bare.cases.looking.running
    bare.cases.look(str(folder / "nothing" / "*"))
    errors: list[object] = []
    bare.cases.looking.failed.connect(errors.append)
    wait_for(lambda: bool(errors))
    assert "nothing matches" in str(errors[0])


def put(path: Path, case: Case, structures: tuple[str, ...]) -> benchmark.Benchmark:
    """A benchmark with one question about each structure."""
    opened = benchmark.create(path, actor="team") if not path.exists() else benchmark.open(path, actor="team")
    geometry = CaseGeometry(case)
    opened.register_case(case)
    for name in structures:
        question = build_question(geometry, "volest.absolute", (name,), seed=1)
        opened.propose(question, check_question(question, geometry), accepted=True)
    return opened


def test_progress_counts_what_is_left_for_this_reviewer(
    bare: Session, cases: CaseList, folder: Path, tmp_path: Path, wait_for: Wait
) -> None:
    path = tmp_path / "b.spatialmed.jsonl"
    for key, structures in (("p01", ("liver", "spleen")), ("p03", ("liver",))):
        show(bare, key, wait_for)
        put(path, bare.case, structures)  # type: ignore[arg-type]
    for name in ("ben", "cleo"):
        other = benchmark.open(path, actor=name)
        for item in other.state.queue(name)[:2]:
            other.review(item.question, 2)
    bare.set_benchmark(benchmark.open(path, actor="anna"))
    first = next(r for r in cases.rows if r.key == "p01").progress
    assert (first.questions, first.mine, first.left, first.others, first.kept) == (2, 0, 2, 4, 0)
    cases.filter("Questions left for me", "")
    assert [row.key for row in cases.shown] == ["p01", "p03"]
    for item in bare.benchmark.state.queue("anna")[:2]:
        bare.benchmark.review(item.question, 2)
    bare.benchmark_changed.emit()
    first = next(r for r in cases.rows if r.key == "p01").progress
    assert (first.mine, first.left, first.kept) == (2, 0, 2), "kept is told once one has scored it oneself"
    assert [row.key for row in cases.shown] == ["p03"]


def test_the_benchmarks_own_cases_are_listed_found_or_missing(
    bare: Session, folder: Path, tmp_path: Path, case: Case, wait_for: Wait
) -> None:
    path = tmp_path / "b.spatialmed.jsonl"
    here = open_case(folder / "p01/seg.nii.gz", folder / "p01/ct.nii.gz", names=folder / "p01/names.json")
    elsewhere = open_case(
        folder / "p03/seg.nii.gz", folder / "p03/ct.nii.gz", names=folder / "p03/names.json"
    )
    CaseLibrary().remember(here)
    for one in (here, elsewhere):
        put(path, one, ("liver",))
    bare.set_benchmark(benchmark.open(path, actor="anna"))
    assert [(r.key, r.state) for r in bare.cases.rows] == [("p01/seg", "opened"), (elsewhere.id, "missing")]
    assert "never opened on this machine" in bare.cases.rows[1].problem

    # With the folder listed it can be found among the files that nobody opened: by its voxels.
    bare.cases.look(str(folder))
    wait_for(lambda: not bare.cases.looking.running)
    assert bare.cases.unrecognised == 1
    bare.cases.recognise()
    wait_for(lambda: not bare.cases.looking.running)
    assert bare.cases.unrecognised == 0
    assert next(r for r in bare.cases.rows if r.key == "p03").left == 1

    shutil.rmtree(folder / "p01")
    bare.cases.look("")
    gone = next(r for r in bare.cases.rows if r.case_id == here.id)
    assert gone.state == "missing"
    assert "p01" in gone.problem


def test_the_folder_is_remembered_and_an_empty_list_says_what_to_do(
    cases: CaseList, folder: Path, wait_for: Wait, qapp: object
) -> None:
    viewer = ViewerModel()
    later = session_for(viewer).cases
    said: list[str] = []
    later.said.connect(said.append)
    later.next()
    assert said == [NO_LIST]
    later.look_again()
    wait_for(lambda: not later.looking.running)
    assert len(later.rows) == len(cases.rows)
