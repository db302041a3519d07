"""Distractors: far enough apart and without a pattern, whatever the truth (rules O1, O2, O3)."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from itertools import islice, pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import FORMS, build_question
from napari_spatialmed.questions.form import UndecidableError
from napari_spatialmed.questions.numbers import decimals_for, numbers_in, option_gap
from napari_spatialmed.questions.options import spread_edges, spread_numbers

truths = st.floats(1.0, 3000.0)
doubts = st.floats(0.001, 8.0)
seeds = st.integers(0, 10**6)


@given(truths, doubts, seeds, st.sampled_from(["mm", "mL"]))
def test_numbers_keep_their_gap_and_hold_the_truth(truth: float, doubt: float, seed: int, unit: str) -> None:
    try:
        values, rank, decimals = spread_numbers(truth, unit, doubt, random.Random(seed))
    except UndecidableError as error:
        # Only a truth that is small beside the gap leaves no room.
        rule = error.rule
    else:
        rule = ""
    if rule:
        assert (rule, truth < 7.5 * option_gap(0.0, unit, doubt)) == ("O3", True)
        return
    gap = option_gap(values[-1], unit, doubt)
    assert decimals == decimals_for(unit, doubt, values[-1]), (
        "the largest number decides, whichever is the truth"
    )
    assert values[rank] == round(truth, decimals)
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


def test_a_ratio_that_finds_no_room_is_told_without_a_unit() -> None:
    with pytest.raises(UndecidableError, match=r"1\.4\d* leaves no room") as refused:
        spread_numbers(1.4, "ratio", 0.01, random.Random(0), lowest=1.35, highest=1.45)
    assert "ratio" not in str(refused.value)


@pytest.mark.parametrize("spread", [spread_numbers, spread_edges])
def test_every_rank_is_equally_likely(spread) -> None:
    ranks = Counter(spread(240.0, "mL", 2.0, random.Random(seed))[1] for seed in range(4000))
    assert all(abs(ranks[k] - 1000) < 4 * 27.4 for k in range(4))  # four standard deviations


def test_a_truth_with_no_room_below_it_is_no_question() -> None:
    with pytest.raises(UndecidableError, match="O3"):
        spread_numbers(7.0, "mm", 0.5, random.Random(0))


def test_shares_stay_below_a_hundred_percent() -> None:
    values, _, _ = spread_numbers(50.0, "%", 0.5, random.Random(3), highest=100.0)
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
        values, _, _ = spread_numbers(100.0, "mm", 1.0, random.Random(seed))
        least = max(5.0, 0.1 * values[-1])
        for step in (b - a for a, b in pairwise(values)):
            assert least - 1e-6 <= step <= 1.5 * least + 1.1, "from rule O1's gap to half as much again"
        edges, _, _ = spread_edges(100.0, "mm", 1.0, random.Random(seed))
        assert 0.1 * edges[-1] <= edges[1] - edges[0] <= 0.2 * edges[-1]


def lookalikes(values: list[float]) -> tuple[float, ...]:
    """What a reader sees of four numbers, but for their size: the steps, in twelfths of the largest's least gap."""
    least = max(5.0, 0.1 * values[-1])
    return tuple(round((b - a) / least * 6) for a, b in pairwise(values))


def test_neither_spacing_nor_decimals_tell_which_number_is_the_truth() -> None:
    """Whoever has seen thousands of questions and their answers still guesses: truths of every size, equally often."""
    rng = random.Random(2)
    seen: dict[tuple[object, ...], Counter[int]] = defaultdict(Counter)
    for seed in range(20_000):
        truth = math.exp(rng.uniform(math.log(40.0), math.log(600.0)))
        values, rank, decimals = spread_numbers(truth, "mm", 0.8, random.Random(seed))
        # Within these bounds every option could have been the truth, and 100 mm, where decimals go, lies among them.
        if values[0] > 60.0 and values[-1] < 250.0:
            seen[lookalikes(values), decimals][rank] += 1
    asked = sum(ranks.total() for ranks in seen.values())
    share = sum(max(ranks.values()) for ranks in seen.values()) / asked
    lots = sum(
        max(Counter(rng.randrange(4) for _ in range(ranks.total())).values()) for ranks in seen.values()
    )
    assert share < lots / asked + 0.02


@given(st.floats(60.0, 5000.0), st.floats(0.01, 2.0), seeds)
def test_a_large_truth_has_room_at_every_rank(truth: float, doubt: float, seed: int) -> None:
    for spread in (spread_numbers, spread_edges):
        assert spread(truth, "mL", doubt, random.Random(seed))[1] in range(4)


def test_one_lesion_is_not_among_counts_to_choose_from() -> None:
    with pytest.raises(UndecidableError, match="O3"):
        spread_numbers(1.0, "count", None, random.Random(0))
    few = {tuple(spread_numbers(5.0, "count", None, random.Random(seed))[0]) for seed in range(40)}
    assert few == {(2, 3, 4, 5), (3, 4, 5, 6), (4, 5, 6, 7), (5, 6, 7, 8)}


def test_all_numbers_of_a_question_show_the_same_decimals(body: CaseGeometry) -> None:
    shown: Counter[str] = Counter()
    for form in FORMS.values():
        if form.option_kind not in ("number", "interval", "span", "sizes"):
            continue
        for seed, candidate in enumerate(islice(form.candidates(body), 12)):
            try:
                question = build_question(
                    body, form.id, candidate.structures, params=candidate.params, seed=seed
                )
            except UndecidableError:
                continue
            assert len({r.decimals for text in question.options for r in numbers_in(text)}) == 1, question
            shown[form.option_kind] += 1
    assert min(shown.values()) > 3
    assert len(shown) == 4


def test_numbers_stand_in_rising_order_at_every_letter(body: CaseGeometry) -> None:
    letters = set()
    for seed in range(30):
        for form in ("vol.value", "vol.interval", "vol.threshold"):
            question = build_question(body, form, ["liver"], seed=seed)
            values = [numbers_in(option)[0].value for option in question.options]
            assert values == sorted(values)
            letters.add(question.answer)
    assert letters == set("ABCD")
