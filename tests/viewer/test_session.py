"""One viewer's state: selection, opening, and numbers that follow the brush."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path

import nibabel as nib
import numpy as np
from napari.components import ViewerModel

from napari_spatialmed.case import Case
from napari_spatialmed.geometry import measure
from napari_spatialmed.viewer.benchmark_bar import BenchmarkBar
from napari_spatialmed.viewer.session import Session, session_for

Wait = Callable[[Callable[[], bool]], None]


def test_every_viewer_has_one_session_that_dies_with_it(qapp: object) -> None:
    viewer = ViewerModel()
    session = session_for(viewer)
    assert session_for(viewer) is session
    gone = weakref.ref(viewer)
    del viewer
    gc.collect()
    assert gone() is None


def test_selection_keeps_the_order_of_choice(session: Session) -> None:
    told: list[tuple[str, ...]] = []
    session.selection_changed.connect(told.append)
    session.select(["spleen", "liver", "nothing like it", "spleen"])
    session.toggle("aorta")
    session.toggle("spleen")
    assert told == [("spleen", "liver"), ("spleen", "liver", "aorta"), ("liver", "aorta")]


def test_a_click_selects_and_shift_adds(session: Session) -> None:
    session.scene.clicked.emit("liver", False)
    session.scene.clicked.emit("spleen", True)
    assert session.selection == ("liver", "spleen")
    session.scene.clicked.emit("aorta", False)
    assert session.selection == ("aorta",)


def test_a_brush_stroke_its_undo_and_redo_update_the_numbers(
    session: Session, case: Case, wait_for: Wait
) -> None:
    told: list[tuple[str, ...]] = []
    session.labels_edited.connect(told.append)
    labels = session.scene.case_layers.labels
    assert labels is not None
    before = measure(session.geometry, "volume_ml", "spleen").value
    labels.brush_size = 3
    labels.paint((1, 1, 1), case["spleen"].label)
    wait_for(lambda: len(told) == 1)
    assert "spleen" in told[0]
    after = measure(session.geometry, "volume_ml", "spleen").value
    assert after > before
    labels.undo()
    wait_for(lambda: len(told) == 2)
    assert measure(session.geometry, "volume_ml", "spleen").value == before
    labels.redo()
    wait_for(lambda: len(told) == 3)
    assert measure(session.geometry, "volume_ml", "spleen").value == after


def test_an_erased_structure_is_told_not_a_crash(session: Session, case: Case, wait_for: Wait) -> None:
    told: list[tuple[str, ...]] = []
    session.labels_edited.connect(told.append)
    labels = session.scene.case_layers.labels
    assert labels is not None
    labels.data_setitem(tuple(np.nonzero(case.labels == 3)), 0)
    wait_for(lambda: bool(told))
    assert "kidney_left" in told[0]
    session.scene.jump_to(["kidney_left"])


def test_opening_files_shows_them(qapp: object, tmp_path: Path, case: Case, wait_for: Wait) -> None:
    for name, data in (("seg", case.labels), ("ct", case.image)):
        nib.save(nib.Nifti1Image(data, case.affine), tmp_path / f"{name}.nii.gz")
    session = session_for(viewer := ViewerModel())
    session.open_case_async(tmp_path / "seg.nii.gz", tmp_path / "ct.nii.gz")
    wait_for(lambda: session.case is not None)
    assert [layer.name for layer in viewer.layers if layer.visible][:2] == ["Scan", "Structures"]
    np.testing.assert_array_equal(session.case.labels, case.labels)
    session.scene.close()


def test_a_missing_file_is_told_in_words_and_changes_nothing(
    session: Session, tmp_path: Path, wait_for: Wait
) -> None:
    shown, errors = session.case, []
    session.opening.failed.connect(errors.append)
    session.open_case_async(tmp_path / "nothing.nii.gz")
    wait_for(lambda: bool(errors))
    assert "nothing.nii.gz" in str(errors[0])
    assert session.case is shown


def test_layers_that_waited_for_a_scan_go_if_none_comes(qapp: object, tmp_path: Path, wait_for: Wait) -> None:
    session = session_for(viewer := ViewerModel())
    errors: list[object] = []
    session.opening.failed.connect(errors.append)
    session.open_case_async(tmp_path / "nothing.nii.gz")
    wait_for(lambda: bool(errors))
    assert list(viewer.layers) == []
    session.scene.close()


def test_who_reviews_is_remembered(qapp: object) -> None:
    session_for(ViewerModel()).set_reviewer(" Dr. Roe ")
    assert session_for(ViewerModel()).reviewer == "Dr. Roe"


def opened(session: Session, path: Path) -> bool:
    return session.benchmark is not None and session.benchmark.path == path


def test_benchmarks_opened_before_are_offered_again(session: Session, tmp_path: Path, wait_for: Wait) -> None:
    first, second, gone = (tmp_path / f"{n}.spatialmed.jsonl" for n in ("r&d", "second", "gone"))
    bar = BenchmarkBar(session)
    for path in (gone, first, second):
        bar.open(path, new=True)
        wait_for(partial(opened, session, path))
    bar.open(first)
    wait_for(partial(opened, session, first))
    gone.unlink()
    later = BenchmarkBar(session)
    later.choices.aboutToShow.emit()
    offered = [action for action in later.choices.actions() if action.toolTip().startswith(str(tmp_path))]
    assert [action.text() for action in offered] == ["r&&d.spatialmed.jsonl", "second.spatialmed.jsonl"]
    offered[1].trigger()
    wait_for(partial(opened, session, second))


def test_a_benchmark_is_read_in_a_thread_and_the_one_before_stays_until_it_is_there(
    session: Session, tmp_path: Path, wait_for: Wait
) -> None:
    first, second = (tmp_path / f"{n}.spatialmed.jsonl" for n in ("first", "second"))
    session.set_reviewer("ann")
    bar = BenchmarkBar(session)
    bar.open(first, new=True)
    assert session.benchmark is None
    wait_for(partial(opened, session, first))
    bar.open(second, new=True)
    assert opened(session, first)
    session.set_reviewer("bob")
    wait_for(partial(opened, session, second))
    assert session.benchmark is not None
    assert session.benchmark.actor == "bob", "the name was changed while the file was read"
    bar.open(tmp_path / "gone.spatialmed.jsonl")
    wait_for(lambda: "there is no such file" in bar.message.text())
    assert opened(session, second)
    bar.open(first)
    bar.reading.cancel()
    bar.open(first, question="q1")
    wait_for(partial(opened, session, first))
    assert session.question == "q1"
