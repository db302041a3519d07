"""Scores: the vectors of rule S4, an independent implementation, and outcomes that add up (rule S1)."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_spatialmed.evaluation import OUTCOMES, mean_relative_accuracy, score_answer
from napari_spatialmed.evaluation.scoring import ScoringError


@pytest.mark.parametrize(
    ("prediction", "expected"),
    [
        (105, 1.0),
        (95, 1.0),
        (106, 0.9),
        (120, 0.7),
        (80, 0.7),
        (150, 0.1),
        (151, 0.0),
        (100, 1.0),
        (0, 0.0),
        (1e9, 0.0),
    ],
)
def test_vectors(prediction, expected):
    assert mean_relative_accuracy(prediction, 100) == pytest.approx(expected)


def test_the_published_code_loses_a_threshold_to_float_noise():
    assert mean_relative_accuracy(120, 100, mode="vsi_reference") == pytest.approx(0.6)
    assert mean_relative_accuracy(120, 100) == pytest.approx(0.7)


@pytest.mark.parametrize("nothing", [None, -1, float("nan"), float("inf")])
def test_no_number_counts_nothing(nothing):
    assert mean_relative_accuracy(nothing, 100) == 0.0


@pytest.mark.parametrize("truth", [0, -5, float("nan")])
def test_a_truth_that_is_not_above_zero_is_an_error(truth):
    with pytest.raises(ScoringError, match="above 0"):
        mean_relative_accuracy(1, truth)


@given(st.integers(0, 10_000), st.integers(1, 5_000))
def test_equals_the_closed_form_in_exact_arithmetic(prediction, truth):
    error = abs(Fraction(prediction) - truth) / truth
    closed = Fraction(min(10, max(0, 11 - math.ceil(20 * error))), 10)
    assert mean_relative_accuracy(prediction, truth) == pytest.approx(float(closed))


def published(prediction: float, target: float) -> float:
    """As in VSI-Bench's evaluation, written anew from its description."""
    thresholds = np.linspace(0.5, 0.95, int((0.95 - 0.5) / 0.05 + 2))
    return float(np.mean([abs(prediction - target) / target <= 1 - t for t in thresholds]))


@given(st.floats(0, 1000), st.floats(0.1, 1000))
def test_reference_mode_is_the_published_one(prediction, truth):
    assert mean_relative_accuracy(prediction, truth, mode="vsi_reference") == published(prediction, truth)


@pytest.mark.parametrize(
    ("text", "finish", "outcome", "score"),
    [
        ("ANSWER: B", "stop", "correct", 1.0),
        ("ANSWER: A", "stop", "wrong", 0.0),
        ("somewhere", "stop", "unparsed", 0.0),
        ("I'm sorry, I can't help with that.", "stop", "refused", 0.0),
        ("", "content_filter", "refused", 0.0),
        ("", "stop", "empty", 0.0),
        ("", "length", "truncated", 0.0),
        ("Let me think about the", "length", "truncated", 0.0),
        ("ANSWER: B", "length", "correct", 1.0),
    ],
)
def test_every_answer_has_one_outcome(choice, text, finish, outcome, score):
    judged = score_answer(choice, text, finish_reason=finish)
    assert (judged.outcome, judged.score) == (outcome, score)
    assert judged.outcome in OUTCOMES


def test_an_open_answer_scores_its_relative_accuracy(number):
    close, far = (score_answer(number, f"ANSWER: {v} mL") for v in (106, 140))
    assert (close.outcome, close.score) == ("correct", pytest.approx(0.9))
    assert (far.outcome, far.score) == ("wrong", pytest.approx(0.3))
    assert score_answer(number, "ANSWER: 0.1 L").score == 1.0
