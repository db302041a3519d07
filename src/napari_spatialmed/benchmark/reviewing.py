"""What one reviewer has to do, and what they may see before they have done it (rule H1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from napari_spatialmed.benchmark.question_state import QuestionState, Remark, Review
from napari_spatialmed.questions.model import Question, Verdict

if TYPE_CHECKING:
    from napari_spatialmed.benchmark.state import State

QueueState = Literal["pending", "draft", "scored", "skipped", "stale", "conflict"]
TO_DO: frozenset[QueueState] = frozenset({"pending", "draft", "stale"})


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One question in a reviewer's queue; `note` says why it came back."""

    question: str
    case: str
    state: QueueState
    note: str = ""

    @property
    def to_do(self) -> bool:
        """Whether it waits for this reviewer (skipped ones wait until asked for)."""
        return self.state in TO_DO


def queue_state(state: QuestionState, reviewer: str) -> tuple[QueueState, str]:
    """Where a question stands for one reviewer, from what they themselves did."""
    if state.conflict:
        return "conflict", f"{len(state.conflict)} versions; someone has to choose"
    own = next((r for r in state.all_reviews() if r.reviewer == reviewer), None)
    if state.draft(reviewer) is not None:
        return "draft", ""
    if own is not None and not own.stale:
        return "scored", "cannot judge" if own.score is None else str(own.score)
    if state.skipped_by(reviewer):
        return "skipped", ""
    if own is not None:
        return "stale", own.stale
    return "pending", state.stale_reason


def build_queue(state: State, reviewer: str) -> list[QueueItem]:
    """All questions that reached the reviewers, grouped by case so that a scan is loaded once.

    Cases stand in the order in which their first question was proposed.  Resuming is taking the first `to_do`.
    """
    by_case: dict[str, list[QueueItem]] = {}
    for found in state.questions.values():
        if found.status == "rejected":
            continue
        where, note = queue_state(found, reviewer)
        by_case.setdefault(found.case, []).append(QueueItem(found.id, found.case, where, note))
    return [item for items in by_case.values() for item in items]


@dataclass(frozen=True, slots=True)
class VisibleQuestion:
    """What a reviewer may see of a question: without others' scores, votes and remarks until their own review stands."""

    question: Question
    revision: int
    own: Review | None
    blind: bool
    reviews: tuple[Review, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    comments: tuple[Remark, ...] = ()
    flags: tuple[Remark, ...] = ()


def visible_to(reviewer: str, state: QuestionState) -> VisibleQuestion:
    """The question as this reviewer may see it now; who proposed it is hidden as well until they have scored."""
    reviews = state.all_reviews()
    own = next((r for r in reviews if r.reviewer == reviewer), None)
    if own is None or own.stale:
        blinded = state.question.model_copy(update={"provenance": {}, "rules": ()})
        mine = tuple(c for c in state.comments if c.author == reviewer)
        flags = tuple(f for f in state.flags if f.author == reviewer)
        return VisibleQuestion(blinded, state.revision, own, True, comments=mine, flags=flags)
    return VisibleQuestion(
        state.question,
        state.revision,
        own,
        False,
        tuple(reviews),
        state.verdicts,
        state.comments,
        state.flags,
    )
