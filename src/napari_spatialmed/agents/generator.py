"""The offline generator: picks structures and forms that make clinical sense, the same for a seed; no model, no network."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from napari_spatialmed.agents.passages import Retriever
from napari_spatialmed.agents.proposal import Idea, Message, Signature
from napari_spatialmed.agents.relevance import LEAST, reason_for, weight, weight_for
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import FORMS, Candidate, Form, Others, Task

_MOST_CANDIDATES = 4000
"""Candidates looked at per form; a case with a hundred structures has more pairs than anyone will ask about."""


@dataclass
class Wanted:
    """What the team wants next, and what it has already.

    Attributes
    ----------
    task
        The task whose quota is least filled.
    taken
        Signatures of all proposals so far, to avoid near-duplicates.
    uses
        Structure → how many accepted questions name it.
    most_uses
        Quota per structure.
    """

    task: Task
    taken: set[Signature] = field(default_factory=set)
    uses: Counter[str] = field(default_factory=Counter)
    most_uses: int = 1_000_000

    def allows(self, idea: Idea) -> bool:
        """Whether an idea is new and within the structures' quotas."""
        return idea.signature not in self.taken and all(
            self.uses[name] < self.most_uses for name in idea.structures
        )


class Generator(Protocol):
    """Puts ideas forward."""

    name: str

    async def propose(self, geometry: CaseGeometry, wanted: Wanted) -> Idea | None:
        """The next idea of the wanted task, or None if there is none left."""
        ...


class OfflineGenerator:
    """Draws from all candidates of a task's forms, clinically weighty ones sooner.

    Each form's candidates are ordered once by weighted random sampling without replacement (Efraimidis and Spirakis 2006,
    10.1016/j.ipl.2005.11.003); forms of a task take turns.

    Parameters
    ----------
    seed
        Same case, same seed: same ideas in the same order.
    retriever
        Where the passages kept with an idea come from; None for none.
    others
        Other scans of the same patient, for questions that compare two.
    """

    name = "offline generator"

    def __init__(
        self, seed: int = 0, retriever: Retriever | None = None, others: Others | None = None
    ) -> None:
        self.seed = seed
        self.retriever = retriever
        self.others = others or {}
        self._queues: dict[tuple[str, Task], list[Iterator[Idea]]] = {}

    async def propose(self, geometry: CaseGeometry, wanted: Wanted) -> Idea | None:
        """The next idea that is new and within quotas."""
        place = (geometry.case.id, wanted.task)
        if place not in self._queues:
            self._queues[place] = [
                self._ideas(geometry, form) for form in FORMS.values() if form.task == wanted.task
            ]
        queues = self._queues[place]
        while queues:
            queue = queues.pop(0)
            for idea in queue:
                if wanted.allows(idea):
                    queues.append(queue)
                    return await self._with_passages(idea, geometry)
        return None

    def _ideas(self, geometry: CaseGeometry, form: Form) -> Iterator[Idea]:
        case = geometry.case
        if sum(weight(structure) >= LEAST for structure in case) < form.takes.least:
            return  # nothing to weigh: spare the measurements of structures that nobody will ask about
        rng = random.Random(f"{self.seed}|{case.id}|{form.id}")
        drawn = []
        candidates = itertools.chain(form.across(geometry, self.others), form.candidates(geometry))
        for candidate in itertools.islice(candidates, _MOST_CANDIDATES):
            worth = weight_for(form.id, [case[name] for name in candidate.structures])
            if worth >= LEAST:
                # sharpened, so that lesions and great organs come first but not alone
                drawn.append((math.log(rng.random()) / worth**3, candidate))
        drawn.sort(key=lambda item: -item[0])
        for number, (_, candidate) in enumerate(drawn):
            yield self._idea(form, candidate, geometry, number)

    def _idea(self, form: Form, candidate: Candidate, geometry: CaseGeometry, number: int) -> Idea:
        structures = [geometry.case[name] for name in candidate.structures]
        return Idea(
            task=form.task,
            form=form.id,
            structures=candidate.structures,
            params=dict(candidate.params),
            rationale=reason_for(form.task, structures),
            seed=self.seed * 100_003 + number,
            by=self.name,
        )

    async def _with_passages(self, idea: Idea, geometry: CaseGeometry) -> Idea:
        if self.retriever is None:
            return idea
        found = await self.retriever.search(
            query_for(idea.task, [geometry.case[n].title for n in idea.structures]), 2
        )
        if not found:
            return idea
        text = "\n".join(f"{p.id}: {p.text} [{p.source}]" for p in found)
        message = Message(self.retriever.name, "passages", text, {"ids": [p.id for p in found]})
        return replace(idea, messages=(*idea.messages, message))


_SUBJECTS: dict[str, str] = {
    "DIR": "spatial relations",
    "DIST": "spatial relations distance",
    "EXT": "extent diameter",
    "VOL": "typical volume",
    "COMP": "typical volume",
    "VOLEST": "typical volume",
    "COUNT": "lesions",
    "CONT": "contact encasement vessel",
    "MARG": "contact resectability vessel",
    "SHAPE": "shape",
}


def query_for(task: str, titles: Sequence[str]) -> str:
    """What to look for on these structures: volumes, relations or measurement conventions."""
    return f"{' '.join(titles)} {_SUBJECTS.get(task, 'measurement conventions')}"
