"""The workspace in a real window: open, look, choose, measure, edit; and nothing left behind."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import napari
import numpy as np
import pytest
from napari.settings import get_plugin_settings, get_settings
from napari.utils.events import Event
from npe2 import PluginManager
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDockWidget, QLabel, QPushButton, QScrollArea, QTabBar, QTableWidget

from napari_spatialmed.case import Case, colors, make_case
from napari_spatialmed.geometry import measure
from napari_spatialmed.viewer import commands, memory, workspace
from napari_spatialmed.viewer.case_dock import CaseDock
from napari_spatialmed.viewer.case_list_dock import NOTHING_PASSES, CaseListDock
from napari_spatialmed.viewer.diagnose import Diagnose
from napari_spatialmed.viewer.keys import SECTIONS
from napari_spatialmed.viewer.layer_changes import OWNER
from napari_spatialmed.viewer.measure_dock import MeasureDock
from napari_spatialmed.viewer.orthogonal import OrthogonalViews
from napari_spatialmed.viewer.session import Session, session_for
from napari_spatialmed.viewer.workspace import DOCKS, dock_name, show_dock
from napari_spatialmed.viewer.workspace_bar import WorkspaceBar

pytestmark = pytest.mark.gui
Wait = Callable[[Callable[[], bool]], None]
Maker = Callable[..., napari.Viewer]


def small_case() -> Any:
    """A bright block at the patient's right front, a dim one at the left back."""
    labels = np.zeros((48, 48, 40), np.uint8)
    labels[32:44, 30:44, 12:30] = 1
    labels[4:14, 4:14, 12:30] = 2
    image = np.where(labels == 1, 200, np.where(labels == 2, 60, -100)).astype(np.int16)
    return make_case(labels, np.eye(4), names={1: "liver", 2: "kidney_left"}, image=image, modality="CT")


@pytest.fixture
def session(make_napari_viewer: Maker) -> Session:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(640, 560)
    found = session_for(viewer)
    found.set_case(small_case())
    return found


def mean_column(picture: np.ndarray, chosen: np.ndarray) -> float:
    """Where on the screen something lies, 0 left to 1 right."""
    return float(np.argwhere(chosen)[:, 1].mean() / picture.shape[1])


def test_left_is_left_on_the_screen_in_2d_and_3d(session: Session, wait_for: Wait) -> None:
    scene = session.scene
    scene.set_label_opacity(0.0)
    scene.jump_to(["liver"])
    picture = scene.screenshot(size=(400, 500))[..., :3].astype(int)
    # The bright block is the patient's right: on the screen's left.
    assert mean_column(picture, (picture > 200).all(axis=2) & in_the_middle(picture)) < 0.45
    session.select(["liver", "kidney_left"])
    # Whichever plane was on show before.
    scene.show_plane(2)
    scene.view_from("A")
    assert scene.letters.letters() == {"left": "R", "right": "L", "top": "S", "bottom": "I"}
    wait_for(lambda: scene.surfaces.complete)
    case = session.case
    picture = scene.screenshot(size=(400, 500))[..., :3].astype(float)
    columns = {n: mean_column(picture, of_color(picture, case[n].color)) for n in ("liver", "kidney_left")}
    assert columns["liver"] < 0.45 < 0.55 < columns["kidney_left"]


