"""Distractors: far enough apart and without a pattern, whatever the truth (rules O1, O2, O3)."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import build_question
from napari_spatialmed.questions.form import UndecidableError
from napari_spatialmed.questions.numbers import decimals_for, numbers_in, option_gap
from napari_spatialmed.questions.options import spread_edges, spread_numbers

truths = st.floats(1.0, 3000.0)
doubts = st.floats(0.001, 8.0)
seeds = st.integers(0, 10**6)


@given(truths, doubts, seeds, st.sampled_from(["mm", "mL"]))
def test_numbers_keep_their_gap_and_hold_the_truth(truth: float, doubt: float, seed: int, unit: str) -> None:
    try:
        values, rank = spread_numbers(truth, unit, doubt, random.Random(seed))
    except UndecidableError as error:
        # Only a truth that is small beside the gap leaves no room.
        rule = error.rule
    else:
        rule = ""
    if rule:
        assert (rule, truth < 5 * option_gap(truth, unit, doubt)) == ("O3", True)
        return
    gap = option_gap(truth, unit, doubt)
    assert values[rank] == round(truth, decimals_for(unit, doubt, truth))
    assert values == sorted(values)
    assert all(high - low >= gap - 1e-6 for low, high in pairwise(values))
    assert values[0] > 0


@given(truths, doubts, seeds)
def test_intervals_adjoin_and_keep_the_truth_off_their_edges(truth: float, doubt: float, seed: int) -> None:
    try:
        edges, rank, decimals = spread_edges(truth, "mm", doubt, random.Random(seed))
    except UndecidableError:
        assume(False)
    assert [round(e, decimals) for e in edges] == edges
    low, high = edges[rank], edges[rank + 1]
    margin = max(0.05 * (high - low), doubt)
    assert low + margin - 1e-6 <= truth <= high - margin + 1e-6
    assert edges[0] >= 0


@pytest.mark.parametrize("spread", [spread_numbers, spread_edges])
def test_every_rank_is_equally_likely(spread) -> None:
    ranks = Counter(spread(240.0, "mL", 2.0, random.Random(seed))[1] for seed in range(4000))
    assert all(abs(ranks[k] - 1000) < 4 * 27.4 for k in range(4))  # four standard deviations


def test_a_truth_with_no_room_below_it_is_no_question() -> None:
    with pytest.raises(UndecidableError, match="O3"):
        spread_numbers(7.0, "mm", 0.5, random.Random(0))


def test_shares_stay_below_a_hundred_percent() -> None:
    values, _ = spread_numbers(50.0, "%", 0.5, random.Random(3), highest=100.0)
    assert max(values) <= 100.0


def test_edges_are_as_round_as_the_margin_allows() -> None:
    for seed in range(20):
        edges, _, decimals = spread_edges(123.0, "mL", 0.1, random.Random(seed))
        assert decimals == 0
        assert all(edge % 5 == 0 for edge in edges)
        # the truth on a multiple of the width keeps its margin: the next rounder edges
        edges, _, _ = spread_edges(120.0, "mL", 0.1, random.Random(seed))
        assert all(abs(edge - 120.0) >= 0.05 * (edges[1] - edges[0]) for edge in edges)
        assert all(edge.is_integer() for edge in edges)


def test_wrong_values_lie_near_enough_to_tempt() -> None:
    for seed in range(50):
        values, _ = spread_numbers(100.0, "mm", 1.0, random.Random(seed))
        steps = [b - a for a, b in pairwise(values)]
        assert all(10.0 <= step <= 16.0 for step in steps), "from rule O1's gap to half as much again"
        edges, _, _ = spread_edges(100.0, "mm", 1.0, random.Random(seed))
        assert edges[1] - edges[0] <= 15.0


def test_numbers_stand_in_rising_order_at_every_letter(body: CaseGeometry) -> None:
    letters = set()
    for seed in range(30):
        for form in ("vol.value", "vol.interval", "vol.threshold"):
            question = build_question(body, form, ["liver"], seed=seed)
            values = [numbers_in(option)[0].value for option in question.options]
            assert values == sorted(values)
            letters.add(question.answer)
    assert letters == set("ABCD")
