"""The record of one call: what was asked, what was shown, what came back and what it is worth.

JSON for the benchmark's journal and for a run's folder; the report reads nothing else.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from napari_spatialmed.evaluation.scoring import Outcome


class Response(BaseModel):
    """One model's answer to one question.

    Attributes
    ----------
    key
        Rule S6's cache key; the same call has the same key.
    question, revision, case, task, form, structures
        What was asked; `question` is empty for a question typed freely.
    arm, layout, outlines, rotation
        How it was shown.
    endpoint, model
        The endpoint's name (never its key) and the model as the server reports it.
    system, prompt, captions
        The words that were sent.
    pictures
        sha256 of every picture sent.
    visible
        Voxels of each asked structure on the picture that shows most of it (rule V1).
    settings
        Decoding settings.
    text, reasoning, finish_reason
        What came back.
    outcome, score, parsed, reason
        The judgement; None for a question typed freely.
    answer
        The letter or number that is right, as shown in this rotation.
    truth
        What the answer key evaluated to.
    error
        Kind of failure where no answer came, and its message.
    tokens_in, tokens_out, seconds, cost, tries
        What it took; `cost` None where the endpoint has no price.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str
    question: str
    revision: int = 1
    case: str = ""
    task: str = ""
    form: str = ""
    structures: tuple[str, ...] = ()
    arm: str = "normal"
    layout: str = ""
    outlines: bool = False
    rotation: int = 0
    endpoint: str = ""
    model: str = ""
    system: str = ""
    prompt: str = ""
    captions: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    picture_bytes: int = 0
    visible: dict[str, int] = Field(default_factory=dict)
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    text: str = ""
    reasoning: str = ""
    finish_reason: str = ""
    outcome: Outcome | None = None
    score: float | None = None
    parsed: str | float | None = None
    reason: str = ""
    answer: str = ""
    truth: JsonValue = None
    error: str = ""
    error_message: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    cost: float | None = None
    tries: int = 1
    time: str = ""

    @property
    def is_right(self) -> bool:
        """Whether it counts as correct."""
        return self.outcome == "correct"

    def to_record(self) -> dict[str, Any]:
        """For `Benchmark.record_response` and a run's file."""
        return self.model_dump(mode="json")