def in_the_middle(picture: np.ndarray) -> np.ndarray:
    """Without the letters and the scale bar at the edges."""
    inner = np.zeros(picture.shape[:2], bool)
    h, w = inner.shape
    inner[h // 8 : -h // 8, w // 8 : -w // 8] = True
    return inner


def of_color(picture: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    """Pixels of a structure's hue, however it is lit."""
    wanted = np.asarray(color, float) / np.linalg.norm(color)
    size = np.linalg.norm(picture, axis=2)
    return (size > 60) & ((picture @ wanted) / np.maximum(size, 1) > 0.985) & in_the_middle(picture)


def test_a_click_in_the_picture_selects(session: Session) -> None:
    viewer = session.scene.viewer
    place = np.argwhere(session.case.labels == 2).mean(axis=0) * session.case.spacing
    ours = [c for c in viewer.mouse_drag_callbacks if c.__module__.endswith("viewer.clicks")]
    assert len(ours) == 1
    event = Event("mouse_press")
    event.button, event.pos, event.position = 1, (10, 10), tuple(place)
    event.modifiers, event.view_direction = (), None
    steps = ours[0](viewer, event)
    next(steps)
    event._type = "mouse_release"
    assert next(steps, None) is None
    assert session.selection == ("kidney_left",)
    np.testing.assert_allclose(viewer.dims.point[1:], place[1:], atol=0.5, err_msg="where the side views go")


def test_the_workspace_opens_every_dock_once_and_marks_the_next_step(
    make_napari_viewer: Maker, qtbot: Any
) -> None:
    viewer = make_napari_viewer(show=True)
    commands.workspace(viewer)
    commands.workspace(viewer)
    assert {dock_name(title) for title in DOCKS} <= set(viewer.window.dock_widgets)
    bar = viewer.window.dock_widgets[dock_name("Workspace")]
    assert isinstance(bar, WorkspaceBar)
    assert bar.next_step() == "Case"
    session_for(viewer).set_case(small_case())
    assert bar.next_step() == "Measure"
    assert bar.steps["Measure"].font().bold()


def test_opening_the_workspace_draws_nothing_and_writes_no_settings_until_all_docks_are_there(
    make_napari_viewer: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = make_napari_viewer(show=True)
    written, drawn = [], []
    monkeypatch.setattr(
        type(get_settings()), "save", lambda settings, *args, **more: written.append(len(docks()))
    )
    monkeypatch.setattr(get_settings(), "config_path", Path("settings.yaml"))
    viewer.window._qt_viewer.canvas._scene_canvas.events.draw.connect(
        lambda event: drawn.append(len(docks()))
    )

    def docks() -> dict[str, Any]:
        return {name: dock for name, dock in viewer.window.dock_widgets.items() if "SpatialMed" in name}

    workspace.open_workspace(viewer)
    assert len(docks()) == len(DOCKS)
    assert written
    assert set(written) | set(drawn) == {len(DOCKS)}
    assert viewer.window._qt_window.updatesEnabled()


def test_a_dock_that_code_opened_is_not_opened_again(make_napari_viewer: Maker, qtbot: Any) -> None:
    viewer = make_napari_viewer()
    _, measure = viewer.window.add_plugin_dock_widget("napari-spatialmed", "Measure")
    assert show_dock(viewer, "Measure") is measure


def test_the_workspace_fits_a_low_screen(make_napari_viewer: Maker, qtbot: Any) -> None:
    viewer = make_napari_viewer(show=True)
    commands.workspace(viewer)
    least = {
        d.windowTitle(): d.minimumSizeHint().height()
        for d in viewer.window._qt_window.findChildren(QDockWidget)
    }
    assert {title: height for title, height in least.items() if height > 600} == {}


def test_a_large_font_cuts_nothing_and_makes_no_window_taller(make_napari_viewer: Maker, qtbot: Any) -> None:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1366, 768)
    commands.workspace(viewer)
    session_for(viewer).set_case(small_case())
    get_settings().appearance.font_size = 14
    qtbot.wait(200)
    window = viewer.window._qt_window
    assert window.height() == 768
    assert window.centralWidget().width() > 0.29 * window.width(), "docks leave a picture"
    docks = [bar for bar in window.findChildren(QTabBar) if bar.parent() is window]
    assert all(bar.elideMode() == Qt.TextElideMode.ElideNone for bar in docks), "no tab reads “C…”"
    assert {
        d.windowTitle(): h
        for d in window.findChildren(QDockWidget)
        if (h := d.minimumSizeHint().height()) > 600
    } == {}
    for title in ("Case", "Case list", "Measure", "Propose", "Curate", "Ask", "Report"):
        dock = show_dock(viewer, title)
        qtbot.wait(50)
        area = dock.findChild(QScrollArea)
        assert not area.horizontalScrollBar().isVisible(), title
        for button in dock.findChildren(QPushButton):
            assert not button.isVisible() or button.width() >= button.minimumSizeHint().width(), button.text()
        frame = next(d for d in window.findChildren(QDockWidget) if d.isAncestorOf(dock))
        words = frame.titleBarWidget().findChild(QLabel)
        assert words.height() >= words.fontMetrics().height(), f"title of {title}"
    for number in viewer.window._qt_viewer.dims.findChildren(QLabel, "slice_label"):
        text = number.fontMetrics().horizontalAdvance(number.text())
        assert not number.isVisible() or number.width() > text, "napari's own numbers beside its slider"
    bar = show_dock(viewer, "Workspace")
    assert bar.hint.toolTip() == "Next: measure structures", "whole where it is cut"
    listed = show_dock(viewer, "Measure")
    session = session_for(viewer)
    pair = ("liver", "kidney_left")
    session.set_measurements([measure(session.geometry, "surface_distance_mm", *pair)])
    qtbot.wait(50)
    assert listed.table.horizontalScrollBar().maximum() == 0
    assert listed.table.columnWidth(0) > listed.table.columnWidth(2), "words get what numbers leave"
    assert "liver – left kidney" in listed.model.data(listed.model.index(0, 0), Qt.ItemDataRole.ToolTipRole)
    session.select(pair)
    session.set_measurements([measure(session.geometry, "extent_mm", name) for name in pair])
    qtbot.wait(50)
    assert listed.table.columnWidth(0) > listed.table.fontMetrics().horizontalAdvance("Extent"), "no “…”"
    assert window.width() == 1366


def test_the_bar_shows_every_key(make_napari_viewer: Maker, qtbot: Any) -> None:
    viewer = make_napari_viewer(show=True)
    commands.workspace(viewer)
    window = viewer.window._qt_window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=60_000)
    QTest.keyClick(window, Qt.Key.Key_F1)
    qtbot.waitUntil(lambda: window.findChild(QTableWidget, "all_keys") is not None, timeout=60_000)
    table = window.findChild(QTableWidget, "all_keys")
    listed = [item.text() for r in range(table.rowCount()) if (item := table.item(r, 1)) is not None]
    assert listed == [does for keys in SECTIONS.values() for _, does in keys.values()]
    assert "SpatialMed: keys" in [action.text() for action in viewer.window.help_menu.actions()]
    assert {"Next case of the case list", "Show the evidence in the scene", "3D from anterior"} <= set(listed)


def test_the_help_menu_diagnoses(make_napari_viewer: Maker, wait_for: Wait) -> None:
    viewer = make_napari_viewer(show=True)
    commands.workspace(viewer)
    menu = viewer.window.help_menu
    wait_for(lambda: any(a.text() == "SpatialMed: diagnose" for a in menu.actions()))
    menu.rebuild()
    menu.aboutToShow.emit()
    texts = [a.text() for a in menu.actions()]
    assert [text for text in texts if text.startswith("SpatialMed")] == [
        "SpatialMed: keys",
        "SpatialMed: diagnose",
    ]
    next(a for a in viewer.window.help_menu.actions() if a.text() == "SpatialMed: diagnose").trigger()
    found = next(w for w in viewer.window.dock_widgets.values() if isinstance(w, Diagnose))
    wait_for(lambda: bool(found.message.text()))
    assert found.text.textCursor().position() == 0, "read from the top"


def test_the_demo_can_be_tried_where_there_is_no_benchmark(make_napari_viewer: Maker, wait_for: Wait) -> None:
    viewer = make_napari_viewer(show=True)
    commands.workspace(viewer)
    session, curate = session_for(viewer), show_dock(viewer, "Curate")
    curate.bar.demo_button.click()
    propose = show_dock(viewer, "Propose")
    wait_for(lambda: propose.result is not None)
    assert session.case is not None
    assert session.case.modality == "CT"
    assert len(propose.result.accepted) == 12
    assert not curate.bar.demo_button.isVisibleTo(curate)
    assert session.question in session.benchmark.state.questions, "there is something to review at once"


def test_tabs_read_in_full(make_napari_viewer: Maker, qtbot: Any) -> None:
    viewer = make_napari_viewer(show=True)
    commands.workspace(viewer)
    bars = viewer.window._qt_window.findChildren(QTabBar)
    tabs = {bar.tabText(n) for bar in bars for n in range(bar.count())}
    assert {"Case", "Measure", "Propose", "Curate", "Ask", "Report"} <= tabs
    assert not any("(" in tab for tab in tabs)


def test_the_layout_is_remembered(
    make_napari_viewer: Maker, qtbot: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "config_dir", lambda: tmp_path)
    first = make_napari_viewer(show=True)
    commands.workspace(first)
    qtbot.wait(50)
    window = first.window._qt_window
    report = next(d for d in window.findChildren(QDockWidget) if d.windowTitle() == "Report")
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, report)
    first.close()
    second = make_napari_viewer(show=True)
    commands.workspace(second)
    qtbot.wait(50)
    window = second.window._qt_window
    report = next(d for d in window.findChildren(QDockWidget) if d.windowTitle() == "Report")
    assert window.dockWidgetArea(report) == Qt.DockWidgetArea.LeftDockWidgetArea


