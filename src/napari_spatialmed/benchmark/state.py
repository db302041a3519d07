"""What all events together mean: the fold from a journal to the present state of its questions.

Events are folded in their order (`Event.order`), one at a time, so that an append costs one step and never a reread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pydantic import JsonValue, ValidationError

from napari_spatialmed.benchmark.errors import BenchmarkError
from napari_spatialmed.benchmark.events import CaseRegistered, Event, ProposalRejected, first_problem
from napari_spatialmed.benchmark.funnel import Funnel, count_funnel
from napari_spatialmed.benchmark.question_state import QuestionState
from napari_spatialmed.benchmark.reviewing import QueueItem, build_queue
from napari_spatialmed.questions.model import Question

UNDOABLE = frozenset(
    {
        "question_proposed",
        "question_edited",
        "review_submitted",
        "flagged",
        "commented",
        "skipped",
        "adjudicated",
        "made_stale",
    }
)
"""What `undo` takes back; everything else stands."""


class State:
    """The present state of a benchmark.

    Attributes
    ----------
    title, created
        As given when it was created; None before the first event.
    questions
        By id, in the order proposed.
    cases
        By id, as last registered.
    rejected_proposals
        Proposals that never became a question, with the rule that stopped them.
    responses, runs, notes
        As recorded.
    orphans
        Events about a question that isn't here (its line was damaged, or its file was left out of a merge).
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.title = ""
        self.created: Event | None = None
        self.questions: dict[str, QuestionState] = {}
        self.cases: dict[str, CaseRegistered] = {}
        self.rejected_proposals: list[ProposalRejected] = []
        self.responses: list[dict[str, JsonValue]] = []
        self.runs: list[dict[str, JsonValue]] = []
        self.notes: list[Event] = []
        self.events: list[Event] = []
        self.orphans: list[Event] = []
        self.clock = 0
        self._by_id: dict[str, Event] = {}
        self._undo: dict[str, list[str]] = {}
        self._redo: dict[str, list[str]] = {}
        for event in events:
            self.apply(event)

    def apply(self, event: Event) -> None:
        """Fold one more event in."""
        self.events.append(event)
        self._by_id[event.id] = event
        self.clock = max(self.clock, event.clock)
        if (
            event.question is not None
            and event.kind != "question_proposed"
            and event.question not in self.questions
        ):
            self.orphans.append(event)
            return
        handler = _HANDLERS.get(event.kind)
        if handler is not None:
            handler(self, event)
        if event.question is not None:
            self.questions[event.question].record(event)
        self._remember_for_undo(event)

    def _remember_for_undo(self, event: Event) -> None:
        undo, redo = self._undo.setdefault(event.actor, []), self._redo.setdefault(event.actor, [])
        if event.kind in UNDOABLE:
            undo.append(event.id)
            redo.clear()
        elif event.kind == "undone" and event.payload.target in undo:
            undo.remove(event.payload.target)
            redo.append(event.payload.target)
        elif event.kind == "redone" and event.payload.target in redo:
            redo.remove(event.payload.target)
            undo.append(event.payload.target)

    def event(self, event_id: str) -> Event:
        """An event by its id."""
        return self._by_id[event_id]

    def undoable(self, actor: str) -> Event | None:
        """What this person's `undo` would take back."""
        stack = self._undo.get(actor)
        return self._by_id[stack[-1]] if stack else None

    def redoable(self, actor: str) -> Event | None:
        """What this person's `redo` would bring back."""
        stack = self._redo.get(actor)
        return self._by_id[stack[-1]] if stack else None

    def question(self, question_id: str) -> QuestionState:
        """One question's state.

        Raises
        ------
        BenchmarkError
            If there is none of this id.
        """
        found = self.questions.get(question_id)
        if found is None:
            raise BenchmarkError(
                f"no question {question_id!r} in this benchmark",
                hint="`spatialmed stats FILE --questions` lists them.",
            )
        return found

    @property
    def reviewers(self) -> tuple[str, ...]:
        """Everybody whose review stands somewhere, by name."""
        return tuple(sorted({r.reviewer for q in self.questions.values() for r in q.all_reviews()}))

    def queue(self, reviewer: str) -> list[QueueItem]:
        """What this person has before them, grouped by case; see `reviewing.build_queue`."""
        return build_queue(self, reviewer)

    def funnel(self) -> Funnel:
        """How many went through each stage, by task (rule H4)."""
        return count_funnel(self)

    # -- one method per kind of event that means more than "it happened" ----------------------------------------

    def _created(self, event: Event) -> None:
        if self.created is None:
            self.created, self.title = event, event.payload.title

    def _case(self, event: Event) -> None:
        self.cases[event.payload.case] = event.payload

    def _proposed(self, event: Event) -> None:
        question: Question = event.payload.question
        state = self.questions.get(question.id)
        if state is None:
            state = self.questions[question.id] = QuestionState(question)
        # Two writers who proposed different texts under one id are a conflict; the same text twice is not.
        state.add_version(event, question, ())

    def _edited(self, event: Event) -> None:
        state = self.questions[event.question or ""]
        base = state.version(event.payload.base)
        if base is None:
            self.orphans.append(event)
            return
        state.add_version(
            event, with_change(base.question, event.payload.field, event.payload.new), (base.id,)
        )

    def _resolved(self, event: Event) -> None:
        self.questions[event.question or ""].add_version(event, event.payload.question, event.payload.heads)

    def _undone(self, event: Event) -> None:
        if event.question is None:
            return
        if event.payload.field:
            self._edited(event)
        else:
            self.questions[event.question].take_back(event.payload.target, event.kind == "undone")

    def _rejected(self, event: Event) -> None:
        self.rejected_proposals.append(event.payload)

    def _response(self, event: Event) -> None:
        self.responses.append(event.payload.response)

    def _run(self, event: Event) -> None:
        self.runs.append(event.payload.run)

    def _note(self, event: Event) -> None:
        self.notes.append(event)


_HANDLERS: dict[str, Callable[[State, Event], None]] = {
    "benchmark_created": State._created,
    "case_registered": State._case,
    "question_proposed": State._proposed,
    "question_edited": State._edited,
    "conflict_resolved": State._resolved,
    "undone": State._undone,
    "redone": State._undone,
    "proposal_rejected": State._rejected,
    "response_recorded": State._response,
    "run_recorded": State._run,
    "note": State._note,
}


EDITABLE = frozenset(Question.model_fields) - {"id", "case"}


def with_change(question: Question, field: str, new: Any) -> Question:
    """A question with one field changed, or several where `field` is ``question`` and `new` maps field → value.

    Raises
    ------
    BenchmarkError
        If there is no such field, it can't be edited, or the value doesn't fit it.
    """
    changes = dict(new) if field == "question" else {field: new}
    for name in changes:
        if name not in EDITABLE:
            raise BenchmarkError(
                f"a question has no field {name!r} to edit", hint=f"There are: {', '.join(sorted(EDITABLE))}."
            )
    try:
        return Question.model_validate(question.model_dump(mode="json") | changes)
    except ValidationError as error:
        raise BenchmarkError(f"the edit does not fit: {first_problem(error)}") from error
