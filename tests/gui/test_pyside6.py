"""The same window with the other Qt binding: chosen tests of every dock, in a process that uses PySide6."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.gui, pytest.mark.timeout(1800)]
GUI = Path(__file__).parent
JOURNEY = (
    "test_workspace.py::test_the_workspace_opens_every_dock_once_and_marks_the_next_step",
    "test_workspace.py::test_left_is_left_on_the_screen_in_2d_and_3d",
    "test_workspace.py::test_select_measure_draw_edit_and_the_numbers_follow",
    "test_workspace.py::test_side_views_follow_the_main_view_and_lead_it",
    "test_curate_dock.py::test_an_earlier_text_is_restored_from_the_history",
    "test_curate_dock.py::test_the_dock_fits_and_every_control_is_reached_by_keyboard",
    "test_propose_dock.py::test_the_team_proposes_and_people_have_the_last_word",
    "test_ask_dock.py::test_what_is_previewed_is_what_is_sent",
    "test_report_dock.py::test_scores_figures_and_worst_items",
)


def with_pyside6(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python that uses PySide6."""
    environment = os.environ | {"QT_API": "pyside6", "PYTEST_QT_API": "pyside6"}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        cwd=GUI.parents[1],
        env=environment,
    )


def test_the_docks_work_with_pyside6() -> None:
    sound = "from napari_spatialmed.viewer.binding import loses_references as l; raise SystemExit(l())"
    probe = with_pyside6("-c", sound)
    if "No Qt bindings" in probe.stderr or "No module named 'PySide6'" in probe.stderr:
        pytest.skip("PySide6 is not installed")
    assert probe.returncode == 0, f"this PySide6 miscounts references, see the doctor: {probe.stderr[-500:]}"
    done = with_pyside6(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", *(f"{GUI / test}" for test in JOURNEY)
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert "skipped" not in done.stdout.splitlines()[-1]
