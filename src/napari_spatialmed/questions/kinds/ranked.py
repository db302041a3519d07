"""Which of several structures has the greatest or smallest value of one calculator."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pydantic import JsonValue

from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.questions.askable import askable
from napari_spatialmed.questions.form import (
    Candidate,
    Demands,
    Evaluation,
    UndecidableError,
    number_of,
    title_of,
)
from napari_spatialmed.questions.kinds.choice import WhichForm, drawn
from napari_spatialmed.questions.model import AnswerKey

OPTIONS = 4


@dataclass(frozen=True, kw_only=True)
class RankedForm(WhichForm):
    """The winner must lead by `lead`, in the calculator's unit; whole structures in one piece only.

    ``words`` maps the choice ``which`` to whether the smallest value wins.
    """

    calculator: str
    lead: float
    words: tuple[tuple[str, bool], ...]

    own_rules: ClassVar[tuple[str, ...]] = ("U2",)

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        names = tuple(askable(geometry, whole=True, one_piece=True))
        values = {name: number_of(measure(geometry, self.calculator, name)) for name in names}
        for word, least in self.words:
            for winner in names:
                rivals = [n for n in names if (values[n] - values[winner]) * (1 if least else -1) > self.lead]
                if len(rivals) >= OPTIONS - 1:
                    rng = random.Random(f"{geometry.case.id}|{self.id}|{word}|{winner}")
                    yield Candidate(drawn((winner, *rivals), OPTIONS, rng, keep=winner), {"which": word})

    def demands(self, key: AnswerKey) -> Demands:
        return Demands(whole=key.structures, one_piece=key.structures)

    def least_wins(self, key: AnswerKey) -> bool:
        return dict(self.words)[str(key.params["which"])]

    def contrary_words(self, key: AnswerKey) -> tuple[str, ...]:
        return tuple(word for word, _ in self.words if word != key.params["which"])

    def scores(
        self, key: AnswerKey, geometry: CaseGeometry
    ) -> tuple[dict[str, tuple[float, float]], tuple[dict[str, JsonValue], ...]]:
        found = {name: measure(geometry, self.calculator, name) for name in key.structures}
        if any(m.value is None for m in found.values()):
            raise UndecidableError("U6", f"{self.title} can't be measured on all of {', '.join(found)}.")
        scores = {name: (number_of(m), m.uncertainty or 0.0) for name, m in found.items()}
        return scores, tuple(m.to_dict() for m in found.values())

    def fragile(self, key: AnswerKey, found: Evaluation) -> str | None:
        first, second = sorted(found.values, key=found.values.__getitem__, reverse=not self.least_wins(key))[
            :2
        ]
        if abs(found.values[first] - found.values[second]) < self.lead:
            return f"The {title_of(key, first)} and the {title_of(key, second)} are too alike in {self.title.lower()}."
        return super().fragile(key, found)