def test_select_measure_draw_edit_and_the_numbers_follow(
    session: Session, wait_for: Wait, tmp_path: Path
) -> None:
    viewer = session.scene.viewer
    dock = show_dock(viewer, "Measure")
    assert isinstance(dock, MeasureDock)
    dock.calculators.tick(["volume_ml", "surface_distance_mm"])
    assert not dock.measure_button.isEnabled()
    session.select(["liver", "kidney_left"])
    dock.measure_button.click()
    wait_for(lambda: len(session.measurements) == 3)
    distance = next(m for m in session.measurements if m.calculator == "surface_distance_mm")
    dock.model.set_drawn(distance, True)
    assert len(viewer.layers["Measured lines"].data) == 1
    labels = session.scene.case_layers.labels
    # The kidney grows towards the liver.
    index = np.argwhere(session.case.labels == 2)
    labels.brush_size = 9
    labels.paint((int(index[:, 0].mean()), 30, 30), 2)
    wait_for(
        lambda: (
            next(m for m in session.measurements if m.structures == distance.structures).value
            < distance.value
        )
    )
    assert "edited" in dock.message.text()
    now = next(m for m in session.measurements if m.structures == distance.structures)
    length = np.linalg.norm(viewer.layers["Measured lines"].data[0, 1, 1:])
    assert (
        length
        == pytest.approx(  # mm; lines are drawn with the slightest tilt
            np.linalg.norm(np.diff(now.detail["points_ras_mm"], axis=0)[0, :2]), abs=0.01
        )
    )
    dock.save(tmp_path / "found.json")
    assert len(json.loads((tmp_path / "found.json").read_text("utf-8"))["measurements"]) == 3


