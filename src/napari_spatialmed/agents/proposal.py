"""What the team passes around: ideas, proposals with everything said of them, and the result of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import JsonValue

from napari_spatialmed.benchmark import Funnel, FunnelRow
from napari_spatialmed.benchmark.funnel import Refusal
from napari_spatialmed.questions import TASKS, Question, Task, Verdict

Stage = Refusal | Literal["waiting"]
"""Where a proposal ended: stopped by a rule, by a judgement, by the blind panel, or accepted and waiting for reviewers."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something a member said or was told, kept as provenance.

    Attributes
    ----------
    member
        Who: ``generator``, ``blind: typical anatomy``, …
    kind
        ``prompt``, ``reply``, ``passages``, ``error`` or ``note``.
    text
        As it was.
    data
        Tokens, model, hashes: JSON only.
    """

    member: str
    kind: Literal["prompt", "reply", "passages", "error", "note"]
    text: str
    data: Mapping[str, JsonValue] = field(default_factory=dict)

    def to_dict(self) -> dict[str, JsonValue]:
        """As JSON data."""
        return {"member": self.member, "kind": self.kind, "text": self.text, "data": dict(self.data)}


@dataclass(frozen=True, slots=True)
class Idea:
    """What a generator puts forward: what to ask and how, never a number.

    `stem` empty means one of the form's own phrasings.  `problem` says what the generator got wrong in the end, so that
    there is no question, and `rule` by which rule, if it is one.
    """

    task: Task
    form: str
    structures: tuple[str, ...]
    params: Mapping[str, JsonValue] = field(default_factory=dict)
    stem: str = ""
    rationale: str = ""
    seed: int = 0
    by: str = ""
    messages: tuple[Message, ...] = ()
    problem: str = ""
    rule: str = ""

    @property
    def signature(self) -> Signature:
        """The same for near-duplicates: what is asked of which structures, in whatever shape."""
        return signature_of(self.form, self.structures, self.params)


Signature = tuple[str, tuple[str, ...], str]
"""Quantity, structures and axis: the same for near-duplicates."""

_SHAPES = ("_value", "_interval", "_threshold")


def signature_of(form: str, structures: Iterable[str], params: Mapping[str, JsonValue]) -> Signature:
    """What is asked of which structures along which axis, in whatever shape (value, interval, threshold, open)."""
    quantity = form.rsplit("_", 1)[0] if form.endswith(_SHAPES) else form
    if form.startswith("vol.") or form == "volest.absolute":
        quantity = "volume"
    if form in ("comp.ratio", "volest.ratio"):
        quantity = "volume ratio"
    axis = str(params.get("axis") or params.get("towards") or "")
    return quantity, tuple(sorted(structures)), axis


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal and all that was said of it.

    Attributes
    ----------
    question
        None where no question came into being.
    state
        ``accepted`` goes on to the reviewers.
    stage, rule, reason
        Where and why it ended.
    messages
        Prompts, replies, passages, errors, in order.
    """

    idea: Idea
    question: Question | None
    verdicts: tuple[Verdict, ...]
    state: Literal["accepted", "rejected"]
    stage: Stage
    rule: str = ""
    reason: str = ""
    messages: tuple[Message, ...] = ()
    case: str = ""

    @property
    def task(self) -> str:
        """Its task, whether or not a question came of it."""
        return self.idea.task


@dataclass(frozen=True, slots=True)
class ProposalResult:
    """All proposals of a run, in the order made.

    Attributes
    ----------
    proposals
        Accepted and rejected.
    funnel
        Counts by task and stage; they add up (rule H4).
    wanted
        How many accepted ones were asked for.
    stopped
        Why it ended early: the budget, a cancel, or nothing left to ask; empty if all were found.
    halted
        Whether it was ended from outside (budget, server, cancel), so that going on later finds more.
    """

    proposals: tuple[Proposal, ...]
    funnel: Funnel
    wanted: int
    stopped: str = ""
    halted: bool = False

    @property
    def accepted(self) -> tuple[Proposal, ...]:
        """Those that go to the reviewers."""
        return tuple(p for p in self.proposals if p.state == "accepted")

    @property
    def rejected(self) -> tuple[Proposal, ...]:
        """Those that don't."""
        return tuple(p for p in self.proposals if p.state == "rejected")


@dataclass(frozen=True, slots=True)
class Progress:
    """An event for whoever watches: a dock, a progress bar.

    `kind` is ``proposal`` when one is decided, ``member`` when a member begins, ``stopped`` at an early end.
    """

    kind: Literal["proposal", "member", "stopped"]
    member: str
    text: str
    accepted: int
    wanted: int
    proposal: Proposal | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def funnel_of(proposals: Iterable[Proposal]) -> Funnel:
    """Count every proposal once, by task and where it ended."""
    rows: dict[str, FunnelRow] = {}
    total = FunnelRow()
    rules: dict[str, int] = {}
    for proposal in proposals:
        rows.setdefault(proposal.task, FunnelRow()).count(proposal.stage)
        total.count(proposal.stage)
        if proposal.rule:
            rules[proposal.rule] = rules.get(proposal.rule, 0) + 1
    ordered: dict[str, FunnelRow] = {task: rows[task] for task in TASKS if task in rows}
    return Funnel(ordered, total, dict(sorted(rules.items())))
