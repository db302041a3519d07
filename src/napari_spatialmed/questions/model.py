"""What a question is: a stem, options, and an executable answer key from which anyone can recompute the answer."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Task = Literal["DIR", "DIST", "EXT", "VOL", "COMP", "VOLEST", "COUNT", "CONT", "MARG", "SHAPE"]
PAPER_TASKS: tuple[Task, ...] = ("DIR", "DIST", "EXT", "VOL", "COMP", "VOLEST")
"""The six of SpatialMed (arXiv 2603.13800), in its order."""
FURTHER_TASKS: tuple[Task, ...] = ("COUNT", "CONT", "MARG", "SHAPE")
"""Ours; kept apart in every table so that the paper's six compare."""
TASKS: tuple[Task, ...] = PAPER_TASKS + FURTHER_TASKS

LETTERS = "ABCDEFGH"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AnswerKey(_Record):
    """The executable recipe of an answer.

    `form` names the function in `questions/forms/` that evaluates it; `structures` are names in the case's table, in
    the form's order; `params` are whatever that form needs (axis, thresholds, option values, tolerance, …).
    """

    task: Task
    form: str
    structures: tuple[str, ...]
    params: dict[str, JsonValue] = Field(default_factory=dict)
    unit: str = ""
    calculators_version: str = "1"


class Question(_Record):
    """One question about one case.  Frozen: an edit makes a new revision in the benchmark's journal.

    Attributes
    ----------
    id
        ``q-`` + 12 hex digits of its content at proposal; stays the same through edits.
    case
        The case's id (a hash, never a path).
    options
        In the order shown; empty for an open numeric question.
    answer
        The correct option's letter, or the number as text for an open question.
    truth
        What the key evaluated to: a number, a word, a structure's name.
    evidence
        The measurements the answer rests on, as `Measurement.to_dict()`.
    rules
        Ids of the rules it was checked against and passed.
    label_sha256, segmentation
        The labels the answer was computed from, and who drew them (rule G6).
    rationale, provenance
        Why it matters clinically; who proposed it, with which prompt, phrasing and passages.
    """

    id: str
    case: str
    key: AnswerKey
    stem: str
    options: tuple[str, ...] = ()
    answer: str
    truth: JsonValue
    unit: str = ""
    uncertainty: float | None = None
    evidence: tuple[dict[str, Any], ...] = ()
    rules: tuple[str, ...] = ()
    label_sha256: str = ""
    segmentation: str = "unknown"
    rationale: str = ""
    provenance: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def task(self) -> Task:
        """Short for ``key.task``."""
        return self.key.task

    @property
    def is_open(self) -> bool:
        """Whether it wants a number instead of a letter."""
        return not self.options

    @property
    def answer_text(self) -> str:
        """The correct option's text, or the number with its unit."""
        return (
            self.options[LETTERS.index(self.answer)]
            if self.options
            else self.answer
            if self.unit in ("ratio", "count")
            else f"{self.answer} {self.unit}".strip()
        )


class Verdict(_Record):
    """What one member of the team, or one rule, said of a proposal.

    `rule` is an id of `questions.md` (``U1``, ``O1``, ``P2``, …) or empty for a judgement without one; `passed` None means
    that the member couldn't judge, which counts as *not validated* (rule P4).
    """

    member: str
    rule: str = ""
    passed: bool | None
    reason: str
    detail: dict[str, JsonValue] = Field(default_factory=dict)
