"""What one viewer is working on: the case, the selection, the benchmark, the question at hand.

Docks read it, change it, and listen to it; they don't know each other.  There is one per viewer, found with
:func:`session_for`, and it dies with its viewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari.components import ViewerModel
from psygnal import Signal

from napari_spatialmed.case import Case, open_case, open_sample
from napari_spatialmed.geometry import CaseGeometry, Measurement
from napari_spatialmed.viewer.case_list import CaseList
from napari_spatialmed.viewer.case_pictures import Prepared
from napari_spatialmed.viewer.keys import bind_cases
from napari_spatialmed.viewer.label_edits import LabelEdits
from napari_spatialmed.viewer.memory import recall, remember
from napari_spatialmed.viewer.opening import Opened, Wanted, open_prepared, read_wanted
from napari_spatialmed.viewer.others_work import OthersWork
from napari_spatialmed.viewer.read_ahead import ReadAhead, wait_for
from napari_spatialmed.viewer.scene import Scene
from napari_spatialmed.viewer.turns import Turns
from napari_spatialmed.viewer.unsaved_edits import may_leave
from napari_spatialmed.viewer.window_end import end_of
from napari_spatialmed.viewer.work import Work

if TYPE_CHECKING:
    from napari_spatialmed.benchmark import Benchmark, QuestionState


class Session:
    """One viewer's state, with a signal for each thing that changes.

    All signals are emitted in the GUI thread, after the change.
    """

    case_changed = Signal()
    selection_changed = Signal(tuple)
    """The selected structures' names, in the order they were chosen."""
    labels_edited = Signal(tuple)
    """Names of the structures whose voxels changed; geometry is already up to date."""
    benchmark_changed = Signal()
    """Another benchmark, or an event was appended to this one."""
    question_changed = Signal(object)
    """Id of the question at hand, or None."""
    measurements_changed = Signal()
    """The list of measurements in the Measure dock."""
    reviewer_changed = Signal(str)
    endpoint_changed = Signal(object)

    def __init__(self, viewer: ViewerModel) -> None:
        self.scene = Scene(viewer)
        self._case: Case | None = None
        self._geometry: CaseGeometry | None = None
        self._selection: tuple[str, ...] = ()
        self._benchmark: Benchmark | None = None
        self._question: str | None = None
        self._reviewer: str = recall("reviewer", "")
        self._endpoint: str | None = recall("endpoint")
        self._measurements: tuple[Measurement, ...] = ()
        self._arrival: Opened | None = None
        self.opening = Work()
        """Opens cases; show its progress with a `BusyBar`, its errors where the user asked."""
        self.opening.returned.connect(self._opened)
        self.opening.started.connect(self._stage)
        self.opening.failed.connect(self._unstage)
        self.opening.cancelled.connect(self._unstage)
        self.turns = Turns()
        """What is shown step by step."""
        self.edits = LabelEdits(self.scene)
        """What was edited in the labels on show."""
        self.edits.measured.connect(self.labels_edited)
        self.ahead = ReadAhead()
        """The scan that will be wanted next."""
        self.others = OthersWork(self)
        """What other people write into the open benchmark."""
        self.cases = CaseList(self)
        """The scans of a folder and of the benchmark."""
        self.scene.clicked.connect(self._on_clicked)
        self._watch_window(viewer)

    # ---- the case

    @property
    def case(self) -> Case | None:
        """The case on show."""
        return self._case

    @property
    def geometry(self) -> CaseGeometry | None:
        """Its geometry: what calculators and answer keys are evaluated on."""
        return self._geometry

    @property
    def arriving(self) -> bool:
        """Whether a case was read and is just being put on show."""
        return self._arrival is not None

    def set_case(
        self, case: Case, geometry: CaseGeometry | None = None, prepared: Prepared | None = None
    ) -> None:
        """Show a case that is already open, at once; nothing happens once the window closes."""
        if self.scene.has_viewer and may_leave(self):
            self.turns.clear()
            for _ in self._showing(case, geometry or CaseGeometry(case), prepared or Prepared(case)):
                pass
            for _ in self.scene.case_layers.place(scan=case.image is not None):
                pass

    def rename(self, case: Case) -> None:
        """Go on with the same scan under other names; `case_changed` follows.  Selection and view stay."""
        before, geometry = self._case, self._geometry
        if before is None or geometry is None:
            return
        selected = [case[before[name].label].name for name in self._selection]
        geometry.rename(case)
        self._case, self._selection, self._measurements = case, (), ()
        self.scene.rename(case)
        self.case_changed.emit()
        self.selection_changed.emit(())
        self.measurements_changed.emit()
        self.select(selected)

    def open_case_async(
        self,
        labels: Path | str,
        image: Path | str | None = None,
        *,
        names: Any = None,
        segmentation: str = "unknown",
    ) -> None:
        """Open a case off the GUI thread; `case_changed` follows, or `opening.failed`."""
        labels = Path(labels)
        if not may_leave(self):
            return
        self.opening.run(
            f"Opening {labels.name}",
            open_prepared,
            lambda progress: open_case(
                labels, image, names=names, segmentation=segmentation, progress=progress
            ),
        )

    def open_sample_async(self, key: str) -> None:
        """Open one of :data:`napari_spatialmed.case.SAMPLES` off the GUI thread."""
        if not may_leave(self):
            return
        self.opening.run("Opening the sample", open_prepared, lambda progress: open_sample(key, progress))

    def show_async(self, wanted: Wanted) -> None:
        """Show a scan: at once if it was read ahead, else as soon as it is read."""
        if not may_leave(self):
            return
        opened, title = self.ahead.take(wanted), f"Opening {wanted.files.labels.name}"
        if opened is not None:
            self._opened(opened)
            self.opening.cancel()
        elif (reading := self.ahead.awaited(wanted)) is not None:
            self.opening.run(title, wait_for, reading)
        else:
            self.opening.run(title, read_wanted, wanted)

    # ---- selection

    @property
    def selection(self) -> tuple[str, ...]:
        """Names of the selected structures, in the order they were chosen."""
        return self._selection

    def select(self, names: Iterable[str]) -> None:
        """Select these structures."""
        case = self._case
        chosen = tuple(dict.fromkeys(n for n in names if case is not None and n in case))
        if chosen != self._selection:
            self._selection = chosen
            self.scene.select(chosen)
            self.selection_changed.emit(chosen)

    def toggle(self, name: str) -> None:
        """Add a structure to the selection, or take it out."""
        without = tuple(n for n in self._selection if n != name)
        self.select(without if name in self._selection else (*self._selection, name))

    # ---- what else is at hand

    @property
    def benchmark(self) -> Benchmark | None:
        """The open benchmark file."""
        return self._benchmark

    def set_benchmark(self, benchmark: Benchmark | None) -> None:
        """Work on this benchmark."""
        self._benchmark = benchmark
        self.benchmark_changed.emit()

    @property
    def question(self) -> str | None:
        """Id of the question at hand."""
        return self._question

    @property
    def question_state(self) -> QuestionState | None:
        """The question at hand with its history."""
        if self._benchmark is None or self._question is None:
            return None
        return self._benchmark.state.questions.get(self._question)

    def set_question(self, question: str | None) -> None:
        """Turn to a question of the benchmark."""
        if question != self._question:
            self._question = question
            self.question_changed.emit(question)

    @property
    def reviewer(self) -> str:
        """Who reviews; remembered."""
        return self._reviewer

    def set_reviewer(self, name: str) -> None:
        """Say who reviews."""
        if name.strip() != self._reviewer:
            self._reviewer = name.strip()
            remember("reviewer", self._reviewer)
            self.reviewer_changed.emit(self._reviewer)

    @property
    def endpoint(self) -> str | None:
        """Name of the chosen model endpoint; remembered."""
        return self._endpoint

    def set_endpoint(self, name: str | None) -> None:
        """Choose a model endpoint by name."""
        if name != self._endpoint:
            self._endpoint = name
            remember("endpoint", name)
            self.endpoint_changed.emit(name)

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """What the Measure dock lists."""
        return self._measurements

    def set_measurements(self, measurements: Iterable[Measurement]) -> None:
        """Replace the list of measurements."""
        self._measurements = tuple(measurements)
        self.measurements_changed.emit()

    # ---- inner

    def _watch_window(self, viewer: ViewerModel) -> None:
        try:
            end = end_of(viewer)
        except ReferenceError:
            self._leave()
        else:
            if end is not None:
                end.came.connect(self._leave)
                bind_cases(end.window, {"next_case": self.cases.next, "previous_case": self.cases.previous})

    def _leave(self) -> None:
        """The window closes: what runs for it is stopped, and nothing arrives any more."""
        for work in (self.opening, self.edits, self.cases.looking):
            work.stop()
        self.ahead.stop()
        self.others.stop()
        self.turns.clear()
        self.scene.leave()

    def _stage(self) -> None:
        """While a scan is read, add the layers that it will be shown in."""
        if self.scene.has_viewer:
            self.turns.add(self.scene.case_layers.place(plane=False))

    def _unstage(self) -> None:
        """Nothing came: layers that wait for a first case would only puzzle."""
        if self.arriving:
            return
        self.turns.clear()
        if self.scene.has_viewer and self._case is None:
            self.scene.remove_layers()

    def _opened(self, opened: Opened) -> None:
        if self.scene.has_viewer and may_leave(self):
            self.turns.clear()
            self._arrival = opened
            self.turns.add(self._arrive(opened))

    def _arrive(self, opened: Opened) -> Iterator[None]:
        """Show a case step by step, one per turn of the event loop; then add what its first picture doesn't need."""
        yield from self._showing(*opened)
        self.turns.add(self.scene.place_layers(scan=opened[0].image is not None))

    def _showing(self, case: Case, geometry: CaseGeometry, prepared: Prepared) -> Iterator[None]:
        yield from self.scene.pour_case(case, prepared)
        self._arrival = None
        # From here on without a break: scene, session and docks speak of the same case.
        self.edits.restart(geometry)
        self._case, self._geometry = case, geometry
        self._selection, self._measurements = (), ()
        self.scene.reveal_case(geometry, prepared)
        self.ahead.shown(case)
        self.case_changed.emit()
        self.selection_changed.emit(())
        self.measurements_changed.emit()

    def _on_clicked(self, name: str, adding: bool) -> None:
        if adding:
            self.toggle(name)
        else:
            self.select((name,))


_sessions: WeakKeyDictionary[ViewerModel, Session] = WeakKeyDictionary()


def session_for(viewer: ViewerModel) -> Session:
    """The session of a viewer, made at first asking.  Sees through the proxy that napari hands to plugins."""
    viewer = getattr(viewer, "__wrapped__", viewer)
    found = _sessions.get(viewer)
    if found is None:
        found = _sessions[viewer] = Session(viewer)
    return found
