"""Which of two structures is larger by volume, or whether they are equal within a printed tolerance."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, zip_longest
from typing import ClassVar

from pydantic import JsonValue

from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.questions.askable import askable
from napari_spatialmed.questions.form import (
    Candidate,
    Demands,
    Evaluation,
    Others,
    Relation,
    Takes,
    number_of,
)
from napari_spatialmed.questions.kinds.choice import WordForm, either_way
from napari_spatialmed.questions.model import AnswerKey
from napari_spatialmed.questions.usual import Usual

TOLERANCE_PERCENT = 10
_LEAST_FROM_TOLERANCE = 2.0
"""Percentage points that the difference keeps from the tolerance; ours."""
_LIKELY_FACTOR = 3.0


@dataclass(frozen=True, kw_only=True)
class PairComparison(WordForm):
    """Larger, smaller or approximately equal; the difference is taken relative to the larger volume."""

    own_rules: ClassVar[tuple[str, ...]] = ("U2",)

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        names = tuple(askable(geometry, whole=True))
        volumes = {name: number_of(measure(geometry, "volume_ml", name)) for name in names}
        kinds: dict[str, list[Candidate]] = {"larger": [], "smaller": [], "equal": []}
        for pair in combinations(names, 2):
            first, second = either_way(pair, geometry.case.id)
            a, b = volumes[first], volumes[second]
            difference = 100.0 * (a - b) / max(a, b)
            alike = max(a, b) <= _LIKELY_FACTOR * min(a, b)
            if alike and abs(abs(difference) - TOLERANCE_PERCENT) >= _LEAST_FROM_TOLERANCE:
                equal = abs(difference) < TOLERANCE_PERCENT
                kind = "equal" if equal else "larger" if difference > 0 else "smaller"
                kinds[kind].append(Candidate((first, second)))
        # By turns, so that whoever takes the first few gets all three answers alike.
        for turn in zip_longest(*kinds.values()):
            yield from (candidate for candidate in turn if candidate is not None)

    def settle(
        self,
        geometry: CaseGeometry,
        structures: tuple[str, ...],
        params: dict[str, JsonValue],
        rng: random.Random,
        others: Others,
    ) -> dict[str, JsonValue]:
        return params | {"tolerance": TOLERANCE_PERCENT}

    def demands(self, key: AnswerKey) -> Demands:
        return Demands(whole=key.structures)

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        first, second = (measure(geometry, "volume_ml", name) for name in key.structures)
        a, b = number_of(first), number_of(second)
        difference = 100.0 * (a - b) / max(a, b)
        doubt = 100.0 * ((first.uncertainty or 0.0) + (second.uncertainty or 0.0)) / max(a, b)
        if abs(difference) <= tolerance_of(key):
            truth = "equal"
        else:
            truth = "larger" if difference > 0 else "smaller"
        return Evaluation(truth, "%", doubt, (first.to_dict(), second.to_dict()), {"difference": difference})

    def fragile(self, key: AnswerKey, found: Evaluation) -> str | None:
        difference = abs(found.values["difference"])
        least = max(2.0 * (found.uncertainty or 0.0), _LEAST_FROM_TOLERANCE)
        if abs(difference - tolerance_of(key)) < least:
            return f"The volumes differ by {difference:.1f} %, too close to the tolerance of {tolerance_of(key):g} %."
        return None

    def how_usual(
        self, key: AnswerKey, found: Evaluation, options: Sequence[str], usual: Sequence[Usual]
    ) -> tuple[float, ...]:
        least = 1.0 - tolerance_of(key) / 100.0  # of the ratio, for equal; its inverse is the most
        larger, equal = (usual[0].share(*ends) for ends in ((1.0 / least, math.inf), (least, 1.0 / least)))
        return larger, 1.0 - larger - equal, equal

    def words(self, key: AnswerKey) -> dict[str, str]:
        return {
            "larger": "larger",
            "smaller": "smaller",
            "equal": f"approximately equal (within {tolerance_of(key):g} %)",
        }

    def relations(self, key: AnswerKey, truth: JsonValue) -> tuple[Relation, ...]:
        first, second = key.structures
        word = str(truth)
        if first > second:
            first, second = second, first
            word = {"larger": "smaller", "smaller": "larger"}.get(word, word)
        return (Relation("volume", (first, second), word),)


def tolerance_of(key: AnswerKey) -> float:
    """The tolerance printed in the question, in percent of the larger volume."""
    found = key.params.get("tolerance")
    return float(found) if isinstance(found, int | float) else float(TOLERANCE_PERCENT)


FORM = PairComparison(
    id="comp.pair",
    task="COMP",
    title="Comparison of two volumes",
    description="Whether the first structure is larger, smaller or approximately equal to the second by volume.",
    phrasings=(
        "By volume, how does {a} compare with {b}?",
        "Compare the volume of {a} with that of {b}: which statement is right?",
        "Relative to {b}, how large is {a} by volume?",
    ),
    compared_with=1,
    takes=Takes(2, 2, ("structure", "compared with")),
    unit="%",
    lesions="total",
)
