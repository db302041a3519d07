"""Make every picture of the documentation from the real program.

``xvfb-run -a -s "-screen 0 1920x1200x24" .venv/bin/python docs/screenshots.py``

Walks the same journey as ``spatialmed demo``, keeps what `PICTURES` names, and reduces the colours so that the repository
stays small.  Needs a display, the real sample (fetched once) and the packages of the `local` extra.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

FOLDER = Path(__file__).parent / "images"
WINDOW = (1900, 1160)
COLOURS = 256
MOST_BYTES_EACH, MOST_BYTES_TOGETHER = 250_000, 1_500_000


CASE_LIST = "9-case-list.png"
SCANS = "scans"
REVIEWED = {"demo": (5, 6, 2), "ben": (12, 6, 0), "cleo": (12, 3, 0)}
"""Reviewer → how many questions they have scored about the first, second, third scan of the list."""


class Source(NamedTuple):
    """The journey's screenshot that a picture is made of, and the dock to cut out of it (none: the whole window)."""

    step: str
    dock: str | None = None


PICTURES = {
    "window-2d.png": Source("2-measure.png"),
    "window-3d.png": Source("3-case-3d.png"),
    "window-light.png": Source("8-light.png"),
    "dock-case.png": Source("1-case-2d.png", "Case"),
    "dock-measure.png": Source("2-measure.png", "Measure"),
    "dock-propose.png": Source("4-propose.png", "Propose"),
    "dock-curate.png": Source("5-curate.png", "Curate"),
    "dock-ask.png": Source("6-ask.png", "Ask"),
    "dock-report.png": Source("7-report.png", "Report"),
    "dock-case-list.png": Source(CASE_LIST, "Case list"),
}
"""File in `docs/images` → where it comes from."""


def main() -> int:
    """Take the pictures; 0 when all were written."""
    if not os.environ.get("DISPLAY"):
        print(
            'no display: xvfb-run -a -s "-screen 0 1920x1200x24" python docs/screenshots.py', file=sys.stderr
        )
        return 2
    from napari_spatialmed.folders import data_dir

    with tempfile.TemporaryDirectory(prefix="spatialmed-pictures-") as scratch:
        # Settings of the person at this machine must not show in a picture; the sample may have been fetched before.
        home, fetched = Path(scratch) / "home", data_dir() / "samples"
        fetched.mkdir(parents=True, exist_ok=True)
        (home / "data").mkdir(parents=True)
        (home / "data" / "samples").symlink_to(fetched.resolve(), target_is_directory=True)
        os.environ["SPATIALMED_HOME"] = str(home)
        steps = Path(scratch) / "steps"
        areas = walk(steps)
        FOLDER.mkdir(exist_ok=True)
        sizes = [reduce(steps / s.step, FOLDER / name, areas.get(s.dock)) for name, s in PICTURES.items()]
    print(f"{len(sizes)} pictures, {sum(sizes) / 1e6:.2f} MB")
    return 0 if max(sizes) <= MOST_BYTES_EACH and sum(sizes) <= MOST_BYTES_TOGETHER else 1


def walk(steps: Path) -> dict[str | None, tuple[int, int, int, int]]:
    """Walk the demo's journey; returns where each dock lies in its screenshots: left, top, right, bottom."""
    import napari
    from npe2 import PluginManager

    viewer = napari.Viewer(title="napari-spatialmed")
    viewer.window.resize(*WINDOW)
    try:
        PluginManager.instance().commands.execute(
            "napari-spatialmed.run_journey", args=(viewer, steps, "totalsegmentator-abdomen", print)
        )
        list_cases(viewer, steps)
        return {s.dock: area_of(viewer, s.dock) for s in PICTURES.values() if s.dock}
    finally:
        viewer.close()


def list_cases(viewer: Any, steps: Path) -> None:
    """Three scans in a folder, questions about each, three reviewers at work: the Case list beside them."""
    from qtpy.QtWidgets import QApplication

    from napari_spatialmed import benchmark as benchmarks
    from napari_spatialmed.agents import propose
    from napari_spatialmed.agents.recording import record_result
    from napari_spatialmed.case import CaseLibrary, open_sample, sample_folder
    from napari_spatialmed.geometry import CaseGeometry
    from napari_spatialmed.viewer.session import session_for
    from napari_spatialmed.viewer.workspace import show_dock

    session = session_for(viewer)
    real = session.case.provenance.labels_path.parent
    folder = steps.parent / SCANS
    folder.mkdir()
    for name, source in (("patient-01", real), ("patient-02", "abdomen"), ("patient-03", "brain")):
        place = source if source is real else sample_folder() / f"phantom_{source}"
        (folder / name).mkdir()
        for file in place.iterdir():
            (folder / name / file.name).symlink_to(file.resolve())
    opened = session.benchmark
    CaseLibrary().remember(session.case)
    ids = [session.case.id]
    for sample in ("phantom-abdomen", "phantom-brain"):
        case = open_sample(sample)
        CaseLibrary().remember(case)
        opened.register_case(case)
        record_result(opened, propose(CaseGeometry(case), count=6, seed=1))
        ids.append(case.id)
    for reviewer, counts in REVIEWED.items():
        file = opened if reviewer == opened.actor else benchmarks.open(opened.path, actor=reviewer)
        for case_id, count in zip(ids, counts, strict=True):
            waiting = [
                item.question
                for item in file.state.queue(reviewer)
                if file.state.questions[item.question].case == case_id
            ]
            for question in waiting[:count]:
                file.review(question, 2)
    opened.refresh()
    session.benchmark_changed.emit()
    dock = show_dock(viewer, "Case list")
    os.chdir(steps.parent)  # a relative folder: the picture shows no path of this machine
    dock.look(SCANS)
    while session.cases.looking.running:
        QApplication.processEvents()
    end = time.monotonic() + 1
    while time.monotonic() < end:
        QApplication.processEvents()
    viewer.window.screenshot(str(steps / CASE_LIST), flash=False)


def area_of(viewer: Any, dock: str) -> tuple[int, int, int, int]:
    """Where a dock with its title lies in the window's screenshot."""
    from qtpy.QtCore import QPoint
    from qtpy.QtWidgets import QApplication, QDockWidget

    from napari_spatialmed.viewer.workspace import dock_name, show_dock

    show_dock(viewer, dock)
    QApplication.processEvents()
    widget = viewer.window.dock_widgets[dock_name(dock)]
    while not isinstance(widget, QDockWidget):
        widget = widget.parent()
    corner = widget.mapTo(widget.window(), QPoint(0, 0))
    return corner.x(), corner.y(), corner.x() + widget.width(), corner.y() + widget.height()


def reduce(source: Path, target: Path, area: tuple[int, int, int, int] | None) -> int:
    """Cut, reduce the colours and write; returns the file's bytes."""
    picture = Image.open(source).convert("RGB")
    cut = picture.crop(area) if area else picture
    cut.quantize(COLOURS, kmeans=1, dither=Image.Dither.NONE).save(target, optimize=True)
    return target.stat().st_size


if __name__ == "__main__":
    sys.exit(main())
