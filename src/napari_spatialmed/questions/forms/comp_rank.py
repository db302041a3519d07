"""The order of three to five structures by volume."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations
from typing import ClassVar

from pydantic import JsonValue

from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.questions.askable import askable
from napari_spatialmed.questions.form import (
    Candidate,
    Choices,
    Demands,
    Evaluation,
    Form,
    OptionKind,
    Others,
    Relation,
    Takes,
    number_of,
    structure_named,
    title_of,
)
from napari_spatialmed.questions.model import AnswerKey
from napari_spatialmed.questions.usual import Usual, winners

LEAST_STEP = 1.15
"""Neighbours in the order differ at least by this factor; ours."""
_OPTIONS = 4


@dataclass(frozen=True, kw_only=True)
class Ranking(Form):
    """Four orders, one of them right; the wrong ones are drawn from all other orders."""

    option_kind: ClassVar[OptionKind] = "order"
    own_rules: ClassVar[tuple[str, ...]] = ("U2",)

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        names = tuple(askable(geometry, whole=True))
        volumes = {name: number_of(measure(geometry, "volume_ml", name)) for name in names}
        by_size = sorted(names, key=lambda name: -volumes[name])
        for size in (3, 4):
            for start in range(len(by_size) - size + 1):
                chain = [by_size[start]]
                for name in by_size[start + 1 :]:
                    if len(chain) < size and volumes[chain[-1]] >= LEAST_STEP * volumes[name]:
                        chain.append(name)
                if len(chain) == size:
                    random.Random(f"{geometry.case.id}|{chain}").shuffle(chain)
                    yield Candidate(tuple(chain))

    def demands(self, key: AnswerKey) -> Demands:
        return Demands(whole=key.structures)

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        found = {name: measure(geometry, "volume_ml", name) for name in key.structures}
        volumes = {name: number_of(m) for name, m in found.items()}
        order = sorted(volumes, key=lambda name: -volumes[name])
        doubt = max(m.uncertainty or 0.0 for m in found.values())
        return Evaluation(
            list[JsonValue](order), "mL", doubt, tuple(m.to_dict() for m in found.values()), volumes
        )

    def fragile(self, key: AnswerKey, found: Evaluation) -> str | None:
        doubt = 2.0 * (found.uncertainty or 0.0)
        ordered = sorted(found.values.items(), key=lambda item: -item[1])
        for (larger, a), (smaller, b) in pairwise(ordered):
            if a < LEAST_STEP * b or a - b <= doubt:
                return f"The {title_of(key, larger)} ({a:.0f} mL) and the {title_of(key, smaller)} ({b:.0f} mL) are too close to rank."
        return None

    def contrary_words(self, key: AnswerKey) -> tuple[str, ...]:
        return ("smallest first", "from smallest", "from the smallest")

    def offer(self, key: AnswerKey, found: Evaluation, rng: random.Random) -> Choices:
        right = tuple(sorted(key.structures, key=lambda name: -found.values[name]))
        wrong = [order for order in permutations(sorted(key.structures)) if order != right]
        orders = [right, *rng.sample(wrong, _OPTIONS - 1)]
        return Choices(tuple(" > ".join(title_of(key, name) for name in order) for order in orders), 0)

    def how_usual(
        self, key: AnswerKey, found: Evaluation, options: Sequence[str], usual: Sequence[Usual]
    ) -> tuple[float, ...]:
        volumes = dict(zip(key.structures, usual, strict=True))
        orders = [self.states(key, option) or [] for option in options]
        return tuple(
            math.prod(winners([volumes[a], volumes[b]])[0] for a, b in pairwise(order)) for order in orders
        )

    def states(self, key: AnswerKey, option: str) -> list[str] | None:
        names = [structure_named(key, part, key.structures) for part in option.split(">")]
        return [name for name in names if name] if all(names) else None

    def relations(self, key: AnswerKey, truth: JsonValue) -> tuple[Relation, ...]:
        order = [str(name) for name in truth] if isinstance(truth, list) else []
        found = []
        for place, larger in enumerate(order):
            for smaller in order[place + 1 :]:
                first, second = sorted((larger, smaller))
                found.append(Relation("volume", (first, second), "larger" if larger == first else "smaller"))
        return tuple(found)


FORM = Ranking(
    id="comp.rank",
    task="COMP",
    title="Ranking by volume",
    description="The order of three to five structures by volume, largest first.",
    phrasings=(
        "Rank {list} by volume, largest first.",
        "Which order of {list} by volume is right, from largest to smallest?",
        "Put {list} in order of volume, from largest to smallest: which order is right?",
    ),
    takes=Takes(3, 5, ("structure", "structure", "structure")),
    unit="mL",
    lesions="total",
)
