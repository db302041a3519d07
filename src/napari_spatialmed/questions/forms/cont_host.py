"""In which structure a lesion lies."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pydantic import JsonValue

from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.questions.askable import askable, check_host, passes
from napari_spatialmed.questions.form import Candidate, Demands, Takes, UndecidableError
from napari_spatialmed.questions.kinds.choice import WhichForm
from napari_spatialmed.questions.kinds.nearness import neighbours
from napari_spatialmed.questions.model import AnswerKey

_HOSTS = ("organ", "region", "tissue", "vessel", "bone", "other")


@dataclass(frozen=True, kw_only=True)
class HostOrgan(WhichForm):
    """By the shares of the shell around the lesion (rule U4)."""

    own_rules: ClassVar[tuple[str, ...]] = ("U4",)

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        names = tuple(askable(geometry, kinds=_HOSTS))
        for lesion in askable(geometry, kinds=("lesion",), one_piece=True):
            if not passes(check_host, geometry, lesion):
                continue
            host = check_host(geometry, lesion)
            rivals = [name for name in neighbours(geometry, lesion, names) if name != host]
            if host in names and len(rivals) >= 3:
                rng = random.Random(f"{geometry.case.id}|{self.id}|{lesion}")
                chosen = [host, *rng.sample(rivals[:6], 3)]
                rng.shuffle(chosen)
                yield Candidate((lesion, *chosen))

    def demands(self, key: AnswerKey) -> Demands:
        return Demands(hosted=key.structures[:1], one_piece=key.structures[:1])

    def scores(
        self, key: AnswerKey, geometry: CaseGeometry
    ) -> tuple[dict[str, tuple[float, float]], tuple[dict[str, JsonValue], ...]]:
        lesion, *asked = key.structures
        host = check_host(geometry, lesion)
        if host not in asked:
            lies, inside = (geometry.case[name].title for name in (lesion, host))
            raise UndecidableError("U4", f"The {lies} lies in the {inside}, which is no option.")
        found = measure(geometry, "host", lesion)
        shares = found.detail["shares"]
        return {name: (float(shares.get(name, 0.0)), 0.0) for name in asked}, (found.to_dict(),)


FORM = HostOrgan(
    id="cont.host",
    task="CONT",
    title="Host organ",
    description="Which of three to five structures a lesion lies in.",
    phrasings=(
        "In which of these structures does {a} lie?",
        "Which structure is the host of {a}: {choice}?",
        "Of {list}, which contains {a}?",
    ),
    takes=Takes(4, 6, ("reference", "option", "option", "option"), (("lesion",), _HOSTS)),
    unit="ratio",
)
