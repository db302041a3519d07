"""What can happen to a benchmark: one kind of event for each, with what it says.

`prev` chains the events of one writer, `after` names the line that stood last in the file when this one was written, and
`clock` (one more than the largest its writer had seen) puts the events of any number of files into one order without
trusting anybody's clock.  `lines` turns events into bytes, `state` folds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from napari_spatialmed.benchmark.errors import BenchmarkError
from napari_spatialmed.questions.model import Question, Verdict

SCHEMA_VERSION = 1
"""Rises when a kind or a field is added.  Fields are only ever added, so every older file opens."""

Score = Literal[0, 1, 2]

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "wrong_answer": "The marked answer is not the right one.",
        "second_right_option": "More than one option is right.",
        "trivial": "It can be answered without looking at the scan.",
        "wording": "The wording is unclear, clumsy or gives the answer away.",
        "ambiguous_structure": "It is not clear which structure is meant.",
        "not_clinically_relevant": "Nobody would ask this in practice.",
        "truncated": "A structure is cut off by the field of view.",
        "bad_segmentation": "The labels do not follow the anatomy.",
        "implausible_value": "A value or option is out of all proportion.",
        "options_too_close": "The options cannot be told apart on the scan.",
        "not_visible": "What is asked cannot be seen on the pictures.",
        "other": "Something else; the comment says what.",
    }
)
"""Why a reviewer scored as they did: code → what it says."""


class Payload(BaseModel):
    """What an event says.  Fields of a later version are ignored here and stay in the file."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class BenchmarkCreated(Payload):
    title: str = ""
    software: str = ""


class StructureRecord(Payload):
    name: str
    label: int
    title: str = ""
    volume_ml: float | None = None


class CaseRegistered(Payload):
    """A case without anything that leads to a person or a file."""

    case: str
    label_sha256: str
    modality: str = "unknown"
    names: str = "none"
    segmentation: str = "unknown"
    shape: tuple[int, ...] = ()
    spacing: tuple[float, ...] = ()
    structures: tuple[StructureRecord, ...] = ()
    patient: str = ""


class QuestionProposed(Payload):
    question: Question
    verdicts: tuple[Verdict, ...] = ()
    accepted: bool = True
    reason: str = ""


class ProposalRejected(Payload):
    """A proposal that never became a question, because it was undecidable."""

    case: str
    task: str
    form: str = ""
    structures: tuple[str, ...] = ()
    rule: str = ""
    reason: str = ""
    verdicts: tuple[Verdict, ...] = ()


class VerdictGiven(Payload):
    verdicts: tuple[Verdict, ...]
    accepted: bool | None = None
    reason: str = ""
    basis: str = ""


class QuestionEdited(Payload):
    """`field` of a question, or ``question`` where several fields change at once (`old` and `new` are then objects).

    `base` is the event that made the version this edit was made on.
    """

    field: str
    old: JsonValue = None
    new: JsonValue = None
    reason: str = ""
    base: str = ""


class ConflictResolved(Payload):
    """One of several versions, or a new text, chosen by a person; `heads` are the versions it settles."""

    heads: tuple[str, ...]
    question: Question
    note: str = ""


class ReviewSubmitted(Payload):
    """`score` None means that the reviewer can't judge, which is not a 0.  `basis` is what was seen when scoring."""

    score: Score | None
    reasons: tuple[str, ...] = ()
    comment: str = ""
    seconds: float | None = None
    basis: str = ""


class DraftSaved(Payload):
    score: Score | None = None
    reasons: tuple[str, ...] = ()
    comment: str = ""
    basis: str = ""


class Skipped(Payload):
    basis: str = ""


class Flagged(Payload):
    text: str = ""
    raised: bool = True


class Commented(Payload):
    text: str


class Adjudicated(Payload):
    keep: bool
    note: str = ""
    basis: str = ""


class MadeStale(Payload):
    reason: str


class Undone(Payload):
    """Takes back the event `target`.  Where that was an edit, the fields say which text comes back."""

    target: str
    field: str = ""
    old: JsonValue = None
    new: JsonValue = None
    base: str = ""


class Redone(Undone):
    """Brings the event `target` back."""


class ResponseRecorded(Payload):
    response: dict[str, JsonValue]


class RunRecorded(Payload):
    run: dict[str, JsonValue]


class Note(Payload):
    model_config = ConfigDict(frozen=True, extra="allow")

    text: str = ""


class LineSetAside(Payload):
    line: int
    sha256: str
    reason: str


class Repaired(Payload):
    """Lines that were damaged, and the hashes that later lines still refer to."""

    lines: tuple[LineSetAside, ...]
    missing: tuple[str, ...] = Field(default=())


PAYLOADS: Mapping[str, type[Payload]] = MappingProxyType(
    {
        "benchmark_created": BenchmarkCreated,
        "case_registered": CaseRegistered,
        "question_proposed": QuestionProposed,
        "proposal_rejected": ProposalRejected,
        "verdict_given": VerdictGiven,
        "question_edited": QuestionEdited,
        "conflict_resolved": ConflictResolved,
        "review_submitted": ReviewSubmitted,
        "draft_saved": DraftSaved,
        "skipped": Skipped,
        "flagged": Flagged,
        "commented": Commented,
        "adjudicated": Adjudicated,
        "made_stale": MadeStale,
        "undone": Undone,
        "redone": Redone,
        "response_recorded": ResponseRecorded,
        "run_recorded": RunRecorded,
        "note": Note,
        "repaired": Repaired,
    }
)
"""Kind → what its payload holds."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal.

    Attributes
    ----------
    id
        ``WRITER-SEQ``; the same event has the same id in every file.
    prev
        Hash of this writer's event before, None for its first.
    after
        Hash of the line that stood last in the file when this one was written.
    writer, seq
        One opening of a benchmark by one program, and the event's number in it, from 1.
    clock
        Lamport clock: larger than that of every event its writer had seen.
    time
        UTC, for people; nothing is ordered by it.
    actor
        Who did it.
    """

    id: str
    prev: str | None
    after: str | None
    writer: str
    seq: int
    clock: int
    time: str
    actor: str
    version: int
    kind: str
    question: str | None
    revision: int | None
    payload: Any
    sha: str

    @property
    def order(self) -> tuple[int, str, int]:
        """Where the event stands among those of any number of files."""
        return (self.clock, self.writer, self.seq)


def checked_payload(kind: str, payload: Payload | Mapping[str, Any] | str) -> Payload:
    """Validate what is to be written; a bare text is taken for a note's or comment's.

    Raises
    ------
    BenchmarkError
        If the kind is unknown or the payload doesn't fit it.
    """
    model = PAYLOADS.get(kind)
    if model is None:
        raise BenchmarkError(f"no event of kind {kind!r}", hint=f"There are: {', '.join(PAYLOADS)}.")
    if isinstance(payload, model):
        return payload
    data = {"text": payload} if isinstance(payload, str) else payload
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise BenchmarkError(f"{kind}: {first_problem(error)}") from error


def first_problem(error: ValidationError) -> str:
    """The first thing pydantic found wrong, in one line."""
    found = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(p) for p in found["loc"])
    return f"{place}: {found['msg']}" if place else str(found["msg"])
