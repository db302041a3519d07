"""Twenty questions on three cases, reviewed by keyboard alone; an edit makes another's score stale; undo after a restart."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_spatialmed import benchmark
from napari_spatialmed.agents import propose
from napari_spatialmed.agents.recording import record_result
from napari_spatialmed.case import Case, CaseLibrary, open_case, open_sample
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.viewer.workspace import show_dock

pytestmark = pytest.mark.gui

PER_CASE = (7, 7, 6)


@pytest.fixture
def three_cases() -> list[Case]:
    """Two phantoms, and the first without its scan: three cases known on this machine."""
    abdomen, brain = open_sample("phantom-abdomen"), open_sample("phantom-brain")
    path = abdomen.provenance.labels_path
    assert path is not None
    bare = open_case(path, names=path.parent / "names.json", modality="CT")
    for case in (abdomen, brain, bare):
        CaseLibrary().remember(case)
    assert len({case.id for case in (abdomen, brain, bare)}) == 3
    return [abdomen, brain, bare]


@pytest.fixture
def file(three_cases: list[Case], tmp_path: Path) -> Path:
    """A benchmark of twenty questions, the first of which another reviewer has scored."""
    path = tmp_path / "review.spatialmed.jsonl"
    opened = benchmark.create(path, actor="team")
    for case, count in zip(three_cases, PER_CASE, strict=True):
        opened.register_case(case)
        record_result(opened, propose(CaseGeometry(case), count=count, seed=1))
    other = benchmark.open(path, actor="other")
    other.review(other.state.queue("other")[0].question, 2)
    assert len(other.state.queue("me")) == sum(PER_CASE)
    return path


def test_review_by_keyboard(
    workspace: Callable[[], tuple[Any, Any]], file: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer, session = workspace()
    session.set_reviewer("me")
    curate: Any = show_dock(viewer, "Curate")
    curate.open_benchmark(file)
    qtbot.waitUntil(lambda: session.question is not None, timeout=60_000)
    first = session.question

    def settle() -> None:
        """The question's own scan is on show."""
        qtbot.waitUntil(
            lambda: session.case is not None and session.case.id == curate.state.case, timeout=60_000
        )
        qtbot.waitUntil(lambda: not session.opening.running, timeout=60_000)

    def press(key: Any, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
        focus = QApplication.focusWidget() or curate.queue.table
        QTest.keyClick(focus, key, modifier)
        QApplication.processEvents()

    viewer.window._qt_window.activateWindow()
    curate.queue.table.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is curate.queue.table, timeout=60_000)
    settle()
    painted = session.case.labels.copy()

    # an edit, typed: the other reviewer's score becomes stale
    press(Qt.Key.Key_F2)
    QTest.keyClicks(QApplication.focusWidget(), "On this scan: 1 2 ")
    press(Qt.Key.Key_Escape)
    state = session.benchmark.state.questions[first]
    assert state.revision == 2
    assert "On this scan: 1 2 " in state.question.stem
    assert state.stale_reviews["other"].stale == "stale: was 2 for revision 1"
    assert "other" not in curate.others.text(), "blind until submitted"

    # score all twenty
    seen = []
    for n in range(sum(PER_CASE)):
        settle()
        seen.append((session.question, curate.state.case))
        press(getattr(Qt.Key, f"Key_{n % 3}"))
        assert curate.review.score == n % 3
        press(Qt.Key.Key_Return)
    assert len({question for question, _ in seen}) == sum(PER_CASE)
    cases = [case for _, case in seen]
    assert sum(a != b for a, b in itertools.pairwise(cases)) == 2, "each scan was loaded once"
    assert curate.queue.model.counts()["scored"] == sum(PER_CASE)
    assert np.array_equal(painted, open_sample("phantom-abdomen").labels), "pressing 1 and 2 painted nothing"
    labels_layer = session.scene.case_layers.labels
    assert labels_layer.mode == "pan_zoom", "pressing 1 didn't turn the eraser on"

    # undo in a new sitting, from the same file
    again = benchmark.open(file, actor="me")
    assert [r.score for r in again.state.questions[seen[-1][0]].reviews.values()] == [(sum(PER_CASE) - 1) % 3]
    viewer2, session2 = workspace()
    session2.set_reviewer("me")
    curate2: Any = show_dock(viewer2, "Curate")
    curate2.open_benchmark(file)
    qtbot.waitUntil(lambda: session2.benchmark is not None, timeout=60_000)
    viewer2.window._qt_window.activateWindow()
    curate2.queue.table.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is curate2.queue.table, timeout=60_000)
    QTest.keyClick(curate2.queue.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not benchmark.read(file).state.questions[seen[-1][0]].reviews
    QTest.keyClick(
        curate2.queue.table,
        Qt.Key.Key_Z,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    assert benchmark.read(file).state.questions[seen[-1][0]].reviews["me"].score == (sum(PER_CASE) - 1) % 3
    # The second window read its scan meanwhile: it closes when that has arrived.
    qtbot.waitUntil(lambda: session2.case is not None and not session2.opening.running, timeout=60_000)
