"""The main job from beginning to end, driven through the docks as a user would: what `spatialmed demo` runs.

With a display it sets everything up and leaves the window to the user.  Without one (under Xvfb) it goes on to edit, score
and ask, and leaves the benchmark file, screenshots and a page that shows them.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import napari
from qtpy.QtWidgets import QApplication, QWidget

from napari_spatialmed import benchmark as benchmarks
from napari_spatialmed.benchmark import SUFFIX
from napari_spatialmed.case import SampleUnavailableError, open_sample
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.folders import data_dir
from napari_spatialmed.llm import install_hint
from napari_spatialmed.viewer.demo_page import write_page
from napari_spatialmed.viewer.demo_run import ask_some
from napari_spatialmed.viewer.local_model import local_endpoint
from napari_spatialmed.viewer.opening import show_open
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.work import Work
from napari_spatialmed.viewer.workspace import open_workspace, show_dock

REAL, PHANTOM = "totalsegmentator-abdomen", "phantom-abdomen"
SELECTED = ("kidney_right", "kidney_left")
QUESTIONS = 12
PATIENCE_S = 180


@dataclass
class Step:
    """One thing the journey did: what it shows, how long it took, where the picture is."""

    title: str
    text: str
    picture: Path | None = None
    seconds: float = 0.0


@dataclass
class Journey:
    """What a demo left behind."""

    folder: Path
    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    benchmark: Path | None = None
    page: Path | None = None


def open_demo_case(viewer: napari.viewer.Viewer, sample: str, say: Callable[[str], None]) -> None:
    """Open the demo's scan in the workspace: the real one, or the phantom where it can't be had."""
    open_workspace(viewer)
    try:
        case = open_sample(sample)
    except SampleUnavailableError as error:
        say(f"{error}\nThe phantom is shown instead.")
        case = open_sample(PHANTOM)
    show_open(session_for(viewer), case)


def prepare_demo(
    viewer: napari.viewer.Viewer, sample: str = REAL, say: Callable[[str], None] = print
) -> Path:
    """Set the main job up in a window: a case open, two structures selected, a benchmark begun, questions coming.

    `sample` is opened unless a case is on show already.

    Returns
    -------
    Path
        The benchmark file, in the user's data folder.
    """
    session = session_for(viewer)
    if session.case is None:
        open_demo_case(viewer, sample, say)
    case = session.case
    assert case is not None
    path = data_dir() / f"demo{SUFFIX}"
    path.parent.mkdir(parents=True, exist_ok=True)
    session.select(n for n in SELECTED if n in case)
    opened = benchmarks.open(path, actor=session.reviewer or "curator")
    session.set_benchmark(opened)
    propose: Any = show_dock(viewer, "Propose")
    if not any(q.case == case.id for q in opened.state.questions.values()):
        propose.propose()
    return path


def run_journey(
    viewer: napari.viewer.Viewer, folder: Path, sample: str = REAL, say: Callable[[str], None] = print
) -> Journey:
    """Do the main job without a user, and leave in `folder` what it shows.

    Raises
    ------
    SpatialMedError
        If a step doesn't come to its end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    journey = Journey(folder)
    walk = _Walk(viewer, journey, sample, say)
    for step in (
        walk.see,
        walk.measure,
        walk.look_in_3d,
        walk.propose,
        walk.curate,
        walk.ask,
        walk.report,
        walk.light,
    ):
        step()
    journey.page = write_page(journey.folder, walk.case_line, journey.steps, journey.notes, journey.benchmark)
    return journey


