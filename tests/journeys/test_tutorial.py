"""The tutorial, click by click and key by key: what the page says is what the window and the terminal say."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_spatialmed.cli import cli

pytestmark = pytest.mark.gui

PAGE = (Path(__file__).resolve().parents[2] / "docs/tutorial/first-benchmark.md").read_text("utf-8")
SAMPLE = {"ct.nii.gz": "ct.nii.gz", "seg_total.nii.gz": "labels.nii.gz"}
LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def samples(shared: Callable[[str], Path], own_home: Path) -> Path:
    """The real sample where the program keeps it, as if it had been fetched."""
    folder = own_home / "data" / "samples" / "totalsegmentator-2.18.0"
    folder.mkdir(parents=True)
    for source, name in SAMPLE.items():
        shutil.copy(shared(f"cases/ts_abdomen_ct/{source}"), folder / name)
    return folder.parent


def test_the_tutorial_holds(
    make_napari_viewer: Callable[..., Any], qtbot: Any, samples: Path, tmp_path: Path
) -> None:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1800, 1100)
    menu = next(a.menu() for a in viewer.window.plugins_menu.actions() if a.text() == "SpatialMed")
    next(a for a in menu.actions() if a.text() == "Workspace (SpatialMed)").trigger()
    docks = viewer.window.dock_widgets
    qtbot.waitUntil(lambda: "Ask (SpatialMed)" in docks, timeout=60_000)

    def dock(title: str) -> Any:
        return docks[f"{title} (SpatialMed)"]

    def until(condition: Callable[[], Any]) -> None:
        qtbot.waitUntil(lambda: bool(condition()), timeout=120_000)

    def click(button: Any) -> None:
        assert button.isVisible(), button.text()
        assert button.isEnabled(), button.text()
        QTest.mouseClick(button, LEFT)

    # 2. Open the scan
    case, steps = dock("Case"), dock("Workspace").steps
    session = case.session
    click(case.sample_buttons["totalsegmentator-abdomen"])
    until(lambda: session.case is not None and not case.structures.work.running)
    for line in case.facts.text().splitlines():
        assert line in PAGE
    rows = {row.structure.name: row for row in case.structures.model.rows}
    assert f"{rows['liver'].volume_ml:,.0f} mL" in PAGE
    QTest.keyClicks(case.structures.search, "kidney")
    table = case.structures.table
    for row, modifier in ((0, PLAIN), (1, Qt.KeyboardModifier.ControlModifier)):
        QTest.mouseClick(
            table.viewport(), LEFT, modifier, table.visualRect(table.model().index(row, 1)).center()
        )
    assert session.selection == ("kidney_left", "kidney_right")
    click(case.structures.buttons["Jump to"])

    # 3. Measure
    click(steps["Measure"])
    measure = dock("Measure")
    assert len(measure.calculators.ticked()) == 5
    click(measure.measure_button)
    until(lambda: session.measurements)
    found = {(m.calculator, m.structures[:1]): m for m in session.measurements}
    left, right = ("kidney_left",), ("kidney_right",)
    extent = found["extent_mm", left].value
    distance = found["surface_distance_mm", left]
    assert f"{found['volume_ml', left].value:.0f} mL, {found['volume_ml', right].value:.0f} mL" in PAGE
    assert " × ".join(f"{extent[axis]:.0f}" for axis in ("RL", "AP", "SI")) + " mm" in PAGE
    assert f"{found['centre_distance_mm', left].value:.0f} mm" in PAGE
    assert f"{distance.value:.1f} mm ± {distance.uncertainty:.1f}" in PAGE
    assert ", ".join(found["direction", left].value.values()) in PAGE
    at = next(
        r for r in range(measure.order.rowCount()) if measure._at(measure.order.index(r, 0)) is distance
    )
    place = measure.table.visualRect(measure.order.index(at, 1)).center()
    QTest.mouseClick(measure.table.viewport(), LEFT, PLAIN, place)
    QTest.mouseDClick(measure.table.viewport(), LEFT, PLAIN, place)
    assert measure.model.drawn() == [distance]
    click(case.view_buttons["3D"])
    assert viewer.dims.ndisplay == 3
    click(case.view_buttons["Axial"])
    assert viewer.dims.ndisplay == 2

    # 4. Let the team propose
    click(steps["Propose"])
    propose, path = dock("Propose"), tmp_path / "first.spatialmed.jsonl"
    propose.bar.name_edit.clear()
    QTest.keyClicks(propose.bar.name_edit, "ann")
    QTest.keyClick(propose.bar.name_edit, Qt.Key.Key_Return)
    propose.bar.open(path, new=True)  # what New… does with the chosen name
    until(lambda: session.benchmark is not None)
    click(propose.propose_button)
    until(lambda: propose.result is not None and propose.message.text())
    assert propose.message.text() in PAGE

    # 5. Curate
    click(steps["Curate"])
    curate = dock("Curate")
    viewer.window._qt_window.activateWindow()
    curate.queue.table.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is curate.queue.table, timeout=60_000)

    def press(key: Any, modifier: Any = PLAIN) -> None:
        QTest.keyClick(QApplication.focusWidget() or curate.queue.table, key, modifier)
        QApplication.processEvents()

    press(Qt.Key.Key_F5)
    press(Qt.Key.Key_F6)
    until(curate.checks.truth_label.text)
    stored = re.match(r"✓ stored .+, now [A-D]", curate.checks.truth_label.text())
    assert stored is not None
    assert stored.group() in PAGE
    press(Qt.Key.Key_F2)
    assert QApplication.focusWidget() is curate.editor.stem
    curate.editor.stem.moveCursor(curate.editor.stem.textCursor().MoveOperation.End)
    QTest.keyClicks(curate.editor.stem, " Answer for the patient.")
    press(Qt.Key.Key_Escape)
    assert curate.message.text().startswith("✓ Saved · ")
    assert curate.editor.heading.text().endswith("revision 2")
    for n in range(1, 13):
        press(Qt.Key.Key_2)
        press(Qt.Key.Key_Return)
        assert curate.queue.counts.text().startswith(f"{n} of 12 scored")
    press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert curate.queue.counts.text().startswith("11 of 12 scored")
    press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert curate.queue.counts.text().startswith("12 of 12 scored")

    # 6. Two more reviewers, 7. verify and export
    def run(*words: str, typed: str = "") -> str:
        done = CliRunner().invoke(cli, list(words), input=typed, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    run("review", str(path), "--actor", "ben", typed="1\n4\n" + 11 * "2\n")
    run("review", str(path), "--actor", "cleo", typed="0\n3\n" + 11 * "2\n")
    said = run("stats", str(path))
    for line in re.search(r"```text\n.*?\n(dropped .*?)```", PAGE, re.DOTALL).group(1).splitlines():  # type: ignore[union-attr]
        assert line in said
    assert "answers: 12 of 12 recomputed ones agree\nchain and schema: ok" in run(
        "verify", str(path), "--cases", str(samples)
    )
    out = tmp_path / "first-hf"
    words = (
        "export",
        str(path),
        "--format",
        "hf",
        "--cases",
        str(samples),
        "--license",
        "apache-2.0",
        "--out",
        str(out),
    )
    assert run(*words).splitlines()[-1].split(" → ")[0] in PAGE
