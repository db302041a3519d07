"""What an answer is worth: one outcome and one score for every item, never NaN (rule S1)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation.parsing import is_refusal, read_letter
from napari_spatialmed.evaluation.quantities import read_number
from napari_spatialmed.questions.model import Question

MraMode = Literal["exact", "vsi_reference"]

THRESHOLDS = (0.50, 0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.90, 0.95)
"""θ of the mean relative accuracy, written out: a range with a float step drops or doubles an end."""

Outcome = Literal["correct", "wrong", "unparsed", "refused", "empty", "truncated", "error", "timed out"]
OUTCOMES: tuple[Outcome, ...] = (
    "correct",
    "wrong",
    "unparsed",
    "refused",
    "empty",
    "truncated",
    "error",
    "timed out",
)
"""Every item ends in exactly one of them, so that they sum to N."""


class ScoringError(SpatialMedError):
    """An item or a prediction that can't be scored at all."""


def mean_relative_accuracy(prediction: float | None, truth: float, mode: MraMode = "exact") -> float:
    """Share of the thresholds θ at which |prediction − truth| / truth ≤ 1 − θ.

    Parameters
    ----------
    prediction
        In the truth's unit; None, negative or not finite counts 0.
    truth
        Greater than 0.
    mode
        ``exact`` allows 1e-9 for float noise, so that it equals min(10, max(0, 11 − ⌈20 e⌉)) / 10.
        ``vsi_reference`` repeats the published VSI-Bench code, which loses a threshold to float noise
        (0.6 for 120 against 100, where 0.7 is right).

    Raises
    ------
    ScoringError
        If the truth isn't greater than 0: a relative error has no meaning there.

    References
    ----------
    Yang et al., Thinking in Space (VSI-Bench), arXiv 2412.14171, and its ``mean_relative_accuracy``.
    """
    if not (math.isfinite(truth) and truth > 0):
        raise ScoringError(
            f"a relative accuracy needs a truth above 0, not {truth}", hint="Ask it as multiple choice."
        )
    if prediction is None or not math.isfinite(prediction) or prediction < 0:
        return 0.0
    error = abs(prediction - truth) / truth
    if mode == "vsi_reference":
        thresholds = np.linspace(0.5, 0.95, int((0.95 - 0.5) / 0.05 + 2))
        return float((error <= 1 - thresholds).mean())
    return sum(error <= 1 - theta + 1e-9 for theta in THRESHOLDS) / len(THRESHOLDS)


@dataclass(frozen=True, slots=True)
class Score:
    """One scored answer.

    Attributes
    ----------
    outcome
        One of `OUTCOMES`.  An open answer is *correct* if its relative error is at most 10 %.
    score
        0 or 1 for a letter, the mean relative accuracy for a number; 0 for everything that isn't an answer.
    parsed
        The letter or the number that was read.
    reason
        How it was read, or why not.
    """

    outcome: Outcome
    score: float
    parsed: str | float | None
    reason: str


OPEN_CORRECT_ERROR = 0.10
"""An open answer within this relative error counts as *correct* in the outcomes; its score stays the MRA."""


def score_answer(
    question: Question,
    text: str,
    *,
    finish_reason: str | None = None,
    mra_mode: MraMode = "exact",
) -> Score:
    """Judge one answer's text.

    Parameters
    ----------
    question
        With its options in the order that was shown.
    text
        What the model said, thinking included.
    finish_reason
        ``length`` tells an answer that was cut off from one that can't be parsed; ``content_filter`` is a refusal.
    """
    if finish_reason == "content_filter":
        return Score("refused", 0.0, None, "the provider's filter stopped it")
    if not text.strip():
        if finish_reason == "length":
            return Score("truncated", 0.0, None, "cut at the token limit before any answer")
        return Score("empty", 0.0, None, "no text")
    read = read_number(text, question.unit) if question.is_open else read_letter(text, question.options)
    if read.value is None:
        if finish_reason == "length":
            return Score("truncated", 0.0, None, f"cut at the token limit; {read.reason}")
        if is_refusal(text):
            return Score("refused", 0.0, None, "declines to answer")
        return Score("unparsed", 0.0, None, read.reason)
    if isinstance(read.value, str):
        right = read.value == question.answer
        return Score("correct" if right else "wrong", float(right), read.value, read.reason)
    truth = float(question.answer)
    score = mean_relative_accuracy(read.value, truth, mra_mode)
    close = abs(read.value - truth) / truth <= OPEN_CORRECT_ERROR + 1e-9
    return Score("correct" if close else "wrong", score, read.value, read.reason)