class _Walk:
    """One walk through the docks."""

    def __init__(
        self, viewer: napari.viewer.Viewer, journey: Journey, sample: str, say: Callable[[str], None]
    ) -> None:
        self.viewer, self.journey, self.sample, self.say = viewer, journey, sample, say
        self.session = session_for(viewer)
        self.case_line = ""
        self._started = time.perf_counter()

    # ---- the steps

    def see(self) -> None:
        """Open the case; look at it in 2D."""
        open_demo_case(self.viewer, self.sample, self.note)
        case = self.session.case
        assert case is not None
        title = (
            "A real abdominal CT"
            if case.provenance.names.startswith("totalsegmentator")
            else "The abdominal phantom"
        )
        spacing = " × ".join(f"{mm:.2g}" for mm in case.spacing)
        self.case_line = f"{title}: {len(case.structures)} structures, {' × '.join(map(str, case.labels.shape))} voxels of {spacing} mm"
        self.session.select(self.selected)
        self.session.scene.jump_to(self.selected)
        case_dock: Any = show_dock(self.viewer, "Case")
        self.wait(lambda: not case_dock.structures.work.running, "measuring the structures")
        self.done(
            "The case in 2D",
            f"{self.case_line}. The letters say where the patient's right and left are.",
            "1-case-2d.png",
        )

    def measure(self) -> None:
        """Measure the two structures and their distance."""
        dock: Any = show_dock(self.viewer, "Measure")
        dock.calculators.tick(
            ["volume_ml", "extent_mm", "surface_distance_mm", "centre_distance_mm", "direction"]
        )
        dock.measure()
        self.wait(lambda: bool(self.session.measurements), "measuring")
        for distance in (m for m in self.session.measurements if m.calculator == "surface_distance_mm"):
            dock.model.set_drawn(distance, True)
            self.session.scene.draw([distance], go=True)
        self.done(
            "Measured",
            "Volumes, extents, distances and directions of the selected structures, drawn in the scene.",
            "2-measure.png",
        )

    def look_in_3d(self) -> None:
        """Look at the surfaces in 3D."""
        self.session.scene.view_from("A")
        self.wait(lambda: self.session.scene.surfaces.complete, "building surfaces")
        beside: Any = show_dock(self.viewer, "Orthogonal views")
        self.wait(lambda: beside.complete, "laying out the side views")
        self.done(
            "In 3D",
            "Smooth surfaces seen from the front: the patient's right is on the left. Below are the three planes.",
            "3-case-3d.png",
        )
        self.viewer.dims.ndisplay = 2

    def propose(self) -> None:
        """Let the team propose."""
        path = self.journey.folder / f"demo{SUFFIX}"
        for old in (path, path.with_name(path.name + ".lock")):
            old.unlink(missing_ok=True)
        self.journey.benchmark = path
        self.session.set_reviewer("demo")
        self.session.set_benchmark(benchmarks.create(path, actor="demo", title="Demo"))
        dock: Any = show_dock(self.viewer, "Propose")
        dock.count_box.setValue(QUESTIONS)
        dock.propose()
        self.wait(lambda: dock.result is not None, "proposing")
        result = dock.result
        self.done(
            "Proposed",
            f"The team put {len(result.proposals)} questions forward; rules and the blind panel let {len(result.accepted)} through. No model was asked.",
            "4-propose.png",
        )

    def curate(self) -> None:
        """Edit one question and score it."""
        benchmark = self.session.benchmark
        assert benchmark is not None
        dock: Any = show_dock(self.viewer, "Curate")
        self.session.set_question(next(item.question for item in benchmark.state.queue("demo")))
        dock.editor.stem.setPlainText(f"{dock.editor.stem.toPlainText().rstrip()} (patient's own sides)")
        dock.editor.commit()
        dock.score_2()
        dock.submit()
        dock.previous()
        self.wait(lambda: bool(dock.checks.text()), "checking the rules")
        events = len(benchmark.state.events)
        self.done(
            "Curated",
            f"A stem was edited and scored; the benchmark file holds {events} events.",
            "5-curate.png",
        )

    def ask(self) -> None:
        """Ask the trial model, where its packages are there."""
        dock: Any = show_dock(self.viewer, "Ask")
        hint = install_hint()
        if hint:
            self.note(f"No model was asked: the local trial model's packages are missing ({hint}).")
        else:
            dock.start_local()
            # Another model may be set up already: nobody who looks at a demo wants that one asked.
            self.wait(
                lambda: dock.endpoint is not None and dock.endpoint == local_endpoint(),
                "starting the local trial model",
            )
            self.wait(lambda: dock.view is not None, "rendering pictures")
            dock.ask()
            self.wait(lambda: bool(dock.responses), "asking the model")
        self.wait(lambda: dock.view is not None, "rendering pictures")
        text = "What is sent, the answer, and the truth beside it. The trial model does not understand scans: it shows that the path works."
        self.done("Asked", text, "6-ask.png")

    def report(self) -> None:
        """Run the trial model over a few questions, and read the report."""
        dock: Any = show_dock(self.viewer, "Report")
        endpoint, benchmark = local_endpoint(), self.session.benchmark
        if endpoint is not None and benchmark is not None and self.session.geometry is not None:
            folder, ended = self.journey.folder / "run", []
            shutil.rmtree(folder, ignore_errors=True)
            run = Work(dock)
            run.finished.connect(lambda: ended.append(True))
            run.run("Asking", ask_some, endpoint, benchmark.state, self.session.geometry, folder)
            self.wait(lambda: bool(ended), "running the model over the benchmark")
            dock.add_run(folder)
            self.wait(lambda: dock.data is not None, "reading the run")
        text = "The trial model was run over a few questions. Each answer has one outcome; published scores stand below for comparison."
        self.done("Reported", text, "7-report.png")

    def light(self) -> None:
        """The same in the light theme."""
        before = self.viewer.theme
        self.viewer.theme = "light"
        show_dock(self.viewer, "Curate")
        self.done("In the light theme", "The Curate dock again.", "8-light.png")
        self.viewer.theme = before

    # ---- how it walks

    @property
    def selected(self) -> tuple[str, ...]:
        """Two structures that the case holds."""
        case = self.session.case
        assert case is not None
        wanted = tuple(n for n in SELECTED if n in case)
        return wanted if len(wanted) == 2 else tuple(s.name for s in case.structures[:2])

    def note(self, text: str) -> None:
        """Say something on the terminal and on the page."""
        self.journey.notes.append(text)
        self.say(text)

    def wait(self, until: Callable[[], bool], what: str) -> None:
        """Let the window live until something is true."""
        end = time.perf_counter() + PATIENCE_S
        while not until():
            QApplication.processEvents()
            for dock in self.viewer.window.dock_widgets.values():
                self._raise_failure(dock)
            if time.perf_counter() > end:
                raise SpatialMedError(
                    f"{what} took longer than {PATIENCE_S} s", hint="Try again on a quieter machine."
                )
            time.sleep(0.005)

    def _raise_failure(self, dock: QWidget) -> None:
        message: Any = getattr(dock, "message", None)
        if message is not None and getattr(message, "tone", "") == "error":
            raise SpatialMedError(message.text().removeprefix("✗ "))

    def done(self, title: str, text: str, picture: str) -> None:
        """Close a step with a screenshot of the whole window."""
        self.wait(lambda: self.session.turns.idle, "showing all of it")
        settle = time.perf_counter() + 0.4
        while time.perf_counter() < settle:
            QApplication.processEvents()
            time.sleep(0.005)
        seconds = time.perf_counter() - self._started
        path = self.journey.folder / picture
        self.viewer.window.screenshot(str(path), flash=False)
        self.journey.steps.append(Step(title, text, path, seconds))
        self.say(f"{title} ({seconds:.1f} s)")
        self._started = time.perf_counter()
