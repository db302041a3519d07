"""Intervals, chance and corrections against values worked out elsewhere (rule S5)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from napari_spatialmed.evaluation.statistics import bootstrap_interval, chance_adjusted, holm, sign_flip_p


def test_chance_adjusted_is_nought_for_a_guesser_and_one_for_perfection():
    chances = np.array([0.25, 0.25, 0.5, 0.5])
    assert chance_adjusted(chances, chances) == pytest.approx(0)
    assert chance_adjusted(np.ones(4), chances) == pytest.approx(1)
    assert chance_adjusted(np.array([1.0, 0, 1, 0]), chances) == pytest.approx((2 - 1.5) / (4 - 1.5))
    assert chance_adjusted(np.zeros(0), np.zeros(0)) is None


def test_the_bootstrap_agrees_with_scipy_where_every_patient_has_one_item():
    rng = np.random.default_rng(1)
    scores = (rng.random(300) < 0.6).astype(float)
    ours = bootstrap_interval(scores, np.arange(300), resamples=4000)
    theirs = stats.bootstrap(
        (scores,), np.mean, n_resamples=4000, method="percentile", rng=2
    ).confidence_interval
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_items_of_one_patient_move_together():
    rng = np.random.default_rng(0)
    patients = np.repeat(np.arange(20), 15)
    scores = np.repeat((rng.random(20) < 0.5).astype(float), 15)
    low, high = bootstrap_interval(scores, patients)
    alone_low, alone_high = bootstrap_interval(scores, np.arange(300))
    assert high - low > 3 * (alone_high - alone_low), "fifteen equal answers of a patient are one observation"


def test_one_patient_gives_no_interval():
    assert bootstrap_interval(np.ones(50), np.zeros(50, np.int64)) is None


def test_sign_flips_agree_with_all_flips_counted_out():
    differences = np.array([0.3, 0.1, -0.05, 0.2, 0.15, 0.4, -0.1, 0.25])
    every = [
        abs(np.dot(signs, differences)) >= differences.sum() - 1e-12
        for signs in itertools.product((-1, 1), repeat=8)
    ]
    assert sign_flip_p(differences[:, None], flips=20_000)[0] == pytest.approx(np.mean(every), abs=0.01)


def test_equal_models_do_not_differ():
    assert sign_flip_p(np.zeros((10, 1)))[0] == 1.0


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