def test_pairs_and_histogram_fill_when_looked_at(session: Session, wait_for: Wait) -> None:
    dock = show_dock(session.scene.viewer, "Measure")
    assert isinstance(dock, MeasureDock)
    session.select(["liver", "kidney_left"])
    dock.tabs.setCurrentWidget(dock.pairs)
    wait_for(lambda: dock.pairs.model.rowCount() == 2)
    dock.tabs.setCurrentWidget(dock.histogram)
    wait_for(lambda: dock.histogram.plot.curves is not None)
    assert [round(c.mean) for c in dock.histogram.plot.curves.curves] == [200, 60]


def test_drawings_that_were_hidden_change_unseen(session: Session) -> None:
    viewer, pair = session.scene.viewer, ("liver", "kidney_left")
    first, second = (
        measure(session.geometry, name, *pair) for name in ("centre_distance_mm", "surface_distance_mm")
    )
    session.scene.draw([first, second])
    words = viewer.layers["Measured values"]
    words.visible = False
    session.scene.draw_only([second], pair)
    session.scene.drawing_layers.clear()
    session.scene.draw_only([first], pair)
    words.visible = True
    (drawing,) = session.scene.drawing_layers.drawings.values()
    assert [text for text in words.text.values if text] == [text for _, text in drawing.words]


