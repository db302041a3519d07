"""Other names for the scan on show: applied, told to the open benchmark, kept for the next time, taken back.

A question rests on names.  What happens to it is decided by :func:`~napari_spatialmed.questions.after_renaming` and written
into the benchmark's journal; nothing changes silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qtpy.QtCore import QObject, Signal

from napari_spatialmed.benchmark import Benchmark, BenchmarkError, Event
from napari_spatialmed.case import Case, CaseLibrary, is_named, names_differ
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import Measurement
from napari_spatialmed.questions import Renaming, after_renaming
from napari_spatialmed.viewer.measuring import Measured, Wanted, measure_all
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.work import Work
from napari_spatialmed.wording import counted


@dataclass(frozen=True)
class Effect:
    """What a change of names does, known before it is made.

    Attributes
    ----------
    changed, named, total
        How many structures are called otherwise, how many have a name, and how many there are.
    questions
        Question's id → what becomes of it.
    """

    changed: int
    named: int
    total: int
    questions: Mapping[str, Renaming]

    @property
    def stale(self) -> int:
        """Questions that no longer hold."""
        return sum(bool(r.stale) for r in self.questions.values())

    @property
    def respelled(self) -> int:
        """Questions whose names are carried over."""
        return len(self.questions) - self.stale

    def text(self) -> str:
        """In words."""
        unknown = self.total - self.named
        parts = [f"{self.named} of {self.total} labels have a name"]
        if unknown:
            parts[0] += f"; {unknown} keep{'s' if unknown == 1 else ''} the number"
        parts.append(f"{self.changed} {'is' if self.changed == 1 else 'are'} called otherwise than now")
        if self.questions:
            parts.append(
                f"in the open benchmark {self.stale} questions become stale, because a label is now said to be something else, "
                f"and {self.respelled} are respelled"
            )
        return ". ".join(p[0].upper() + p[1:] for p in parts) + "."


@dataclass(frozen=True)
class _Done:
    """One change, to be taken back: the names before, and what was written into which benchmark."""

    before: Case
    benchmark: Benchmark | None
    events: tuple[Event, ...]


class NameChanges(QObject):
    """Changes the names of the session's case.

    Signals: ``changed(text)`` says what was done, ``failed(error)`` what could not be.
    """

    changed = Signal(str)
    failed = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._done: list[_Done] = []
        self._case_id = None if session.case is None else session.case.id
        self._again = Work(self)
        self._again.returned.connect(self._measured)
        session.case_changed.connect(self._on_case)

    @property
    def undoable(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._done)

    def effect(self, after: Case) -> Effect:
        """What going over to these names would do."""
        case, benchmark = self._session.case, self._session.benchmark
        if case is None:
            return Effect(0, 0, 0, {})
        named = sum(is_named(s) for s in after)
        return Effect(
            len(names_differ(case, after)), named, len(after.structures), _questions(benchmark, case, after)
        )

    def apply(self, after: Case) -> None:
        """Go over to these names, which are the case's own labels under other names."""
        case, benchmark = self._session.case, self._session.benchmark
        if case is None or not names_differ(case, after):
            return
        effect = self.effect(after)
        try:
            after = CaseLibrary().keep_names(after)
            events = _write(benchmark, effect.questions, case, after)
        except SpatialMedError as error:
            self.failed.emit(error)
            return
        self._done.append(_Done(case, benchmark, events))
        self._take(after)
        said = (
            f"{counted(effect.changed, 'structure')} {'has' if effect.changed == 1 else 'have'} another name."
        )
        if effect.questions:
            said += (
                f" In the benchmark {counted(effect.stale, 'question')} went stale and {effect.respelled} got the new name;"
                " reviews of them count again once confirmed."
            )
        self.changed.emit(said)

    def undo(self) -> None:
        """Take the last change of names back, with what it did to the benchmark."""
        if not self._done:
            return
        done = self._done.pop()
        case, benchmark = self._session.case, done.benchmark
        assert case is not None
        left = 0
        try:
            if benchmark is not None and benchmark is self._session.benchmark:
                left = _take_back(benchmark, done.events)
                benchmark.register_case(done.before, volumes_ml=_volumes(benchmark, done.before))
            CaseLibrary().remember(done.before)
        except SpatialMedError as error:
            self.failed.emit(error)
        self._take(done.before)
        said = "The names are as they were."
        if left:
            said += f" {left} changes in the benchmark stay, because other changes came after them: look at the stale ones."
        self.changed.emit(said)

    def _take(self, case: Case) -> None:
        """Show the names, and measure anew what is listed, since it is listed by names."""
        before, listed = self._session.case, self._session.measurements
        assert before is not None
        self._session.rename(case)
        if self._session.benchmark is not None:
            self._session.benchmark_changed.emit()
        if listed and self._session.geometry is not None:
            wanted = [Wanted(m.calculator, _renamed(m, before, case)) for m in listed]
            self._again.run("Measuring again", measure_all, self._session.geometry, wanted)

    def _measured(self, result: Measured) -> None:
        self._session.set_measurements(result.measurements)

    def _on_case(self) -> None:
        case = self._session.case
        now = None if case is None else case.id
        if now != self._case_id:
            self._case_id, self._done = now, []
            self._again.cancel()


def _renamed(m: Measurement, before: Case, after: Case) -> tuple[str, ...]:
    return tuple(after[before[name].label].name for name in m.structures)


def _questions(benchmark: Benchmark | None, case: Case, after: Case) -> dict[str, Renaming]:
    if benchmark is None:
        return {}
    # What a name meant is what the benchmark recorded when the case came in: the names on show may be the wrong ones.
    held = benchmark.state.cases.get(case.id)
    meant = {s.name: (s.label, s.title) for s in case}
    if held is not None and held.structures:
        meant = {s.name: (s.label, s.title) for s in held.structures}
    found = {}
    for state in benchmark.state.questions.values():
        if state.case == case.id and state.status != "rejected" and not state.conflict:
            renaming = after_renaming(state.question, meant, after)
            if renaming is not None:
                found[state.id] = renaming
    return found


def _write(
    benchmark: Benchmark | None, questions: Mapping[str, Renaming], before: Case, after: Case
) -> tuple[Event, ...]:
    if benchmark is None:
        return ()
    events: list[Event] = []
    for name, renaming in questions.items():
        if renaming.stale:
            events.append(benchmark.mark_stale(name, renaming.stale[:300]))
        else:
            reason = "a structure's name is spelled otherwise"
            event = benchmark.edit(name, "question", renaming.fields, reason)
            if event is not None:
                events.append(event)
    if before.id in benchmark.state.cases:
        benchmark.register_case(after, volumes_ml=_volumes(benchmark, after))
    return tuple(events)


def _volumes(benchmark: Benchmark, case: Case) -> dict[str, float]:
    """The volumes that stand in the benchmark, by the case's own names."""
    held = benchmark.state.cases.get(case.id)
    known = {s.label: s.volume_ml for s in held.structures} if held is not None else {}
    return {s.name: v for s in case if (v := known.get(s.label)) is not None}


def _take_back(benchmark: Benchmark, events: tuple[Event, ...]) -> int:
    """Undo these changes while they are the person's last ones; returns how many stay."""
    waiting = [e.id for e in events]
    while waiting:
        last = benchmark.state.undoable(benchmark.actor)
        if last is None or last.id != waiting[-1]:
            break
        try:
            benchmark.undo()
        except BenchmarkError:
            break  # somebody else has edited the question since: it stays as they left it
        waiting.pop()
    return len(waiting)
