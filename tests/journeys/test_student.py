"""A student who has never seen the program: a sample from napari's menu, then whatever the bar and the empty docks say comes next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_spatialmed.viewer import case_dock, case_list_dock, queue_panel

pytestmark = pytest.mark.gui


def test_a_student_follows_what_the_window_says(
    make_napari_viewer: Callable[..., Any], qtbot: Any, tmp_path: Path
) -> None:
    viewer = make_napari_viewer(show=True)

    def trigger(menu: Any, *texts: str) -> None:
        for text in texts[:-1]:
            menu = next(a.menu() for a in menu.actions() if a.text().replace("&", "") == text)
            menu.aboutToShow.emit()
        next(a for a in menu.actions() if a.text().replace("&", "") == texts[-1]).trigger()

    def until(condition: Callable[[], Any]) -> None:
        qtbot.waitUntil(lambda: bool(condition()), timeout=60_000)

    trigger(viewer.window.plugins_menu, "SpatialMed", "Workspace (SpatialMed)")
    docks = viewer.window.dock_widgets
    until(lambda: "Report (SpatialMed)" in docks)

    def dock(title: str) -> Any:
        return docks[f"{title} (SpatialMed)"]

    bar, session = dock("Workspace"), dock("Case").session

    def follow(step: str) -> Any:
        """Press the step in bold, which is what the bar says in words, too."""
        bold = [title for title, button in bar.steps.items() if button.font().bold()]
        assert bold == [step]
        assert bar.hint.text().startswith("Next: ")
        QTest.mouseClick(bar.steps[step], Qt.MouseButton.LeftButton)
        return dock(step)

    # Nothing is open, and each dock says what to do about it.
    assert follow("Case").facts.text() == case_dock.EMPTY
    assert dock("Case list").empty.text() == case_list_dock.EMPTY
    assert dock("Curate").queue.counts.text() == queue_panel.EMPTY
    assert not dock("Propose").propose_button.isEnabled()
    assert dock("Propose").hint.text()

    trigger(viewer.window.file_menu, "Open Sample", "SpatialMed", "Abdominal CT (phantom)")
    until(lambda: session.case is not None)

    measure = follow("Measure")
    session.select(["kidney_left", "kidney_right"])
    QTest.mouseClick(measure.measure_button, Qt.MouseButton.LeftButton)
    until(lambda: session.measurements)

    propose = follow("Propose")
    propose.bar.open(tmp_path / "first.spatialmed.jsonl", new=True)  # what New… does with the chosen name
    until(lambda: session.benchmark is not None)
    propose.count_box.setValue(4)
    QTest.mouseClick(propose.propose_button, Qt.MouseButton.LeftButton)
    until(lambda: propose.result is not None)

    curate = follow("Curate")
    until(lambda: curate.state is not None)
    for button in (curate.review.scores.button(2), curate.review.submit_button):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert curate.queue.counts.text().startswith("1 of 4 scored")