def test_side_views_follow_the_main_view_and_lead_it(session: Session, wait_for: Wait) -> None:
    viewer = session.scene.viewer
    side = show_dock(viewer, "Orthogonal views")
    assert isinstance(side, OrthogonalViews)
    wait_for(lambda: all(view.layers.case is not None for view in side.views.values()))
    session.scene.jump_to(["kidney_left"])
    for view in side.views.values():
        wait_for(lambda view=view: np.allclose(view.model.dims.point, viewer.dims.point))  # type: ignore[misc]
    coronal = side.views["Coronal"]
    event = Event("mouse_press")
    event.button, event.modifiers, event.position = 1, (), (3.0, 20.0, 7.0)
    steps = coronal._on_press(coronal.model, event)
    next(steps)
    assert viewer.dims.point[0] == 3.0
    assert viewer.dims.point[2] == 7.0
    assert coronal.letters.letters()["top"] == "S"
    session.scene.show_plane(1)
    assert [view.model.dims.order[0] for view in side.views.values()] == [0, 2], "what the main view leaves"
    assert side.views["Coronal"].title.text() == "Axial"
    session.scene.show_plane(0)
    case = session.case
    session.set_case(Case(case.labels[:12, :13, :14].copy(), case.affine, case.structures))
    for view in side.views.values():
        middle = tuple((np.array((12, 13, 14))[list(view.model.dims.order[1:])] - 1) / 2)
        wait_for(lambda view=view, middle=middle: view.model.scene.camera.center[1:] == middle)  # type: ignore[misc]


def test_an_unreadable_file_is_told_in_the_case_dock(
    make_napari_viewer: Maker, wait_for: Wait, tmp_path: Path
) -> None:
    viewer = make_napari_viewer()
    dock = show_dock(viewer, "Case")
    assert isinstance(dock, CaseDock)
    bad = tmp_path / "broken_seg.nii.gz"
    bad.write_bytes(b"\x1f\x8b\x08\x00not a scan")
    dock.open_dropped([bad])
    wait_for(lambda: bool(dock.message.text()))
    assert dock.message.tone == "error"
    assert "broken_seg.nii.gz" in dock.message.text()
    assert session_for(viewer).case is None


def test_the_manifest_names_things_that_exist() -> None:
    manager = PluginManager.instance()
    manager.discover()
    manifest = manager.get_manifest("napari-spatialmed")
    for command in manifest.contributions.commands:
        assert callable(manager.commands.get(command.id)), command.id
    widgets = {w.display_name for w in manifest.contributions.widgets}
    assert widgets == {*workspace.DOCKS, "Diagnose"}
    assert {s.key for s in manifest.contributions.sample_data} == {
        "phantom-abdomen", "phantom-brain", "totalsegmentator-abdomen",
    }  # fmt: skip


