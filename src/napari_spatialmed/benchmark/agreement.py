"""How far the reviewers agree (rule H3): Krippendorff's α for ordinal scores, with an interval and all that was left out.

Only reviews on the present text count; "cannot judge" is a missing value, never a score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.benchmark.events import Score

if TYPE_CHECKING:
    from napari_spatialmed.benchmark.question_state import QuestionState
    from napari_spatialmed.benchmark.state import State

SCORES: tuple[Score, ...] = (0, 1, 2)
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Alpha:
    """Agreement on one set of questions.

    Attributes
    ----------
    value
        Krippendorff's α, ordinal; None where it is undefined (`why` says why).
    low, high
        95 % percentile interval over questions drawn anew; None where undefined.
    raw
        Share of pairs of scores on one question that are equal; None without pairs.
    n_used, n_left_out
        Questions with at least two scores, and the others.
    n_scores
        Scores on the questions used.
    why
        Empty, or why there is no value.
    """

    value: float | None
    low: float | None
    high: float | None
    raw: float | None
    n_used: int
    n_left_out: int
    n_scores: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Workload:
    """One reviewer's part: what waits for them, and what they did (on the present texts)."""

    assigned: int
    completed: int
    cannot_judge: int
    stale: int
    distribution: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement overall, by task and by pair of reviewers, with each reviewer's scores."""

    overall: Alpha
    tasks: Mapping[str, Alpha]
    pairs: Mapping[tuple[str, str], Alpha]
    reviewers: Mapping[str, Workload]

    def to_dict(self) -> dict[str, Any]:
        """As JSON data; a pair's key is ``A × B``."""
        return {
            "overall": asdict(self.overall),
            "tasks": {task: asdict(alpha) for task, alpha in self.tasks.items()},
            "pairs": {f"{a} × {b}": asdict(alpha) for (a, b), alpha in self.pairs.items()},
            "reviewers": {
                name: asdict(work) | {"distribution": {str(k): v for k, v in work.distribution.items()}}
                for name, work in self.reviewers.items()
            },
        }


def agreement(state: State, *, resamples: int = RESAMPLES, seed: int = 0) -> Agreement:
    """Agreement of everybody who reviewed questions of a benchmark.

    Parameters
    ----------
    resamples
        Bootstrap draws for each interval.
    seed
        The interval is the same for the same scores.
    """
    questions = [q for q in state.questions.values() if q.status != "rejected"]
    tables = {
        q.id: {name: r.score for name, r in q.reviews.items() if r.score is not None} for q in questions
    }
    reviewers = sorted({r.reviewer for q in questions for r in q.all_reviews()})

    def alpha_of(chosen: Iterable[QuestionState], names: Sequence[str] | None = None) -> Alpha:
        rows = [_counts(tables[q.id], names) for q in chosen]
        return krippendorff_alpha(
            np.array(rows, np.int64).reshape(-1, len(SCORES)), resamples=resamples, seed=seed
        )

    tasks: dict[str, list[QuestionState]] = {}
    for q in questions:
        tasks.setdefault(q.question.task, []).append(q)
    return Agreement(
        alpha_of(questions),
        {task: alpha_of(chosen) for task, chosen in sorted(tasks.items())},
        {(a, b): alpha_of(questions, (a, b)) for a, b in combinations(reviewers, 2)},
        {name: _workload(name, questions) for name in reviewers},
    )


def _counts(scores: Mapping[str, Score], names: Sequence[str] | None) -> list[int]:
    given = [score for name, score in scores.items() if names is None or name in names]
    return [given.count(score) for score in SCORES]


def _workload(name: str, questions: Sequence[QuestionState]) -> Workload:
    own = [q.reviews[name] for q in questions if name in q.reviews]
    scores = [r.score for r in own if r.score is not None]
    return Workload(
        assigned=len(questions),
        completed=len(own),
        cannot_judge=len(own) - len(scores),
        stale=sum(name in q.stale_reviews for q in questions),
        distribution={score: scores.count(score) for score in SCORES},
    )


def krippendorff_alpha(counts: NDArray[np.int64], *, resamples: int = RESAMPLES, seed: int = 0) -> Alpha:
    """Krippendorff's α for ordinal data, with a percentile bootstrap over questions.

    Parameters
    ----------
    counts
        Shape (questions, values): how many reviewers gave each value.

    Notes
    -----
    K. Krippendorff, *Computing Krippendorff's Alpha-Reliability* (2011), section E: α = 1 − D_o / D_e from the coincidence
    matrix, with the ordinal metric δ²(c, k) = (Σ_{g=c..k} n_g − (n_c + n_k) / 2)².
    """
    used = counts[counts.sum(axis=1) >= 2]
    left_out = len(counts) - len(used)
    scores = int(used.sum())
    if len(used) == 0:
        return Alpha(None, None, None, None, 0, left_out, 0, "no question has two scores")
    sizes = used.sum(axis=1)
    pairs = float((sizes * (sizes - 1)).sum())
    raw = float((used * (used - 1)).sum()) / pairs
    coincidences = _coincidences(used)
    value = _alpha(coincidences.sum(axis=0))
    if value is None:
        why = "all scores are equal, so there is nothing to agree on beyond chance"
        return Alpha(None, None, None, raw, len(used), left_out, scores, why)
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(resamples):
        again = _alpha(coincidences[rng.integers(0, len(used), len(used))].sum(axis=0))
        if again is not None:
            drawn.append(again)
    low, high = (
        (float(x) for x in np.percentile(drawn, (2.5, 97.5))) if len(used) > 1 and drawn else (None, None)
    )
    why = "" if len(used) > 1 else "one question gives no interval"
    return Alpha(value, low, high, raw, len(used), left_out, scores, why)


def _coincidences(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each question's coincidence matrix, shape (questions, values, values)."""
    held = counts.astype(np.float64)
    products = held[:, :, None] * held[:, None, :]
    products -= held[:, :, None] * np.eye(held.shape[1])
    shares: NDArray[np.float64] = products / (held.sum(axis=1) - 1.0)[:, None, None]
    return shares


def _alpha(coincidences: NDArray[np.float64]) -> float | None:
    totals = coincidences.sum(axis=0)
    number = float(totals.sum())
    if np.count_nonzero(totals > 1e-9) < 2:
        return None
    below = np.cumsum(totals)
    place = np.arange(len(totals))
    # Σ of n_g from the lower to the higher value: the difference of the cumulated totals and the lower's own.
    between = np.abs(below[:, None] - below[None, :]) + totals[np.minimum.outer(place, place)]
    metric = (between - (totals[:, None] + totals[None, :]) / 2.0) ** 2
    observed = float((coincidences * metric).sum())
    expected = float((np.outer(totals, totals) * metric).sum()) / (number - 1.0)
    return 1.0 - observed / expected
