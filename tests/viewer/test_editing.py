"""Labels are locked until asked for; what was edited is known as unsaved, told to the tables, and saved without a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_spatialmed.case import Case, CaseLibrary, open_case
from napari_spatialmed.geometry import EmptyStructureError, measure
from napari_spatialmed.viewer.labels_editing import LabelsEditing
from napari_spatialmed.viewer.session import Session, session_for
from napari_spatialmed.viewer.status_line import locked_help
from napari_spatialmed.viewer.unsaved_edits import choose_path, suggested_path, write_labels

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def row(session: Session, qtbot: object) -> LabelsEditing:
    found = LabelsEditing(session)
    qtbot.addWidget(found)  # type: ignore[attr-defined]
    return found


@pytest.fixture
def from_file(qapp: object, case: Case, tmp_path: Path) -> Iterator[Session]:
    """The case read from files, on an oblique grid in left–anterior–superior order."""
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]]
    affine = turn @ np.diag([-1.0, 1.5, 2.0, 1.0])
    labels = np.ascontiguousarray(case.labels[::-1].transpose(2, 1, 0))
    for name, data in (("seg", labels), ("ct", labels.astype(np.int16) * 40 - 20)):
        nib.save(nib.Nifti1Image(data, affine), tmp_path / f"{name}.nii.gz")
    found = session_for(viewer := ViewerModel())
    found.set_case(open_case(tmp_path / "seg.nii.gz", tmp_path / "ct.nii.gz", names=case_names(case)))
    yield found
    found.scene.close()
    del viewer


def case_names(case: Case) -> dict[int, str]:
    return {s.label: s.name for s in case}


def test_no_key_or_click_paints_before_it_is_asked_for(session: Session, row: LabelsEditing) -> None:
    labels = session.scene.case_layers.labels
    assert not labels.editable
    labels.mode = "paint"
    assert labels.mode == "pan_zoom"
    row.switch.click()
    assert session.scene.editing
    assert labels.mode == "paint"
    session.scene.view_from("A")
    session.scene.show_plane(0)
    row.switch.click()
    assert not session.scene.editing
    assert labels.mode == "pan_zoom"
    assert "locked" in row.switch.toolTip()


def test_ctrl_z_takes_a_stroke_back_only_while_labels_are_unlocked(session: Session, wait_for: Wait) -> None:
    labels = session.scene.case_layers.labels
    keys = {str(key): bound for key, bound in labels.keymap.items()}
    labels.paint((1, 1, 1), 2)
    keys["Ctrl+Z"](labels)
    assert session.case.labels[1, 1, 1] == 2
    session.scene.set_editing(True)
    keys["Ctrl+Z"](labels)
    assert session.case.labels[1, 1, 1] == 0
    keys["Ctrl+Shift+Z"](labels)
    assert session.case.labels[1, 1, 1] == 2


def test_what_the_window_says_of_tools_is_true(session: Session, viewer: ViewerModel) -> None:
    assert "window and level" in viewer.help
    session.scene.set_editing(True)
    assert "eraser" in viewer.help
    assert not viewer.canvas.overlays["_brush_circle"].box, "a dark square that napari leaves in the picture"
    session.scene.set_editing(False)
    assert viewer.help == locked_help()
    # napari's last line would write places along the array's axes over it, which look like patient coordinates.
    labels = session.scene.case_layers.labels
    assert set(labels.get_status((1.0, 2.0, 3.0), world=True).values()) == {""}
    session.scene.view_from("A")
    assert "turn" in viewer.help


def test_a_new_case_is_locked_again(session: Session, case: Case) -> None:
    session.scene.set_editing(True)
    session.set_case(Case(case.labels.copy(), case.affine, case.structures))
    assert not session.scene.editing


def test_unsaved_until_saved_or_taken_back(session: Session, wait_for: Wait) -> None:
    told: list[bool] = []
    session.edits.unsaved_changed.connect(told.append)
    labels = session.scene.case_layers.labels
    labels.brush_size = 3
    labels.paint((1, 1, 1), 2)
    wait_for(lambda: session.edits.unsaved)
    labels.undo()
    wait_for(lambda: not session.edits.unsaved)
    labels.redo()
    wait_for(lambda: session.edits.unsaved)
    session.edits.saved(session.edits.strokes)
    labels.undo()
    wait_for(lambda: session.edits.unsaved)
    labels.redo()
    wait_for(lambda: not session.edits.unsaved)
    labels.undo()
    labels.paint((5, 5, 5), 2)
    wait_for(lambda: session.edits.unsaved)
    labels.undo()
    wait_for(lambda: session.edits.strokes == 0)
    assert session.edits.unsaved  # what was saved had a stroke that is gone for good
    assert told == [True, False, True, False, True, False, True]


def test_a_fill_is_measured_although_napari_tells_of_it_beforehand(
    session: Session, case: Case, wait_for: Wait
) -> None:
    told: list[tuple[str, ...]] = []
    session.labels_edited.connect(told.append)
    labels = session.scene.case_layers.labels
    labels.n_edit_dimensions = 3
    labels.fill(tuple(np.argwhere(case.labels == 3)[0]), 1)
    wait_for(lambda: bool(told))
    assert {"kidney_left", "liver"} <= set(told[0])
    with pytest.raises(EmptyStructureError):
        measure(session.geometry, "volume_ml", "kidney_left")


def test_a_label_without_a_structure_is_told(session: Session, row: LabelsEditing, wait_for: Wait) -> None:
    said: list[str] = []
    row.said.connect(lambda text, tone: said.append(text))
    row.switch.click()
    labels = session.scene.case_layers.labels
    labels.selected_label = 9
    labels.paint((1, 1, 1), 9)
    wait_for(lambda: any("Label 9 is no structure" in text for text in said))


def test_what_is_saved_differs_from_the_original_in_the_stroke_alone(
    from_file: Session, qtbot: object, wait_for: Wait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = LabelsEditing(from_file)
    qtbot.addWidget(row)  # type: ignore[attr-defined]
    original = (tmp_path / "seg.nii.gz").read_bytes()
    before = from_file.case.labels.copy()
    labels = from_file.scene.case_layers.labels
    labels.brush_size = 4
    labels.paint((10, 10, 10), 2)
    wait_for(lambda: from_file.edits.unsaved)
    path = suggested_path(from_file.case)
    assert path == tmp_path / "seg_edited.nii.gz"
    row.save(path)
    wait_for(lambda: not from_file.edits.unsaved)
    assert (tmp_path / "seg.nii.gz").read_bytes() == original
    old, new = (nib.load(tmp_path / f"{name}.nii.gz") for name in ("seg", "seg_edited"))
    assert old.header.structarr.tobytes() == new.header.structarr.tobytes()
    assert np.array_equal(old.affine, new.affine)
    differing = np.asarray(old.dataobj) != np.asarray(new.dataobj)
    assert np.count_nonzero(differing) == np.count_nonzero(before != from_file.case.labels) > 0
    # The same file is offered the next time and written without a second question; the original is still asked about.
    offered, asked = [], []
    answers = iter([str(path), str(tmp_path / "seg.nii.gz")])
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *given: (offered.append(given[2]), (next(answers), ""))[1]
    )
    monkeypatch.setattr(
        QMessageBox, "question", lambda *given: (asked.append(given[1]), QMessageBox.StandardButton.No)[1]
    )
    assert choose_path(from_file) == path
    assert choose_path(from_file) is None
    assert offered == [str(path)] * 2
    assert asked == ["Replace the original labels?"]
    # From now on these are the scan's labels, also for a benchmark that finds it by its id.
    again = CaseLibrary().open(from_file.case.id)
    assert np.array_equal(again.labels, from_file.case.labels)
    assert again.names == from_file.case.names


def test_saving_over_a_file_leaves_no_half_behind(from_file: Session, tmp_path: Path) -> None:
    path = tmp_path / "again.nii.gz"
    for value in (1, 2):
        from_file.case.labels[0, 0, 0] = value
        write_labels(from_file.case, path)
        assert open_case(path, names=from_file.case.names).labels[0, 0, 0] == value
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == [
        "again.nii.gz",
        "ct.nii.gz",
        "seg.nii.gz",
    ]