def test_the_diagnosis_can_be_copied_and_holds_no_key(
    make_napari_viewer: Maker, wait_for: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-never-shown")
    viewer = make_napari_viewer()
    _, found = viewer.window.add_plugin_dock_widget("napari-spatialmed", "Diagnose")
    assert isinstance(found, Diagnose)
    wait_for(lambda: not found.work.running)
    found.copy_button.click()
    text = found.text.toPlainText()
    assert "napari-spatialmed" in text
    assert "packages: napari " in text
    assert "sk-never-shown" not in text


def test_the_settings_decide_how_a_case_opens(make_napari_viewer: Maker) -> None:
    looks = get_plugin_settings("napari-spatialmed").looks
    viewer = make_napari_viewer()
    session = session_for(viewer)
    try:
        looks.ct_window, looks.palette = "Bone", "safe"
        session.set_case(small_case())
        assert tuple(session.scene.case_layers.image.contrast_limits) == session.scene.windows["Bone"]
        assert session.scene.palette == "safe"
    finally:
        looks.ct_window, looks.palette = "By structures", "steady"


def test_colour_blind_safe_colours_reach_every_view(session: Session, wait_for: Wait) -> None:
    dock = show_dock(session.scene.viewer, "Case")
    assert isinstance(dock, CaseDock)
    session.scene.view_from("A")
    wait_for(lambda: session.scene.surfaces.complete)
    dock.palette_box.setCurrentIndex(dock.palette_box.findData("safe"))
    dock.palette_box.activated.emit(dock.palette_box.currentIndex())
    wait_for(lambda: session.scene.surfaces.complete)
    safe = colors(session.case, "safe")
    for s in session.case:
        shade = np.array(safe[s.name]) / 255
        np.testing.assert_allclose(
            session.scene.case_layers.labels.colormap.color_dict[s.label][:3], shade, atol=1e-6
        )
        drawn = np.concatenate(
            [layer.vertex_colors[:, :3] for layer in session.scene.viewer.layers if "3D" in layer.name]
        )
        assert np.isclose(drawn, shade, atol=1e-3).all(axis=1).any()
    assert session.case["liver"].color != safe["liver"]


def test_the_phantom_opens_from_naparis_sample_menu(make_napari_viewer: Maker, wait_for: Wait) -> None:
    viewer = make_napari_viewer()
    viewer.open_sample("napari-spatialmed", "phantom-abdomen")
    session = session_for(viewer)
    wait_for(lambda: session.opening.running)
    assert session.case is None, "it is read in a thread, while the window lives"
    assert not [layer for layer in viewer.layers if layer.metadata.get(OWNER) == "sample"]
    wait_for(lambda: session.case is not None and session.turns.idle)
    assert [layer.name for layer in viewer.layers if len(layer.data) and layer.visible] == [
        "Scan",
        "Structures",
    ]
    assert len(session.case.structures) >= 20


def test_the_real_scan_opens_with_its_names(
    make_napari_viewer: Maker, wait_for: Wait, shared: Callable[[str], Path]
) -> None:
    viewer = make_napari_viewer()
    viewer.window.resize(640, 480)
    folder = shared("cases/ts_abdomen_ct")
    session = session_for(viewer)
    session.open_case_async(folder / "seg_total.nii.gz", folder / "ct.nii.gz", names="totalsegmentator")
    wait_for(lambda: session.case is not None)
    assert len(session.case.structures) == 61
    dock = show_dock(viewer, "Case")
    wait_for(lambda: not dock.structures.work.running)
    rows = {row.structure.name: row for row in dock.structures.model.rows}
    assert rows["liver"].volume_ml == pytest.approx(1125.684, abs=0.01)
    session.scene.view_from("A")
    wait_for(lambda: session.scene.surfaces.complete)
    assert len(session.scene.surfaces.built) == 61


def test_the_case_list_teaches_lists_and_opens(make_napari_viewer: Maker, wait_for: Wait) -> None:
    viewer = make_napari_viewer(show=True)
    commands.workspace(viewer)
    session, dock = session_for(viewer), show_dock(viewer, "Case list")
    assert isinstance(dock, CaseListDock)
    assert dock.empty.isVisible()
    assert not dock.table.isVisible()
    dock.samples_button.click()
    wait_for(lambda: len(session.cases.rows) == 2 and not session.cases.looking.running)
    assert [row.key for row in dock.model.rows] == ["phantom_abdomen", "phantom_brain"]
    assert dock.table.isVisible()
    dock.table.doubleClicked.emit(dock.model.index(1, 1))
    wait_for(lambda: session.case is not None)
    assert session.case.modality == "MR"
    assert dock.model.state(dock.model.rows[1]) == "on show"
    assert dock.details.text().startswith("phantom_brain: on show.")
    dock.search.setText("nothing like this")
    assert dock.counts.text() == NOTHING_PASSES


def surfaces_complete(session: weakref.ref[Session]) -> bool:
    """Without holding on to the session."""
    found = session()
    return found is not None and found.scene.surfaces.complete


def test_a_closed_window_leaves_no_session_behind(make_napari_viewer: Maker, qtbot: Any) -> None:
    viewer = make_napari_viewer()
    for title in ("Case", "Measure"):
        show_dock(viewer, title)
    session = session_for(viewer)
    session.set_case(small_case())
    viewer.dims.ndisplay = 3
    qtbot.waitUntil(partial(surfaces_complete, weakref.ref(session)), timeout=60_000)
    gone = weakref.ref(session)
    viewer.close()
    del viewer, session
    for _ in range(100):  # Qt deletes the docks in its own time, later on a busy machine
        qtbot.wait(50)
        gc.collect()
        if gone() is None:
            break
    assert gone() is None
