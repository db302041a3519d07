"""Edited labels and the questions that rest on them: their answers are computed anew, and those that no longer hold are
marked stale in the benchmark (rule G2)."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QObject, QTimer, Signal

from napari_spatialmed.benchmark import BenchmarkError
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import Question, Recomputed, recompute, what_depends_on
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.work import Job, Work

SETTLED_AFTER_MS = 1200
"""A brush stroke is many edits: answers are recomputed once the hand rests."""


class StaleWatch(QObject):
    """Emits ``checked(still right, now stale)`` with the ids of the dependent questions, ``stopped()`` if the user cancels."""

    checked = Signal(tuple, tuple)
    stopped = Signal()
    failed = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._edited: set[str] = set()
        self._being_checked: set[str] = set()
        self._case_id = None if session.case is None else session.case.id
        self.work = Work(self)
        self.work.returned.connect(self._recomputed)
        self.work.failed.connect(self.failed)
        self.work.cancelled.connect(self._cancelled)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLED_AFTER_MS)
        self._timer.timeout.connect(self._check)
        session.labels_edited.connect(self._on_edited)
        session.case_changed.connect(self._on_case)

    def dependent(self, names: set[str]) -> list[Question]:
        """The benchmark's questions about the case on show that rest on any of these structures."""
        case, benchmark = self._session.case, self._session.benchmark
        if case is None or benchmark is None:
            return []
        found = (
            q.question
            for q in benchmark.state.questions.values()
            if q.case == case.id and q.status != "rejected"
        )
        return [q for q in found if q.key.form != "imported" and what_depends_on(q) & names]

    def _on_edited(self, names: tuple[str, ...]) -> None:
        self._edited.update(names)
        self._timer.start()

    def _on_case(self) -> None:
        case = self._session.case
        now = None if case is None else case.id
        if (
            now != self._case_id
        ):  # under other names it is still the same case, and what was edited is still to be checked
            self._case_id = now
            self._edited.clear()
            self._being_checked.clear()
            self._timer.stop()

    def _check(self) -> None:
        # What is being checked now is dropped by the new job, so it is part of it.
        case, names = self._session.case, self._edited | self._being_checked
        self._edited = set()
        if case is not None and not all(n in case for n in names):
            names = {s.name for s in case}  # renamed in between: look at all
        questions = self.dependent(names)
        if questions and self._session.geometry is not None:
            self._being_checked = names
            self.work.run("Checking answers", _recompute, self._session.geometry, questions)

    def _cancelled(self) -> None:
        self._edited |= self._being_checked
        self._being_checked = set()
        self.stopped.emit()

    def _recomputed(self, results: list[tuple[Question, Recomputed]]) -> None:
        self._being_checked = set()
        benchmark = self._session.benchmark
        if benchmark is None:
            return
        wrong = []
        try:
            for question, now in results:
                if not now.matches and not benchmark.state.question(question.id).stale_reason:
                    benchmark.mark_stale(question.id, f"labels edited: {now.reason}"[:300])
                    wrong.append(question.id)
        except BenchmarkError as error:
            self.failed.emit(error)
        if wrong:
            self._session.benchmark_changed.emit()
        self.checked.emit(tuple(q.id for q, now in results if now.matches), tuple(wrong))


def _recompute(
    job: Job, geometry: CaseGeometry, questions: Sequence[Question]
) -> list[tuple[Question, Recomputed]]:
    found = []
    for n, question in enumerate(questions):
        job.check()
        job.progress(n / len(questions), f"Recomputing {n + 1} of {len(questions)} answers")
        try:
            found.append((question, recompute(question, geometry)))
        except SpatialMedError as error:
            found.append((question, Recomputed(None, "", False, str(error))))
    return found
