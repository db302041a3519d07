"""The Case dock and what all docks owe their users, in a real window: keys, names for screen readers, fonts, no edit lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import napari
import numpy as np
import pytest
from napari.settings import get_settings
from PIL import Image
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QProgressBar,
    QScrollBar,
    QTabBar,
    QTableView,
    QWidget,
)

from napari_spatialmed.case import make_case
from napari_spatialmed.viewer import commands, pictures
from napari_spatialmed.viewer.case_dock import CaseDock
from napari_spatialmed.viewer.keys import VIEW_KEYS
from napari_spatialmed.viewer.picture_dialog import PictureDialog
from napari_spatialmed.viewer.session import Session, session_for
from napari_spatialmed.viewer.workspace import DOCKS, dock_name, show_dock
from napari_spatialmed.viewer.workspace_bar import WorkspaceBar

pytestmark = pytest.mark.gui
Wait = Callable[[Callable[[], bool]], None]
Maker = Callable[..., napari.Viewer]
OWN = [title for title in DOCKS if title != "Orthogonal views"]
"""The side views are napari's own widgets."""
_SPOKEN = (
    QAbstractItemView,
    QLineEdit,
    QPlainTextEdit,
    QComboBox,
    QAbstractSlider,
    QAbstractSpinBox,
    QProgressBar,
)


def small_case() -> Any:
    labels = np.zeros((24, 24, 24), np.uint8)
    labels[14:22, 6:18, 6:18] = 1
    labels[2:9, 6:18, 6:18] = 2
    image = np.where(labels == 1, 120, np.where(labels == 2, 60, -100)).astype(np.int16)
    return make_case(labels, np.eye(4), names={1: "liver", 2: "spleen"}, image=image, modality="CT")


@pytest.fixture
def viewer(make_napari_viewer: Maker) -> Iterator[napari.Viewer]:
    """A window with the case in it, and the Case dock."""
    found = make_napari_viewer(show=True)
    found.window.resize(1000, 800)
    session_for(found).set_case(small_case())
    show_dock(found, "Case")
    yield found
    # Nobody is there to answer a question while the window closes.
    session_for(found).edits.saved(session_for(found).edits.strokes)


@pytest.fixture
def workspace(viewer: napari.Viewer, qtbot: Any) -> napari.Viewer:
    """The same with every dock."""
    viewer.window.resize(1500, 900)
    commands.workspace(viewer)
    qtbot.wait(50)
    return viewer


@pytest.fixture
def session(viewer: napari.Viewer) -> Session:
    return session_for(viewer)


def parts_of(viewer: napari.Viewer, title: str) -> Iterator[QWidget]:
    """A dock's widgets, without the inner parts of Qt's own."""
    for part in show_dock(viewer, title).findChildren(QWidget):
        inner = isinstance(
            part.parent(), QLineEdit | QAbstractSpinBox | QComboBox | QAbstractItemView | QTabBar
        )
        popup = type(part.parent()).__name__ in ("QComboBoxPrivateContainer", "QFrame")
        if not (inner or popup or part.objectName().startswith("qt_") or isinstance(part, QScrollBar)):
            yield part


def test_every_dock_can_be_heard_and_read_large(workspace: napari.Viewer, qtbot: Any) -> None:
    """Names for a screen reader, tooltips on buttons, the Tab key from top to bottom, nothing cut at twice the font size."""
    assert unheard_in(workspace) == ([], [])
    show_dock(workspace, "Case")
    qtbot.wait(20)
    heights = tab_order(workspace.window.dock_widgets[dock_name("Case")])
    assert len(heights) > 10
    assert heights == sorted(heights, key=lambda y: round(y / 12))
    appearance = get_settings().appearance
    before = appearance.font_size
    try:
        appearance.font_size = 18
        qtbot.wait(50)
        assert [found for title in OWN for found in cut_in(workspace, title)] == []
    finally:
        appearance.font_size = before


def cut_in(viewer: napari.Viewer, title: str) -> Iterator[str]:
    """What of a dock's words doesn't fit."""
    show_dock(viewer, title)
    QApplication.processEvents()
    for part in parts_of(viewer, title):
        metrics = part.fontMetrics()
        if not part.isVisible() or part.visibleRegion().isEmpty():
            continue
        if isinstance(part, QAbstractButton) and part.text():
            needed = metrics.horizontalAdvance(part.text().replace("&", ""))
            if part.width() < needed or part.height() < metrics.height() - 2:
                yield f"{title}: {part.text()}"
        elif isinstance(part, QTableView):
            assert part.fontInfo().pointSize() == 18, part.accessibleName()
            if part.verticalHeader().defaultSectionSize() < metrics.height():
                yield f"{title}: rows of {part.accessibleName()}"


def unheard_in(viewer: napari.Viewer) -> tuple[list[str], list[str]]:
    """What has no name for a screen reader, and which buttons have no tooltip."""
    nameless: list[str] = []
    unexplained: list[str] = []
    for title in OWN:
        parts = list(parts_of(viewer, title))
        buddies = {part.buddy() for part in parts if isinstance(part, QLabel)}
        for part in parts:
            what = f"{title}: {type(part).__name__} in {type(part.parent()).__name__}"
            if isinstance(part, QAbstractButton):
                # A word, not a sign like "…", unless there is a name beside it.
                if not part.accessibleName() and not any(c.isalnum() for c in part.text()):
                    nameless.append(f"{what}: {part.text()}")
                if not part.toolTip():
                    unexplained.append(f"{what}: {part.text()}")
            elif isinstance(part, _SPOKEN) and not part.accessibleName() and part not in buddies:
                nameless.append(what)
    return nameless, unexplained


