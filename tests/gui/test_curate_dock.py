"""The Curate dock with a real window: fields saved when left, rules re-checked as one types, blind until submitted, settled by one."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit

from napari_spatialmed import benchmark
from napari_spatialmed.case import Case, CaseFiles, CaseLibrary, make_case, open_case, open_sample
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import build_question, check_question
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.curate_buttons import NEEDS_QUESTION, NO_QUESTION
from napari_spatialmed.viewer.curate_dock import CurateDock
from napari_spatialmed.viewer.history_dialog import shown_events, word_diff
from napari_spatialmed.viewer.session import session_for

pytestmark = pytest.mark.gui
Wait = Callable[[Callable[[], bool]], None]

KIDNEYS = ("kidney_right", "kidney_left")
ABDOMEN = (("vol.value", ("spleen",)), ("dist.surface_value", KIDNEYS), ("volest.absolute", ("liver",)))
"""A value, a direction and an open question."""
DOCK_WIDTH = 440


def put(opened: Any, geometry: CaseGeometry, forms: Any) -> None:
    """Put questions about a case into a benchmark."""
    opened.register_case(geometry.case)
    for form, names in forms:
        question = build_question(geometry, form, names, seed=3)
        opened.propose(question, check_question(question, geometry), accepted=True)


@pytest.fixture(scope="module")
def abdomen() -> CaseGeometry:
    """The abdominal phantom."""
    return CaseGeometry(open_sample("phantom-abdomen"))


@pytest.fixture
def dock(make_napari_viewer: Callable[..., Any], tmp_path: Path) -> Any:
    """The dock over a phantom of its own, which tests may paint in."""
    viewer = make_napari_viewer()
    session = session_for(viewer)
    geometry = CaseGeometry(open_sample("phantom-abdomen"))
    path = tmp_path / "b.spatialmed.jsonl"
    opened = benchmark.create(path, actor="me")
    put(opened, geometry, ABDOMEN)
    session.set_reviewer("me")
    session.set_case(geometry.case, geometry)
    session.set_benchmark(opened)
    found = CurateDock(viewer)
    found.show()
    yield found
    found.close()


def review_as(dock: Any, name: str, score: int | None, question: str | None = None) -> None:
    """Somebody else reviews in the same file."""
    other = benchmark.open(dock.session.benchmark.path, actor=name)
    other.review(question or dock.state.id, score, comment=f"said {name}")
    dock.session.benchmark.refresh()
    dock.session.benchmark_changed.emit()


# ---- editing


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


def test_what_is_being_typed_and_chosen_survives_a_change_elsewhere(dock: Any) -> None:
    dock.editor.stem.setPlainText("Half a sent")
    dock.score_2()
    other = next(q for q in dock.session.benchmark.state.questions if q != dock.state.id)
    review_as(dock, "someone else", 1, other)
    assert dock.editor.stem.toPlainText() == "Half a sent"
    assert dock.review.score == 2


def test_an_option_made_too_close_says_so_while_typing_and_stays_marked(dock: Any, qtbot: Any) -> None:
    question = dock.state.question
    right = question.options["ABCDEFGH".index(question.answer)]
    wrong = next(line for line in dock.editor.options if line.text() != right)
    wrong.setText(right)
    wrong.textEdited.emit(right)
    qtbot.waitUntil(lambda: "✗ O" in dock.checks.text(), timeout=60_000)
    assert dock.state.revision == 1
    dock.leave()
    assert dock.state.revision == 2, "a broken rule doesn't keep an edit from being saved"
    model = dock.queue.model
    qtbot.waitUntil(lambda: "✗" in model.rows[model.row_of(dock.state.id)].marks, timeout=60_000)
    assert "breaks G2, O1" in model.rows[model.row_of(dock.state.id)].words
    dock.queue.filter_box.setCurrentText("Broken rules")
    assert [row.question for row in model.rows] == [dock.state.id]
    dock.undo()
    qtbot.waitUntil(lambda: not model.rows, timeout=60_000)


def test_a_wrong_answer_chosen_says_so(dock: Any, qtbot: Any) -> None:
    question = dock.state.question
    other = next(n for n in range(len(question.options)) if "ABCDEFGH"[n] != question.answer)
    dock.editor.letters.button(other).click()
    qtbot.waitUntil(lambda: "✗ G2" in dock.checks.text(), timeout=60_000)
    dock.undo()
    qtbot.waitUntil(lambda: dock.checks.text().startswith("✓"), timeout=60_000)
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
    qtbot.waitUntil(lambda: by_form["vol.value"].status == "stale", timeout=60_000)
    assert "labels edited" in by_form["vol.value"].stale_reason
    assert {by_form[f].status for f in ("dist.surface_value", "volest.absolute")} == {"pending"}


def test_checking_edited_labels_shows_in_the_dock_and_loses_nothing_when_cancelled(
    dock: Any, qtbot: Any
) -> None:
    watch, session = dock.watch, dock.session
    bar = next(b for b in dock.findChildren(BusyBar) if b._work is watch.work)
    seen: list[bool] = []
    watch.work.progressed.connect(lambda *_: seen.append(bar.isVisibleTo(dock)))
    watch.work.started.connect(bar.cancel_button.click)
    with qtbot.waitSignal(watch.stopped, timeout=60_000):
        session.labels_edited.emit(("spleen",))
    watch.work.started.disconnect(bar.cancel_button.click)
    assert "not all compared" in dock.message.text()
    assert not bar.isVisibleTo(dock)
    with qtbot.waitSignal(watch.checked, timeout=20_000) as checked:
        session.labels_edited.emit(("liver",))
    assert len(checked.args[0]) == 2, "the spleen's question as well"
    assert seen
    assert all(seen)
    assert dock.message.text() == "✓ Labels edited: 2 answers recomputed, none has changed."


def test_without_a_question_the_buttons_say_why(make_napari_viewer: Callable[..., Any]) -> None:
    empty = CurateDock(make_napari_viewer())
    for name in NEEDS_QUESTION:
        button = empty.buttons.buttons[name]
        assert not button.isEnabled()
        assert button.toolTip() == NO_QUESTION
    assert "nothing of yours" in empty.buttons.buttons["undo"].toolTip()
    empty._pressed("evidence")
    assert empty.message.text() == NO_QUESTION, "and so does the key"
    empty.close()


def test_an_earlier_text_is_restored_from_the_history(dock: Any) -> None:
    question, before = dock.state.id, dock.state.question.stem
    dock.editor.stem.setPlainText("Something worse?")
    dock.leave()
    dialog = dock.dialogs.history()
    dock.next()
    dialog.events.setCurrentRow(0)
    dialog.restore_button.click()
    state = dock.session.benchmark.state.questions[question]
    assert state.question.stem == before, "the question it was opened for, not the one at hand now"
    assert state.revision == 3


def test_recomputing_shows_stored_against_now(dock: Any, qtbot: Any) -> None:
    dock.recompute()
    qtbot.waitUntil(lambda: dock.checks.truth_label.text().startswith("✓ stored"), timeout=60_000)
    question = dock.state.question
    stored = f"{question.answer} ({question.answer_text})" if question.options else question.answer_text
    assert dock.checks.truth_label.text() == f"✓ stored {stored}, now {question.answer}."


# ---- reviewing


def test_others_scores_show_only_after_submitting(dock: Any) -> None:
    question = dock.state.id
    review_as(dock, "someone else", 0)
    assert "someone else" not in dock.others.text()
    assert not dock.buttons.buttons["provenance"].isEnabled()
    assert dock.dialogs.provenance() is None
    lines = [line for _, line in shown_events(dock.state, "me", blind=True)]
    assert not any("someone else" in line or "said" in line for line in lines)
    dock.score_2()
    dock.submit()
    dock.session.set_question(question)
    assert "someone else: 0" in dock.others.text()
    assert "labels: " in dock.dialogs.provenance().text.toPlainText()


def test_cannot_judge_a_flag_and_a_remark_are_no_zero(dock: Any) -> None:
    question = dock.state.id
    dock.action("flag")()
    dock.remark_line.line.setText("wrong side?")
    dock.remark_line.finish()
    dock.action("remark")()
    dock.remark_line.line.setText("see the report")
    dock.remark_line.finish()
    assert [flag.text for flag in dock.state.flags] == ["wrong side?"]
    assert [remark.text for remark in dock.state.comments] == ["see the report"]
    assert not dock.state.reviews, "neither is a review"
    dock.review.comment.setText("not my field")
    dock.cannot_judge()
    dock.submit()
    own = dock.session.benchmark.state.questions[question].reviews["me"]
    assert (own.score, own.comment) == (None, "not my field")
    dock.session.set_question(question)
    dock.action("flag")()
    assert not dock.state.flags, "the second time it comes down"


def test_what_was_chosen_and_not_submitted_waits_as_a_draft(dock: Any) -> None:
    question = dock.state.id
    dock.score_1()
    dock.next()
    dock.queue.filter_box.setCurrentText("To do")
    assert dock.queue.model.rows[dock.queue.model.row_of(question)].state == "draft"
    dock.previous()
    assert dock.review.score == 1
    dock.submit()
    assert dock.state.id != question, "on to the next, though the list no longer holds the one before"
    assert dock.queue.model.row_of(question) == -1


def test_split_scores_are_listed_and_settled_with_a_note(dock: Any) -> None:
    first, second, third = dock.session.benchmark.state.questions
    for question, anna, bob in ((first, 2, 2), (second, 0, 1), (third, 0, 2)):
        review_as(dock, "Anna", anna, question)
        review_as(dock, "Bob", bob, question)
    dock.queue.filter_box.setCurrentText("To adjudicate")
    assert not dock.queue.model.rows, "that others are split stays hidden until one has scored"
    for question in (first, second, third):
        dock.session.set_question(question)
        dock.score_2()
        dock.submit()
    assert [row.question for row in dock.queue.model.rows] == [third, second], "lowest agreement first"
    dock.session.set_question(third)
    dialog = dock.dialogs.adjudicate()
    dialog.choices.button(0).click()
    dialog.buttons.accepted.emit()
    assert "needs a note" in dialog.message.text()
    dialog.note.setPlainText("nobody could tell from the scan")
    dialog.buttons.accepted.emit()
    state = dock.session.benchmark.state.questions[third]
    assert state.status == "dropped"
    assert state.adjudication.note == "nobody could tell from the scan"
    assert [row.question for row in dock.queue.model.rows] == [second]


def test_two_texts_in_conflict_are_chosen_between(dock: Any, wait_for: Wait) -> None:
    path, question = dock.session.benchmark.path, dock.state.id
    copy = path.with_name("copy.spatialmed.jsonl")
    copy.write_bytes(path.read_bytes())
    dock.editor.stem.setPlainText("How big is the spleen?")
    dock.leave()
    benchmark.open(copy, actor="other").edit(question, "stem", "How large is that spleen?")
    united = path.with_name("united.spatialmed.jsonl")
    benchmark.merge([path, copy], united)
    dock.open_benchmark(united, question)
    wait_for(lambda: dock.session.benchmark.path == united)
    assert not dock.review.isEnabled()
    dialog = dock.dialogs.adjudicate()
    texts = [version.question.stem for version in dock.state.conflict]
    dialog.choices.button(texts.index("How large is that spleen?")).click()
    dialog.buttons.accepted.emit()
    assert dock.state.question.stem == "How large is that spleen?"
    assert not dock.state.conflict


def test_time_is_kept_only_where_one_agreed(dock: Any) -> None:
    first = dock.state.id
    dock.score_2()
    dock.submit()
    dock.buttons.time_action.setChecked(True)
    second = dock.state.id
    dock.score_2()
    dock.submit()
    dock.buttons.time_action.setChecked(False)
    seconds = {
        e.question: e.payload.seconds
        for e in dock.session.benchmark.state.events
        if e.kind == "review_submitted"
    }
    assert seconds[first] is None
    assert seconds[second] is not None
    assert seconds[second] >= 0


# ---- the scan that comes next


def test_the_next_scan_is_read_while_the_last_questions_are_reviewed(dock: Any, qtbot: Any) -> None:
    session = dock.session
    brain = CaseGeometry(open_sample("phantom-brain"))
    CaseLibrary().remember(brain.case)
    CaseLibrary().remember(session.case)
    names = [s.name for s in brain.case if not brain.survey.row(s.label) < 0][:40]
    put(
        session.benchmark, brain, [("volest.absolute", (next(n for n in names if "ventricle" in n.lower()),))]
    )
    session.benchmark_changed.emit()
    abdomen = session.case.id
    for _ in range(2):
        dock.score_2()
        dock.submit()
    assert session.case.id == abdomen
    qtbot.waitUntil(lambda: dock.session.ahead.ready == brain.case.id, timeout=60_000)
    dock.score_2()
    dock.submit()
    assert not session.opening.running, "nothing is left to read"
    qtbot.waitUntil(lambda: session.case.id == brain.case.id)
    assert dock.session.ahead.ready is None, "no more than one is held beside that on show"


# ---- importing


def test_another_label_map_of_the_same_scan_is_told_and_breaks_nothing(dock: Any) -> None:
    case = dock.session.case
    body = make_case(np.ones((2, 2, 2), np.uint8), np.eye(4), names={1: "body"}).structures
    other = Case((case.labels > 0).astype(np.uint8), case.affine, body, case.image, case.modality)
    assert other.id == case.id
    for question in list(dock.session.benchmark.state.questions)[:4]:
        dock.session.set_case(case)
        dock.session.set_question(question)
        dock.session.set_case(other)
        assert "another one of the same scan" in dock.message.text()
        assert dock.session.scene.drawing_layers.drawings == {}
        dock.at_hand.evidence()


def two_label_maps(folder: Path) -> tuple[CaseFiles, CaseFiles]:
    """Files of one scan with its organs, and with the liver alone under another label."""
    case = open_sample("phantom-abdomen")
    files = []
    for name, labels in (
        ("organs", case.labels),
        ("liver", 9 * (case.labels == case["liver"].label).astype(np.uint8)),
    ):
        names = case.names if name == "organs" else {9: "liver"}
        (folder / f"{name}.json").write_text(json.dumps(names))
        nib.save(nib.Nifti1Image(labels, case.affine), folder / f"{name}.nii.gz")
        files.append(CaseFiles(folder / f"{name}.nii.gz", folder / "ct.nii.gz", str(folder / f"{name}.json")))
    assert case.image is not None
    # Another scan than the one that the dock's own questions are about.
    nib.save(nib.Nifti1Image(case.image + np.int16(1), case.affine), folder / "ct.nii.gz")
    return files[0], files[1]


def test_of_two_label_maps_of_a_scan_each_question_brings_its_own(
    dock: Any, tmp_path: Path, qtbot: Any
) -> None:
    session, questions = dock.session, []
    for files, asked in zip(two_label_maps(tmp_path), ("spleen", "liver"), strict=True):
        case = open_case(files.labels, files.image, names=files.names)
        CaseLibrary().remember(case)
        put(session.benchmark, CaseGeometry(case), [("volest.absolute", (asked,))])
        questions.append(list(session.benchmark.state.questions)[-1])
    session.benchmark_changed.emit()
    for question, name in zip(questions * 2, ("organs", "liver") * 2, strict=True):
        session.set_question(question)
        qtbot.waitUntil(
            lambda name=name: (
                name in str(session.case.provenance.labels_path)  # type: ignore[misc]
                and not session.opening.running
                and not session.arriving
            ),
            timeout=60_000,
        )
        assert session.question == question
        assert "another one" not in dock.message.text()
        assert session.case.label_sha256() == dock.state.question.label_sha256


def test_a_scan_of_the_benchmark_opens_with_the_labels_that_its_questions_are_about(
    dock: Any, tmp_path: Path, qtbot: Any
) -> None:
    session = dock.session
    organs, liver = (open_case(f.labels, f.image, names=f.names) for f in two_label_maps(tmp_path))
    put(session.benchmark, CaseGeometry(organs), [("volest.absolute", ("spleen",))])
    for case in (organs, liver):
        CaseLibrary().remember(case)
    session.benchmark_changed.emit()
    session.cases.open(next(row for row in session.cases.rows if row.case_id == organs.id))
    qtbot.waitUntil(lambda: session.case.id == organs.id, timeout=60_000)
    assert session.case.names == organs.names


def test_a_scan_taken_up_later_stays_though_a_question_had_waited_for_another(
    dock: Any, tmp_path: Path, qtbot: Any
) -> None:
    session = dock.session
    organs, liver = two_label_maps(tmp_path)
    case = open_case(organs.labels, organs.image, names=organs.names)
    CaseLibrary().remember(case)
    put(session.benchmark, CaseGeometry(case), [("volest.absolute", ("spleen",))])
    session.benchmark_changed.emit()
    session.open_case_async(liver.labels, liver.image, names=liver.names)
    session.set_question(list(session.benchmark.state.questions)[-1])
    assert dock.at_hand.scan.bringing
    session.open_sample_async("phantom-brain")
    qtbot.waitUntil(lambda: not session.opening.running and not session.arriving, timeout=60_000)
    assert session.case.id not in (case.id, dock.state.case)


def test_a_file_that_another_dock_cannot_open_is_not_told_here(dock: Any, tmp_path: Path, qtbot: Any) -> None:
    dock.message.clear()
    dock.session.open_case_async(tmp_path / "nothing.nii.gz")
    qtbot.waitUntil(lambda: not dock.session.opening.running, timeout=60_000)
    assert dock.message.text() == ""
    dock.at_hand.scan._opening = "the question's own"
    dock.session.opening.failed.emit(SpatialMedError("the disk is gone"))
    assert "the disk is gone" in dock.message.text()


def test_an_import_is_shown_before_anything_is_written(dock: Any, tmp_path: Path, qtbot: Any) -> None:
    path = tmp_path / "new.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["question", "options", "answer", "task", "scan"])
        rows.writerow(["Is the liver larger?", "yes|no", "A", "VOL", "scan-a"])
        rows.writerow(["Is the spleen larger?", "yes|no", "C", "VOL", "scan-a"])
    dialog = dock.dialogs.import_questions(path)
    qtbot.waitUntil(lambda: dialog.plan is not None, timeout=60_000)
    report = dialog.report.toPlainText()
    assert "Added: 1" in report
    assert "✗ row 2: the answer 'C' is none of the options" in report
    assert len(dock.session.benchmark.state.questions) == len(ABDOMEN)
    dialog.import_button.click()
    assert len(dock.session.benchmark.state.questions) == len(ABDOMEN) + 1
    assert "1 added" in dock.message.text()


# ---- the dock itself


def test_the_dock_needs_no_model_key_or_network() -> None:
    """Nothing that reaches a model is even imported."""
    code = (
        "import sys, napari_spatialmed.viewer.curate_dock\n"
        "far = ('napari_spatialmed.llm', 'napari_spatialmed.agents', 'napari_spatialmed.evaluation', 'openai', 'httpx', 'keyring')\n"
        "print([name for name in far if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == "[]"


def test_the_dock_fits_and_every_control_is_reached_by_keyboard(dock: Any) -> None:
    dock.resize(DOCK_WIDTH, 900)
    assert dock.minimumSizeHint().width() <= DOCK_WIDTH
    assert dock.minimumSizeHint().height() < 600, "it scrolls on a low screen"
    for kind in (QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit):
        for control in dock.findChildren(kind):
            if not control.isVisibleTo(dock):
                continue
            assert control.width() >= control.minimumSizeHint().width(), f"cut: {control.accessibleName()}"
            named = control.accessibleName() or (
                control.text() if isinstance(control, QAbstractButton) else ""
            )
            assert named or control.parent() is dock.queue.table, control
    order, focus = [], dock.queue.table
    while focus is not dock.queue.table or not order:
        order.append(focus)
        focus = focus.nextInFocusChain()
    parts = [
        dock.queue.table,
        dock.editor.stem,
        *dock.editor.options,
        dock.review.comment,
        dock.buttons.more_button,
    ]
    places = [order.index(part) for part in parts]
    assert places == sorted(places), "Tab goes from top to bottom"
    assert set(dock.buttons.buttons.values()) <= set(order)


def test_escape_leaves_the_remark_without_saving(dock: Any) -> None:
    dock.action("remark")()
    QTest.keyClicks(dock.remark_line.line, "no")
    QTest.keyClick(dock.remark_line.line, Qt.Key.Key_Escape)
    dock.leave()
    assert not dock.remark_line.isVisible()
    assert not dock.state.comments


def test_word_diff_marks_words_only() -> None:
    changes = list(word_diff("How large is the spleen?", "How big is the left spleen?"))
    assert "".join(text for change, text in changes if change != "added") == "How large is the spleen?"
    assert "".join(text for change, text in changes if change != "removed") == "How big is the left spleen?"
    assert [text.strip() for change, text in changes if change == "removed"] == ["large"]
