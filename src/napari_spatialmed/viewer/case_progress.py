"""How far a benchmark is with each case, for one reviewer: what waits, what is done, and nothing that would unblind them."""

from __future__ import annotations

from dataclasses import dataclass

from napari_spatialmed.benchmark import QuestionState, State, queue_state, visible_to
from napari_spatialmed.viewer.queue_table import TO_DO
from napari_spatialmed.wording import counted


@dataclass(frozen=True)
class CaseProgress:
    """The questions about one case.

    Attributes
    ----------
    questions
        Those that reached the reviewers.
    mine, left
        Scored by this reviewer, and waiting for them.
    others
        Reviews of other people that count.
    kept
        Kept ones among those this reviewer has scored: of the rest it would tell the others' scores.
    """

    questions: int = 0
    mine: int = 0
    left: int = 0
    others: int = 0
    kept: int = 0

    def text(self) -> str:
        """In words."""
        if not self.questions:
            return "No questions about it in this benchmark."
        waiting = f"{self.left} left for you" if self.left else "none left for you"
        reviews = counted(self.others, "review")
        return (
            f"{self.questions} questions: {self.mine} scored by you, {waiting}; {reviews} by others; "
            f"{self.kept} of yours kept."
        )


class ProgressReader:
    """Counts by case; a question is looked at again only when something happened to it."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[int, CaseProgress]] = {}
        self._read_for: tuple[State | None, str] = (None, "")

    def by_case(self, state: State | None, reviewer: str) -> dict[str, CaseProgress]:
        """Case id → how far it is."""
        if self._read_for[0] is not state or self._read_for[1] != reviewer:
            self._read, self._read_for = {}, (state, reviewer)
        parts: dict[str, list[CaseProgress]] = {}
        for found in () if state is None else state.questions.values():
            if found.status != "rejected":
                parts.setdefault(found.case, []).append(self._of(found, reviewer))
        return {case: _total(counted) for case, counted in parts.items()}

    def _of(self, found: QuestionState, reviewer: str) -> CaseProgress:
        events = len(found.history)
        known = self._read.get(found.id)
        if known is None or known[0] != events:
            known = self._read[found.id] = (events, _count(found, reviewer))
        return known[1]


def _count(found: QuestionState, reviewer: str) -> CaseProgress:
    where, _ = queue_state(found, reviewer)
    seen = not visible_to(reviewer, found).blind
    return CaseProgress(
        1,
        int(where == "scored"),
        int(where in TO_DO),
        sum(name != reviewer for name in found.reviews),
        int(seen and found.status == "kept"),
    )


def _total(counted: list[CaseProgress]) -> CaseProgress:
    return CaseProgress(
        len(counted),
        sum(c.mine for c in counted),
        sum(c.left for c in counted),
        sum(c.others for c in counted),
        sum(c.kept for c in counted),
    )
