"""The funnel (rule H4): how many proposals each stage let through, by task, in counts that add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from napari_spatialmed.questions.model import TASKS

if TYPE_CHECKING:
    from napari_spatialmed.benchmark.state import State

Refusal = Literal["rules", "validator", "panel"]
CORPUS = "corpus"
"""The member in whose name the rules over a whole corpus refuse."""
STAGES = ("rules", "validator", "panel", "withdrawn", "waiting", "dropped", "kept")
"""Where a proposal can have ended; every proposal is counted in exactly one."""


@dataclass(slots=True)
class FunnelRow:
    """Counts of one task.

    Attributes
    ----------
    proposed
        All, and the sum of the rest.
    rules, validator, panel
        Rejected by a rule of geometry, options or priors (of the question or of the whole corpus), by a member's judgement, by
        the blind panel (P2, or P4 where it could not judge).
    withdrawn
        Taken back by whoever proposed it, or taken out by hand.
    waiting
        For reviews, or for somebody to settle a conflict.
    dropped, kept
        After review.
    """

    proposed: int = 0
    rules: int = 0
    validator: int = 0
    panel: int = 0
    withdrawn: int = 0
    waiting: int = 0
    dropped: int = 0
    kept: int = 0

    def count(self, stage: str) -> None:
        """Count one proposal that ended here."""
        self.proposed += 1
        setattr(self, stage, getattr(self, stage) + 1)

    @property
    def adds_up(self) -> bool:
        """Whether the stages sum to what was proposed."""
        return self.proposed == sum(int(getattr(self, stage)) for stage in STAGES)


@dataclass(frozen=True, slots=True)
class Funnel:
    """Counts by task, their total, and how many each rule stopped."""

    tasks: Mapping[str, FunnelRow]
    total: FunnelRow
    by_rule: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "tasks": {task: asdict(row) for task, row in self.tasks.items()},
            "total": asdict(self.total),
            "by_rule": dict(self.by_rule),
        }


def count_funnel(state: State) -> Funnel:
    """Count every proposal once, by where it stands."""
    tasks: dict[str, FunnelRow] = {}
    total = FunnelRow()
    by_rule: dict[str, int] = {}

    def count(task: str, stage: str, rule: str = "") -> None:
        tasks.setdefault(task, FunnelRow()).count(stage)
        total.count(stage)
        if rule:
            by_rule[rule] = by_rule.get(rule, 0) + 1

    for rejected in state.rejected_proposals:
        count(rejected.task, stage_of(rejected.rule), rejected.rule)
    for found in state.questions.values():
        task = found.question.task
        if found.withdrawn:
            count(task, "withdrawn")
        elif found.status == "rejected":
            verdict = found.rejection
            if verdict is None:  # nothing spoke against it: a person did
                count(task, "withdrawn")
            else:
                count(task, stage_of(verdict.rule, verdict.member), verdict.rule)
        elif found.status in ("kept", "dropped"):
            count(task, found.status)
        else:
            count(task, "waiting")
    order: dict[str, int] = {task: i for i, task in enumerate(TASKS)}
    return Funnel(
        dict(sorted(tasks.items(), key=lambda item: order.get(item[0], len(order)))),
        total,
        dict(sorted(by_rule.items())),
    )


def stage_of(rule: str, member: str = "") -> Refusal:
    """The stage that a refusal belongs to, by its rule and by which member of the team gave it.

    Of the rules on priors only P2 is the blind panel's, and P4 where that could not judge; the others are checked while a
    question is built (P1) or over the corpus (P1, P3), as all rules are.
    """
    if member.startswith("validator"):
        return "validator"
    if rule in ("P2", "P4"):
        return "panel"
    return "rules" if rule or member == CORPUS else "validator"
