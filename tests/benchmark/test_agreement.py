"""Agreement of reviewers, against a reference implementation and by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_spatialmed.benchmark import Benchmark
from napari_spatialmed.benchmark.agreement import agreement, krippendorff_alpha

SCORE_OR_NOTHING = st.sampled_from([0, 1, 2, None])


def counted(table: list[list[int | None]]) -> np.ndarray:
    """Questions in rows, reviewers in columns → how often each score was given."""
    return np.array([[row.count(score) for score in (0, 1, 2)] for row in table], np.int64)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(SCORE_OR_NOTHING, min_size=3, max_size=3), min_size=2, max_size=30))
def test_alpha_is_that_of_the_reference_implementation(table: list[list[int | None]]) -> None:
    oracle = pytest.importorskip("krippendorff")
    ours = krippendorff_alpha(counted(table), resamples=10)
    rows = [row for row in table if sum(s is not None for s in row) >= 2]
    values = {s for row in rows for s in row if s is not None}
    if len(values) < 2:
        assert ours.value is None
        assert ours.why
        return
    data = np.array([[np.nan if s is None else float(s) for s in row] for row in rows]).T
    expected = oracle.alpha(
        reliability_data=data, level_of_measurement="ordinal", value_domain=[0.0, 1.0, 2.0]
    )
    assert ours.value == pytest.approx(expected, abs=1e-12)


def test_perfect_agreement_is_one() -> None:
    alpha = krippendorff_alpha(counted([[0, 0, 0], [1, 1, 1], [2, 2, 2]]))
    assert (alpha.value, alpha.raw) == (1.0, 1.0)


def test_undefined_says_why() -> None:
    assert "two scores" in krippendorff_alpha(counted([[2, None, None]])).why
    same = krippendorff_alpha(counted([[2, 2, 2], [2, 2, None]]))
    assert same.value is None
    assert "equal" in same.why
    assert same.raw == 1.0


def test_questions_with_one_score_are_left_out_and_counted() -> None:
    alpha = krippendorff_alpha(counted([[0, 1, 2], [1, None, None], [2, 2, None]]))
    assert (alpha.n_used, alpha.n_left_out, alpha.n_scores) == (2, 1, 5)


def test_interval_holds_the_value_and_is_steady() -> None:
    table = [[a, b, min(2, a + b)] for a, b in product((0, 1, 2), repeat=2)] * 4
    first, second = (krippendorff_alpha(counted(table), resamples=500) for _ in range(2))
    assert first == second
    assert first.low is not None
    assert first.low < first.value < first.high  # type: ignore[operator]


def test_reviews_of_a_benchmark_by_task_and_pair(anna: Benchmark, question) -> None:  # type: ignore[no-untyped-def]
    from napari_spatialmed import benchmark

    anna.propose(question(2, task="VOLEST"))
    everyone = {name: benchmark.open(anna.path, actor=name) for name in ("Anna", "Bob", "Chen")}
    for name, scores in {"Anna": (2, 1), "Bob": (2, None), "Chen": (1, 0)}.items():
        for number, score in enumerate(scores, start=1):
            everyone[name].review(question(number).id, score)
    anna.refresh()
    found = agreement(anna.state, resamples=50)
    assert found.overall.n_used == 2
    assert set(found.tasks) == {"DIST", "VOLEST"}
    assert set(found.pairs) == {("Anna", "Bob"), ("Anna", "Chen"), ("Bob", "Chen")}
    assert found.pairs["Anna", "Bob"].n_left_out == 1
    assert found.reviewers["Bob"].completed == 2
    assert found.reviewers["Bob"].cannot_judge == 1
    assert found.reviewers["Anna"].distribution == {0: 0, 1: 1, 2: 1}
