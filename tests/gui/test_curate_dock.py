"""The Curate dock with a real window: fields saved when left, rules re-checked as one types, stale after label edits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_spatialmed import benchmark
from napari_spatialmed.case import open_sample
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import build_question, check_question
from napari_spatialmed.viewer.curate_dock import CurateDock
from napari_spatialmed.viewer.history_dialog import word_diff
from napari_spatialmed.viewer.session import session_for

pytestmark = pytest.mark.gui

KIDNEYS = ("kidney_right", "kidney_left")


@pytest.fixture
def dock(make_napari_viewer: Callable[..., Any], tmp_path: Path) -> Any:
    """The dock over the abdominal phantom, with a value, a direction and an open question."""
    viewer = make_napari_viewer()
    session = session_for(viewer)
    case = open_sample("phantom-abdomen")
    geometry = CaseGeometry(case)
    path = tmp_path / "b.spatialmed.jsonl"
    opened = benchmark.create(path, actor="me")
    opened.register_case(case)
    for form, names in (
        ("vol.value", ("spleen",)),
        ("dist.surface_value", KIDNEYS),
        ("volest.absolute", ("liver",)),
    ):
        question = build_question(geometry, form, names, seed=3)
        opened.propose(question, check_question(question, geometry), accepted=True)
    session.set_reviewer("me")
    session.set_case(case, geometry)
    session.set_benchmark(opened)
    found = CurateDock(viewer)
    found.show()
    yield found
    found.close()


def test_a_field_is_saved_when_it_is_left(dock: Any) -> None:
    dock.editor.stem.setPlainText("How large is the spleen on this scan?")
    assert dock.state.revision == 1, "not saved while typing"
    dock.leave()
    assert dock.state.revision == 2
    assert "Saved" in dock.message.text()
    assert (
        benchmark.read(dock.session.benchmark.path)
        .state.questions[dock.state.id]
        .question.stem.endswith("on this scan?")
    )


def test_an_option_made_too_close_says_so_while_typing(dock: Any, qtbot: Any) -> None:
    question = dock.state.question
    right = question.options["ABCDEFGH".index(question.answer)]
    wrong = next(line for line in dock.editor.options if line.text() != right)
    wrong.setText(right)
    wrong.textEdited.emit(right)
    qtbot.waitUntil(lambda: "✗ O" in dock.checks.text(), timeout=5000)
    assert dock.state.revision == 1


def test_a_wrong_answer_chosen_says_so(dock: Any, qtbot: Any) -> None:
    question = dock.state.question
    other = next(n for n in range(len(question.options)) if "ABCDEFGH"[n] != question.answer)
    dock.editor.letters.button(other).click()
    qtbot.waitUntil(lambda: "✗ G2" in dock.checks.text(), timeout=5000)
    dock.undo()
    qtbot.waitUntil(lambda: dock.checks.text().startswith("✓"), timeout=5000)
    assert dock.state.question.answer == question.answer


def test_labels_edited_make_just_the_wrong_answers_stale(dock: Any, qtbot: Any) -> None:
    session = dock.session
    spleen = session.case["spleen"].label
    by_form = {q.question.key.form: q for q in session.benchmark.state.questions.values()}
    layer = session.scene.case_layers.labels
    half = session.geometry.survey.index_min[session.geometry.survey.row(spleen)][0] + 12
    cut = session.case.labels[:half]
    cut[cut == spleen] = 0
    layer.refresh()
    names = session.geometry.update((slice(0, int(half)), slice(None), slice(None)))
    assert "spleen" in names
    session.labels_edited.emit(("spleen",))
    qtbot.waitUntil(lambda: by_form["vol.value"].status == "stale", timeout=20_000)
    assert "labels edited" in by_form["vol.value"].stale_reason
    assert {by_form[f].status for f in ("dist.surface_value", "volest.absolute")} == {"pending"}


def test_others_scores_show_only_after_submitting(dock: Any) -> None:
    question = dock.state.id
    other = benchmark.open(dock.session.benchmark.path, actor="someone else")
    other.review(question, 0, comment="the options are too easy")
    dock.session.benchmark.refresh()
    dock.session.set_question(None)
    dock.session.set_question(question)
    assert "someone else" not in dock.others.text()
    dock.score_2()
    dock.submit()
    dock.session.set_question(question)
    assert "someone else: 0" in dock.others.text()


def test_word_diff_marks_words_only() -> None:
    changes = list(word_diff("How large is the spleen?", "How big is the left spleen?"))
    assert "".join(text for change, text in changes if change != "added") == "How large is the spleen?"
    assert "".join(text for change, text in changes if change != "removed") == "How big is the left spleen?"
    assert [text.strip() for change, text in changes if change == "removed"] == ["large"]
