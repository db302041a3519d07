"""The structures table, and the files that may be dropped on the Case dock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_spatialmed.case import CaseError, guess_names, make_case
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.viewer.case_dock import notes_of
from napari_spatialmed.viewer.case_files import chosen_files
from napari_spatialmed.viewer.frames import scrolling_layout
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, shown
from napari_spatialmed.viewer.open_form import OpenForm
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.structures_model import (
    NAME,
    STATE,
    VOLUME,
    StructureRow,
    StructuresModel,
    structure_row,
)
from napari_spatialmed.viewer.structures_table import StructuresTable

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def table(session: Session, wait_for: Wait) -> StructuresTable:
    found = StructuresTable(session)
    wait_for(lambda: not found.work.running)
    return found


def titles(table: StructuresTable) -> list[str]:
    return [table.filter.index(n, NAME).data() for n in range(table.filter.rowCount())]


def test_a_row_says_volume_and_state(geometry: CaseGeometry) -> None:
    row = structure_row(geometry, geometry.case["aorta"])
    assert row.volume_ml == pytest.approx(3 * 3 * 30 * 3 / 1000)
    assert "truncated" in row.state
    assert structure_row(geometry, geometry.case["liver"]).state == ()


def test_rows_fill_and_sort(table: StructuresTable) -> None:
    assert titles(table) == ["aorta", "left kidney", "liver", "spleen"]
    table.filter.sort(VOLUME, Qt.SortOrder.DescendingOrder)
    assert titles(table)[0] == "liver"
    assert table.filter.index(0, STATE).data() == ""


def test_search_finds_words_in_any_order(table: StructuresTable) -> None:
    table.search.setText("kidney LEFT")
    assert titles(table) == ["left kidney"]
    table.search.setText("kidney_left")
    assert titles(table) == ["left kidney"]


def test_the_tables_selection_is_the_sessions(table: StructuresTable, session: Session) -> None:
    table.table.selectRow(2)
    assert session.selection == ("liver",)
    session.select(["spleen"])
    chosen = table.table.selectionModel().selectedRows(NAME)
    assert [index.data() for index in chosen] == ["spleen"]


def test_the_check_mark_hides_and_show_all_brings_back(table: StructuresTable, session: Session) -> None:
    index = table.filter.index(0, NAME)
    table.filter.setData(index, Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    assert session.scene.hidden == {"aorta"}
    table.buttons["Show all"].click()
    assert session.scene.hidden == frozenset()
    assert table.model.hidden() == frozenset()


def test_an_edit_brings_new_volumes(table: StructuresTable, session: Session, wait_for: Wait) -> None:
    before = {row.structure.name: row.volume_ml for row in table.model.rows}
    labels = session.scene.case_layers.labels
    assert labels is not None
    labels.brush_size = 3
    labels.paint((1, 1, 1), 2)
    wait_for(lambda: {r.structure.name: r.volume_ml for r in table.model.rows}["spleen"] > before["spleen"])


def test_files_find_their_roles(tmp_path: Path) -> None:
    ct, seg, names = tmp_path / "ct.nii.gz", tmp_path / "patient_seg.nii.gz", tmp_path / "names.json"
    found = chosen_files([ct, names, seg])
    assert (found.labels, found.image, found.names) == (seg, ct, names)


def test_a_label_map_chosen_brings_the_scan_beside_it_but_not_in_place_of_ones_own(
    qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one/ct.nii.gz", "one/seg.nii.gz", "two/ct.nii.gz", "two/seg.nii.gz", "three/seg.nii.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    form = OpenForm()

    def choose(name: str) -> str:
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / name), ""))
        form._browse_labels()
        return form.image.text()

    assert choose("one/seg.nii.gz") == str(tmp_path / "one/ct.nii.gz")
    form.button.click()
    assert choose("two/seg.nii.gz") == str(tmp_path / "two/ct.nii.gz"), "the last scan is of another patient"
    assert choose("three/seg.nii.gz") == ""
    form.image.setText("my.nii.gz")
    assert choose("one/seg.nii.gz") == "my.nii.gz"


def test_a_scan_without_names_says_where_to_choose_them() -> None:
    case = make_case(np.ones((4, 4, 4), np.uint8), np.eye(4), names={1: "label 1"})
    reason = guess_names({1, 2}, None)[1]
    case.provenance = replace(case.provenance, names="none", names_reason=reason)
    (note,) = notes_of(case)
    assert note.startswith("No names yet")
    assert note.endswith("choose the right one, in the menu Names above the structures.")


def test_of_two_like_names_the_smaller_file_is_the_label_map(tmp_path: Path) -> None:
    a, b = tmp_path / "a.nrrd", tmp_path / "b.nrrd"
    a.write_bytes(b"x" * 10)
    b.write_bytes(b"x" * 1000)
    assert chosen_files([b, a]).labels == a


@pytest.mark.parametrize("files", [["notes.docx"], ["a.nii", "b.nii", "c.nii"], []])
def test_files_that_make_no_case_are_refused(tmp_path: Path, files: list[str]) -> None:
    with pytest.raises(CaseError):
        chosen_files([tmp_path / name for name in files])


def test_a_long_name_in_a_message_wraps_and_is_copied_as_it_is(qapp: object) -> None:
    line = MessageLine()
    said = "✗ /data/hippocampus_281_label_from_another_scan_of_this_patient.nii.gz: no such file"
    line.fail(said.removeprefix("✗ "))
    assert line.text() == said
    assert line.minimumSizeHint().width() < 0.5 * line.fontMetrics().horizontalAdvance(said)
    line._select_all()
    line._copy()
    assert QGuiApplication.clipboard().text() == said


def test_markup_in_names_stays_text(qapp: object) -> None:
    label = PlainLabel("<img src='file:///etc/passwd'>liver")
    assert label.textFormat() == Qt.TextFormat.PlainText
    assert len(shown("x" * 10_000)) == 2000
    line = MessageLine()
    line.say("<b>careful</b>", "warning")
    assert line.text() == "⚠ <b>careful</b>"


@pytest.mark.parametrize(
    ("ml", "text"), [(0.0, "0"), (8e-6, "< 0.001"), (0.0123, "0.012"), (5.68, "5.7"), (1619.2, "1,619")]
)
def test_volumes_of_small_things_are_not_rounded_away(geometry: CaseGeometry, ml: float, text: str) -> None:
    model = StructuresModel()
    model.set_rows([StructureRow(geometry.case["liver"], ml)])
    assert model.index(0, VOLUME).data() == text


def test_what_went_wrong_is_seen_in_a_low_dock(qapp: object, qtbot: object) -> None:
    dock = QWidget()
    layout = scrolling_layout(dock)
    above, message = QWidget(), MessageLine()
    above.setMinimumHeight(2000)
    layout.addWidget(above)
    layout.addWidget(message)
    dock.resize(200, 300)
    dock.show()
    message.fail("no such file")
    qtbot.waitUntil(lambda: not message.visibleRegion().isEmpty())  # type: ignore[attr-defined]
