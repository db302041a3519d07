"""Correcting names in the viewer: previewed, applied to everything on show, told to the benchmark, taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from qtpy.QtCore import Qt

from napari_spatialmed import benchmark
from napari_spatialmed.case import renamed
from napari_spatialmed.geometry import measure
from napari_spatialmed.questions import build_question
from napari_spatialmed.viewer.name_changes import NameChanges
from napari_spatialmed.viewer.names_dialog import NamesDialog
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.structures_model import NAME
from napari_spatialmed.viewer.structures_table import StructuresTable

Wait = Callable[[Callable[[], bool]], None]
CORRECTED = {1: "liver", 2: "pancreas", 3: "left kidney", 4: "aorta"}
"""One label is something else, one is spelled otherwise."""


@pytest.fixture
def changes(session: Session) -> NameChanges:
    return NameChanges(session)


@pytest.fixture
def with_questions(session: Session, tmp_path: Path) -> Session:
    """The session with a question on the spleen, one on the left kidney, and one on the liver."""
    opened = benchmark.create(tmp_path / "b.spatialmed.jsonl", actor="me")
    opened.register_case(session.case, volumes_ml={"spleen": 2.4})
    for name in ("spleen", "kidney_left", "liver"):
        opened.propose(build_question(session.geometry, "volest.absolute", (name,), seed=1), accepted=True)
        opened.review(list(opened.state.questions)[-1], 2)
    session.set_benchmark(opened)
    return session


def test_everything_on_show_follows(session: Session, changes: NameChanges, wait_for: Wait) -> None:
    session.select(["spleen"])
    session.scene.hide(["kidney_left"])
    session.set_measurements([measure(session.geometry, "volume_ml", "spleen")])
    before = session.measurements[0].value
    changes.apply(renamed(session.case, CORRECTED))
    wait_for(lambda: bool(session.measurements))
    assert session.selection == ("pancreas",)
    assert session.scene.hidden == {"left kidney"}
    labels = session.scene.case_layers.labels
    assert list(labels.features["name"]) == ["–", "liver", "pancreas", "left kidney", "aorta"]
    assert session.measurements[0].structures == ("pancreas",)
    assert session.measurements[0].value == before
    changes.undo()
    assert session.selection == ("spleen",)
    assert session.scene.hidden == {"kidney_left"}
    assert not changes.undoable


def test_the_benchmark_is_told_and_told_again_when_taken_back(
    with_questions: Session, changes: NameChanges
) -> None:
    opened = with_questions.benchmark
    spleen, kidney, liver = opened.state.questions.values()
    effect = changes.effect(renamed(with_questions.case, CORRECTED))
    assert (effect.changed, effect.named, effect.stale, effect.respelled) == (2, 4, 1, 1)
    said: list[str] = []
    changes.changed.connect(said.append)
    changes.apply(renamed(with_questions.case, CORRECTED))
    assert "what was called spleen (label 2) is pancreas" in spleen.stale_reason
    assert kidney.question.key.structures == ("left kidney",)
    assert (spleen.reviews, kidney.reviews) == ({}, {})
    assert liver.scores == (2,)
    record = opened.state.cases[with_questions.case.id]
    assert {s.name: s.volume_ml for s in record.structures}["pancreas"] == 2.4
    assert "1 question went stale and 1 got the new name" in said[0]
    changes.undo()
    assert spleen.stale_reason == ""
    assert kidney.question.key.structures == ("kidney_left",)
    assert (spleen.scores, kidney.scores) == ((2,), (2,))
    assert [s.name for s in opened.state.cases[with_questions.case.id].structures] == [
        "liver", "spleen", "kidney_left", "aorta",
    ]  # fmt: skip


def test_what_others_built_on_is_not_taken_back(with_questions: Session, changes: NameChanges) -> None:
    opened = with_questions.benchmark
    spleen = next(iter(opened.state.questions.values()))
    changes.apply(renamed(with_questions.case, CORRECTED))
    opened.flag(spleen.id, "looks odd")
    said: list[str] = []
    changes.changed.connect(said.append)
    changes.undo()
    assert spleen.stale_reason
    assert "2 changes in the benchmark stay" in said[0]


def test_a_name_is_edited_in_its_row(session: Session, wait_for: Wait) -> None:
    table = StructuresTable(session)
    wait_for(lambda: not table.work.running)
    table.filter.setData(table.filter.index(3, NAME), "pancreas", Qt.ItemDataRole.EditRole)
    wait_for(lambda: not table.work.running)
    assert session.case[2].title == "pancreas"
    assert [table.filter.index(n, NAME).data() for n in range(4)] == [
        "aorta",
        "left kidney",
        "liver",
        "pancreas",
    ]
    failed: list[object] = []
    table.names.failed.connect(failed.append)
    table.names.rename(1, "aorta")
    assert "called 'aorta' already" in str(failed[0])


def test_who_names_the_ribs_goes_on_with_them(session: Session, wait_for: Wait) -> None:
    table = StructuresTable(session)
    session.scene.hide(["liver", "aorta"])
    table.search.setText("e")
    said: list[str] = []
    table.names.said.connect(said.append)
    for label, title in ((2, "left 10th rib ee"), (3, "left 7th rib ee")):
        table.names.rename(label, title)
        wait_for(lambda: not table.work.running)
    assert said[-1].startswith("1 structure has")
    assert table.search.text() == "e", "the search stays"
    rows = [table.filter.index(n, NAME) for n in range(table.filter.rowCount())]
    assert [(r.data(), r.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked) for r in rows] == [
        ("left 7th rib ee", True),
        ("left 10th rib ee", True),
        ("liver", False),
    ], "what is hidden is not ticked, and the 7th comes before the 10th"


def test_the_dialog_offers_the_fitting_tables_first_and_previews(
    session: Session, changes: NameChanges, qtbot: object, tmp_path: Path
) -> None:
    dialog = NamesDialog(session.case, changes)
    qtbot.addWidget(dialog)  # type: ignore[attr-defined]
    counts = [
        int(dialog.tables.itemText(n).split(" knows ")[1].split(" of ")[0])
        for n in range(dialog.tables.count())
    ]
    assert counts == sorted(counts, reverse=True)
    own = tmp_path / "names.csv"
    own.write_text("label,name\n1,liver\n2,tail of pancreas\n", "utf-8")
    dialog.read_file(own)
    assert dialog.effect.text().startswith(
        "2 of 4 labels have a name; 2 keep the number. 3 are called otherwise"
    )
    assert [dialog.preview.item(0, c).text() for c in range(3)] == ["2", "spleen", "tail of pancreas"]
    dialog.apply()
    assert session.case[2].name == "tail of pancreas"
    broken = tmp_path / "broken.json"
    broken.write_text("{", "utf-8")
    dialog.read_file(broken)
    assert dialog.message.tone == "error"