def tab_order(dock: CaseDock) -> list[int]:
    """How far down each part lies that the Tab key reaches, in its order."""
    first = part = dock.opening.toggleButton()
    heights = []
    while (part := part.nextInFocusChain()) is not first:
        reached = dock.isAncestorOf(part) and part.focusPolicy() & Qt.FocusPolicy.TabFocus
        if reached and not part.visibleRegion().isEmpty():
            heights.append(part.mapTo(dock, part.rect().center()).y())
    return heights


def test_the_views_come_by_key_and_text_fields_keep_their_capitals(
    workspace: napari.Viewer, session: Session, qtbot: Any
) -> None:
    viewer, window = workspace, workspace.window._qt_window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=60_000)
    for letter, left in zip("APLRSI", "RLAPLR", strict=True):
        QTest.keyClick(window, letter, Qt.KeyboardModifier.ShiftModifier)
        qtbot.waitUntil(lambda: viewer.dims.ndisplay == 3, timeout=60_000)
        assert session.scene.letters.letters()["left"] == left
    for letter, axis in zip("XCG", (0, 1, 2), strict=True):
        QTest.keyClick(window, letter, Qt.KeyboardModifier.ShiftModifier)
        assert (viewer.dims.ndisplay, viewer.dims.order[0]) == (2, axis)
    dock = show_dock(viewer, "Case")
    dock.structures.search.setFocus()
    QTest.keyClick(dock.structures.search, "A", Qt.KeyboardModifier.ShiftModifier)
    assert dock.structures.search.text() == "A"
    assert viewer.dims.ndisplay == 2
    bar = viewer.window.dock_widgets[dock_name("Workspace")]
    assert isinstance(bar, WorkspaceBar)
    assert len(bar.shortcuts) == len(VIEW_KEYS)
    viewer.add_points(np.zeros((1, 3)))
    assert not any(shortcut.isEnabled() for shortcut in bar.shortcuts)


def test_a_picture_and_a_turntable_are_saved_and_can_be_cancelled(
    viewer: napari.Viewer,
    session: Session,
    wait_for: Wait,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dialog = PictureDialog(session, viewer.window._qt_window)
    assert dialog.kind.count() == 1
    session.scene.view_from("A")
    wait_for(lambda: session.scene.surfaces.complete)
    dialog.save(tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.height > session.scene.screenshot().shape[0]
    dialog.kind.setCurrentText("Turntable (animated GIF)")
    dialog.frames.setValue(8)
    angles = viewer.scene.camera.angles
    # A frame that takes longer than the thread waits for at a time is waited for again.
    monkeypatch.setattr(pictures, "_LOOK_EVERY_S", 0.001)
    dialog.save(tmp_path / "turn.gif")
    wait_for(lambda: not dialog.work.running)
    assert "Saved turn.gif" in dialog.message.text()
    assert viewer.scene.camera.angles == pytest.approx(angles)
    with Image.open(tmp_path / "turn.gif") as turn:
        assert turn.n_frames == 8
    dialog.save(tmp_path / "other.gif")
    dialog.work.cancel()
    wait_for(lambda: "Cancelled" in dialog.message.text())
    wait_for(lambda: sorted(p.name for p in tmp_path.iterdir()) == ["picture.png", "turn.gif"])
    dialog.save(tmp_path / "other.gif")
    session.scene.show_plane(0)
    wait_for(lambda: "left 3D" in dialog.message.text())
    assert dialog.kind.currentText() == "Picture (PNG)"
    dialog.close()


def answer_with(button: QMessageBox.StandardButton, asked: list[str]) -> None:
    """Press a button of the next question, once it is there."""

    def press() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            asked.append(box.text())
            box.button(button).click()
        else:
            QTimer.singleShot(20, press)

    QTimer.singleShot(20, press)


def test_unsaved_edits_are_asked_about_before_they_go(
    viewer: napari.Viewer, session: Session, wait_for: Wait, tmp_path: Path
) -> None:
    dock = show_dock(viewer, "Case")
    assert isinstance(dock, CaseDock)
    dock.editing.switch.click()
    assert "Ctrl+Z" in dock.message.text()
    session.select(["spleen"])
    session.scene.case_layers.labels.paint((1, 1, 1), 2)
    wait_for(lambda: session.edits.unsaved)
    shown, asked = session.case, []
    answer_with(QMessageBox.StandardButton.Cancel, asked)
    session.set_case(small_case())
    assert session.case is shown
    answer_with(QMessageBox.StandardButton.Cancel, asked)
    viewer.window._qt_window.close()
    assert viewer.window._qt_window.isVisible()
    assert asked == ["The labels were edited and not saved."] * 2
    dock.editing.save(tmp_path / "edited.nii.gz")
    wait_for(lambda: not session.edits.unsaved)
    assert "Saved the labels to edited.nii.gz" in dock.message.text()
    session.set_case(small_case())
    assert session.case is not shown


def test_the_strength_of_colours_is_the_views_own(
    viewer: napari.Viewer, session: Session, wait_for: Wait
) -> None:
    dock = show_dock(viewer, "Case")
    dock.strength.setValue(20)
    session.scene.view_from("A")
    wait_for(lambda: session.scene.surfaces.complete)
    assert dock.strength.value() == 100
    assert dock.cut.isVisible()
    dock.strength.setValue(60)
    surfaces = [layer for layer in viewer.layers if layer.metadata.get("spatialmed") == "surface"]
    assert {layer.opacity for layer in surfaces if layer.visible} == {0.6}
    session.scene.show_plane(0)
    assert dock.strength.value() == 20
    assert not dock.cut.isVisible()
    assert session.scene.case_layers.labels.opacity == pytest.approx(0.2)
