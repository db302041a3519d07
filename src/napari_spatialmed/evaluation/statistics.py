"""How sure a score is: intervals by bootstrap over patients, paired differences by sign flips, Holm's correction (S5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 2000
SMALLEST_STRATUM = 30
"""Fewer items than this and a stratum is marked "n too small"."""


def chance_adjusted(scores: Floats, chances: Floats) -> float | None:
    """(ΣX − Σ1/nᵢ) / (N − Σ1/nᵢ): 0 for a guesser, 1 for perfection; None without items."""
    expected = float(chances.sum())
    room = len(scores) - expected
    return None if room <= 0 else float((scores.sum() - expected) / room)


def patient_weights(patients: int, *, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """How often each patient is drawn in each resample, shape (resamples, patients)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(patients, np.full(patients, 1.0 / patients), size=resamples).astype(np.float64)


def resampled_means(sums: Floats, counts: Floats, weights: Floats) -> Floats:
    """Means of a score in every resample.

    Parameters
    ----------
    sums
        Sum of the scores per patient, shape (patients, …).
    counts
        Items per patient, of a shape that broadcasts to the sums'.
    weights
        From `patient_weights`.

    Returns
    -------
    Shape (resamples, …); NaN where a resample holds no item.
    """
    patients = sums.shape[0]
    total = (weights @ sums.reshape(patients, -1)).reshape(-1, *sums.shape[1:])
    n = (weights @ counts.reshape(patients, -1)).reshape(-1, *counts.shape[1:])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(n > 0, total / n, np.nan))


def interval(samples: Floats, level: float = 0.95) -> tuple[float, float] | None:
    """Percentile interval of one statistic's resamples; None if there is nothing to resample."""
    kept = samples[np.isfinite(samples)]
    if kept.size < 2:
        return None
    tail = 50 * (1 - level)
    low, high = np.percentile(kept, [tail, 100 - tail])
    return float(low), float(high)


def bootstrap_interval(
    scores: Floats, patients: NDArray[np.int64], *, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float] | None:
    """95 % interval of a mean, resampling whole patients.

    Parameters
    ----------
    scores
        One per item.
    patients
        Each item's patient as an integer from 0.

    Returns
    -------
    None with fewer than two patients: then nothing says how patients vary.
    """
    _, patients = np.unique(patients, return_inverse=True)
    count = int(patients.max()) + 1 if len(patients) else 0
    if count < 2:
        return None
    sums = np.asarray(np.bincount(patients, scores, count), np.float64)
    counts = np.asarray(np.bincount(patients, minlength=count)).astype(np.float64)
    return interval(resampled_means(sums, counts, patient_weights(count, resamples=resamples, seed=seed)))


def sign_flip_p(differences: Floats, *, flips: int = RESAMPLES, seed: int = 0) -> Floats:
    """Two-sided p of paired differences being 0, flipping the sign of whole patients.

    Parameters
    ----------
    differences
        Each patient's contribution to the difference of two models, shape (patients, comparisons): the statistic is
        their sum.

    Returns
    -------
    One p per comparison, never below 1 / (flips + 1).
    """
    rng = np.random.default_rng(seed)
    signs = rng.choice(np.array([-1.0, 1.0]), size=(flips, differences.shape[0]))
    observed = np.abs(differences.sum(axis=0))
    more = (np.abs(signs @ differences) >= observed - 1e-12).sum(axis=0)
    return np.asarray((more + 1) / (flips + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction; the order is kept (Holm, Scand. J. Statist. 1979)."""
    count = len(p_values)
    adjusted = [0.0] * count
    running = 0.0
    for rank, index in enumerate(sorted(range(count), key=lambda i: p_values[i])):
        running = max(running, min(1.0, (count - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted
