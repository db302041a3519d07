"""A radiologist at the case list, by keyboard alone: from scan to scan, every question scored, and a bad file in between."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_spatialmed import benchmark
from napari_spatialmed.case import discover, open_case, sample_folder
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import build_question, check_question
from napari_spatialmed.viewer.workspace import show_dock

pytestmark = pytest.mark.gui

CTRL, PLAIN = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier
REAL = ("msd_hippocampus_001", "msd_hippocampus_003", "msd_hippocampus_004")


@pytest.fixture
def phantoms(tmp_path: Path) -> Path:
    """The two phantoms, with a file between them that is no scan."""
    root = tmp_path / "study"
    for n, name in ((1, "phantom_abdomen"), (3, "phantom_brain")):
        shutil.copytree(sample_folder() / name, root / f"case_{n}")
    (root / "case_2").mkdir()
    (root / "case_2" / "seg.nii.gz").write_bytes(b"\x1f\x8b\x08\x00not a scan")
    return root


@pytest.fixture
def real(shared: Callable[[str], Path], tmp_path: Path) -> Path:
    """Three real MR scans of the hippocampus."""
    root = tmp_path / "study"
    root.mkdir()
    for name in REAL:
        (root / name).symlink_to(shared(f"cases/{name}"))
    return root


def questions_about(folder: Path, path: Path) -> list[str]:
    """A benchmark made on another machine: two questions about each case; returns the cases' ids in the list's order."""
    opened = benchmark.create(path, actor="team")
    ids = []
    for files in discover(folder):
        if files.image is None:
            continue
        case = open_case(files.labels, files.image, names=files.names)
        geometry = CaseGeometry(case)
        opened.register_case(case)
        for structure in sorted(case, key=lambda s: -geometry.survey.counts[geometry.survey.row(s.label)]):
            # What is cut by the scan's border can't be asked about.
            with suppress(SpatialMedError):
                question = build_question(geometry, "volest.absolute", (structure.name,), seed=1)
                opened.propose(question, check_question(question, geometry), accepted=True)
            if sum(q.case == case.id for q in opened.state.questions.values()) == 2:
                break
        ids.append(case.id)
    return ids


@pytest.mark.parametrize("study", ["phantoms", "real"])
def test_a_study_is_reviewed_without_the_mouse(
    study: str,
    request: pytest.FixtureRequest,
    workspace: Callable[[], tuple[Any, Any]],
    tmp_path: Path,
    qtbot: Any,
) -> None:
    folder: Path = request.getfixturevalue(study)
    path = tmp_path / "review.spatialmed.jsonl"
    ids = questions_about(folder, path)
    viewer, session = workspace()
    session.set_reviewer("rad")
    curate: Any = show_dock(viewer, "Curate")
    curate.open_benchmark(path)
    qtbot.waitUntil(lambda: "never opened on this machine" in curate.message.text(), timeout=60_000)

    def press(key: Any, modifier: Any = PLAIN) -> None:
        QTest.keyClick(QApplication.focusWidget() or viewer.window._qt_window, key, modifier)
        QApplication.processEvents()

    def focus(widget: Any) -> None:
        viewer.window._qt_window.activateWindow()
        widget.setFocus()
        qtbot.waitUntil(lambda: QApplication.focusWidget() is widget, timeout=60_000)

    def settle(case_id: str) -> None:
        qtbot.waitUntil(lambda: session.case is not None and session.case.id == case_id, timeout=60_000)
        qtbot.waitUntil(lambda: curate.state.case == case_id and not session.opening.running, timeout=60_000)

    # The folder is typed, its cases appear; which of them the benchmark means shows once they are read.
    cases: Any = show_dock(viewer, "Case list")
    focus(cases.where)
    cases.where.clear()
    QTest.keyClicks(cases.where, str(folder))
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.cases.rows and not session.cases.looking.running, timeout=60_000)
    assert cases.recognise_button.isVisible()

    # Down to the first row, Enter: the scan opens, and its own question is at hand.
    press(Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is cases.table
    press(Qt.Key.Key_Home)
    press(Qt.Key.Key_Return)
    settle(ids[0])
    focus(curate.queue.table)
    for n, case_id in enumerate(ids):
        settle(case_id)
        if n + 1 < len(ids):
            # The next scan is read meanwhile, past a bad file: the last Enter shows it, a few turns later.
            qtbot.waitUntil(lambda n=n: session.ahead.ready == ids[n + 1], timeout=60_000)  # type: ignore[misc]
        for _ in range(2):
            assert curate.state.case == case_id
            press(Qt.Key.Key_2)
            press(Qt.Key.Key_Return)
        assert next(row for row in session.cases.rows if row.case_id == case_id).left == 0
        assert not session.opening.running, "nothing is left to read"
        settle(ids[min(n + 1, len(ids) - 1)])
    # Back to look once more, and forward again.
    press(Qt.Key.Key_PageUp, CTRL)
    settle(ids[-2])
    press(Qt.Key.Key_PageDown, CTRL)
    settle(ids[-1])
    assert "scored by you" in cases.counts.text()
    assert "nothing left for you" in cases.counts.text()
    press(Qt.Key.Key_PageDown, CTRL)
    assert "last case" in cases.message.text()
    states = [row.state for row in session.cases.rows]
    assert states == (["opened", "broken", "opened"] if study == "phantoms" else ["opened"] * 3)
    reviews = [q.reviews["rad"].score for q in benchmark.read(path).state.questions.values()]
    assert len(reviews) == 2 * len(ids)
    assert set(reviews) == {2}
