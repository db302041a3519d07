"""Which questions of the benchmark break a rule as they read now: found in the background, for the marks in the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from qtpy.QtCore import QObject, Signal

from napari_spatialmed.benchmark import IMPORTED_FORM
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import Question, Verdict, check_question, check_text
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.work import Job, Work

_PART = 100
"""Questions handed over at a time."""


class _Asked(NamedTuple):
    question: Question
    events: int


class _Found(NamedTuple):
    events: int
    with_labels: bool
    rules: tuple[str, ...]


class RuleMarks(QObject):
    """Emits ``changed()`` when the marks did.

    Questions about the case on show are checked against its labels, the others by their text alone; each again only
    when something happened to it.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._found: dict[str, _Found] = {}
        self._path: object = None
        self._again = False
        self.work = Work(self)
        self.work.part.connect(self._arrived)
        self.work.finished.connect(self._ended)
        session.benchmark_changed.connect(self.refresh)
        session.case_changed.connect(self.refresh)

    @property
    def broken(self) -> dict[str, tuple[str, ...]]:
        """Question's id → the rules it breaks; those that break none aren't in it."""
        return {name: found.rules for name, found in self._found.items() if found.rules}

    def refresh(self) -> None:
        """Check what was not yet checked as it reads now."""
        benchmark, geometry = self._session.benchmark, self._session.geometry
        path = None if benchmark is None else benchmark.path
        if path != self._path:
            self._path, self._found = path, {}
        if self.work.running:
            self._again = True
            return
        here = None if geometry is None else geometry.case.id
        waiting: list[_Asked] = []
        for state in () if benchmark is None else benchmark.state.questions.values():
            found = self._found.get(state.id)
            if (
                found is None
                or found.events != len(state.history)
                or (state.case == here and not found.with_labels)
            ):
                waiting.append(_Asked(state.question, len(state.history)))
        if waiting:
            # Those about the scan on show first: somebody looks at them.
            waiting.sort(key=lambda asked: asked.question.case != here)
            self.work.run("Checking rules", _check_all, waiting, geometry)

    def forget_case(self) -> None:
        """The labels on show were edited: check the questions that rest on them anew."""
        case = self._session.case
        benchmark = self._session.benchmark
        if case is None or benchmark is None:
            return
        for state in benchmark.state.questions.values():
            if state.case == case.id:
                self._found.pop(state.id, None)
        self.refresh()

    def note(self, question: Question, verdicts: Sequence[Verdict]) -> None:
        """Take over what was found for the question at hand."""
        benchmark = self._session.benchmark
        state = None if benchmark is None else benchmark.state.questions.get(question.id)
        if state is not None and (state.question.stem, state.question.options, state.question.answer) == (
            question.stem,
            question.options,
            question.answer,
        ):
            self._keep({question.id: _Found(len(state.history), True, _broken(verdicts))})

    def _arrived(self, part: dict[str, _Found]) -> None:
        self._keep(part)

    def _keep(self, found: dict[str, _Found]) -> None:
        before = {name: self._found[name].rules for name in found if name in self._found}
        self._found.update(found)
        if any(before.get(name, ()) != new.rules for name, new in found.items()):
            self.changed.emit()

    def _ended(self) -> None:
        if self._again:
            self._again = False
            self.refresh()


def _check_all(job: Job, asked: Sequence[_Asked], geometry: CaseGeometry | None) -> None:
    part: dict[str, _Found] = {}
    for number, (question, events) in enumerate(asked):
        job.check()
        job.progress(number / len(asked), f"Checking rules of question {number + 1} of {len(asked)}")
        on_show = geometry is not None and geometry.case.id == question.case
        part[question.id] = _Found(events, on_show, _broken(verdicts_on(question, geometry)))
        if len(part) == _PART:
            job.part(part)
            part = {}
    job.part(part)


def verdicts_on(question: Question, geometry: CaseGeometry | None) -> list[Verdict]:
    """What the rules say: of text and labels where its case is on show, else of the text alone."""
    if question.key.form == IMPORTED_FORM:
        return []
    if geometry is None or geometry.case.id != question.case:
        return check_text(question)
    try:
        return check_question(question, geometry)
    except SpatialMedError as error:
        return [Verdict(member="rules", rule="G2", passed=False, reason=str(error))]


def _broken(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    return tuple(verdict.rule for verdict in verdicts if verdict.passed is False)
