"""Which of several structures lies most superior, inferior, anterior, …"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pydantic import JsonValue

from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.questions.askable import DIRECTION_MARGIN_MM, askable, tells_direction
from napari_spatialmed.questions.form import Candidate, Demands, Evaluation, Takes
from napari_spatialmed.questions.kinds.choice import WhichForm, drawn
from napari_spatialmed.questions.model import AnswerKey
from napari_spatialmed.questions.naming import AXES, AXIS_OF

_OPTIONS = 4
_PLACE = {"RL": 0, "AP": 1, "SI": 2}


@dataclass(frozen=True, kw_only=True)
class MostTowards(WhichForm):
    """The winner's centre must lead along the axis by rule U1's 5 mm."""

    own_rules: ClassVar[tuple[str, ...]] = ("U1", "U2")

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        everything = tuple(askable(geometry, whole=True, one_piece=True))
        for axis, pair in AXES.items():
            names = [name for name in everything if not tells_direction(geometry, (name,), axis)]
            for towards in pair:
                for first in names if len(names) >= _OPTIONS else ():
                    rng = random.Random(f"{geometry.case.id}|{towards}|{first}")
                    chosen = drawn(names, _OPTIONS, rng, keep=first)
                    if not tells_direction(geometry, chosen, axis):
                        yield Candidate(chosen, {"towards": towards})

    def demands(self, key: AnswerKey) -> Demands:
        return Demands(whole=key.structures, one_piece=key.structures)

    def least_wins(self, key: AnswerKey) -> bool:
        towards = str(key.params["towards"])
        return AXES[AXIS_OF[towards]][1] == towards

    def scores(
        self, key: AnswerKey, geometry: CaseGeometry
    ) -> tuple[dict[str, tuple[float, float]], tuple[dict[str, JsonValue], ...]]:
        place = _PLACE[AXIS_OF[str(key.params["towards"])]]
        found = {name: measure(geometry, "centroid_ras_mm", name) for name in key.structures}
        scores = {
            name: (float(m.value[place]), m.uncertainty or 0.0)
            for name, m in found.items()
            if isinstance(m.value, list)
        }
        return scores, tuple(m.to_dict() for m in found.values())

    def fragile(self, key: AnswerKey, found: Evaluation) -> str | None:
        first, second = sorted(found.values.values(), reverse=not self.least_wins(key))[:2]
        if abs(first - second) < DIRECTION_MARGIN_MM:
            return f"The two foremost centres are only {abs(first - second):.1f} mm apart along the axis."
        return None

    def axes(self, key: AnswerKey) -> tuple[str, ...]:
        return (AXIS_OF[str(key.params["towards"])],)

    def hinting_axes(self, key: AnswerKey) -> tuple[str, ...]:
        return self.axes(key)


FORM = MostTowards(
    id="dir.most",
    task="DIR",
    title="Most superior, inferior, …",
    description="Which of three to five structures has its centre most towards one of the patient's directions.",
    phrasings=(
        "Which of these structures has its centre farthest {towards}?",
        "Of {list}, which has its centre farthest {towards}?",
        "Compare the centres of {list}: which lies farthest {towards}?",
    ),
    takes=Takes(3, 5, ("structure", "structure", "structure", "structure")),
    unit="mm",
    choices={"towards": ("right", "left", "anterior", "posterior", "superior", "inferior")},
)
