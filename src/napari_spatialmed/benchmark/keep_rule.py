"""The keep rule (H2), in integers: three scores whose sum is more than their number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

REVIEWERS_NEEDED = 3
KEEP_RULE = (
    "kept if at least three reviewers scored the present text and the mean of their scores is more than 1; "
    "exactly 1.0 is dropped; a missing review is not a 0"
)
"""As it stands in every export."""


def decide(scores: Sequence[int]) -> Literal["pending", "provisional", "kept", "dropped"]:
    """What the scores on the present text make of a question.

    Parameters
    ----------
    scores
        0, 1 or 2 from each reviewer who could judge.
    """
    if not scores:
        return "pending"
    if len(scores) < REVIEWERS_NEEDED:
        return "provisional"
    return "kept" if sum(scores) > len(scores) else "dropped"
