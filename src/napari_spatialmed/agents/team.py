"""The team at work: ideas become questions, the validator and the blind panel judge them, quotas are filled.

Deterministic for a seed while all members are offline; with models it runs several proposals at a time within a budget,
and can be cancelled or resumed.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from napari_spatialmed.agents.answerers import offline_panel
from napari_spatialmed.agents.deciding import decide
from napari_spatialmed.agents.generator import Generator, OfflineGenerator, Wanted
from napari_spatialmed.agents.panel import Panel, PanelRule
from napari_spatialmed.agents.passages import Retriever
from napari_spatialmed.agents.proposal import Progress, Proposal, ProposalResult, Signature, funnel_of
from napari_spatialmed.agents.relevance import weight
from napari_spatialmed.agents.retriever import CorpusRetriever
from napari_spatialmed.agents.usual_values import Key
from napari_spatialmed.agents.validator import ClinicalRules, Validator
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.llm import BudgetError, ConsentError, EndpointError
from napari_spatialmed.questions import FORMS, PAPER_TASKS, TASKS, Others, Task
from napari_spatialmed.questions.usual import Usual

T = TypeVar("T")

_LOOK_EVERY = 0.1
"""Seconds between looks at whether a run was cancelled while a model thinks."""


class TeamError(SpatialMedError):
    """A team that can't work as asked."""


@dataclass(frozen=True, slots=True)
class TeamSettings:
    """How the team works.

    Attributes
    ----------
    per_structure
        Most accepted questions that name one structure; None for a third of all, at least 3.
    panel_rule, permutations
        As in `Panel`.
    most_tries
        Proposals looked at for each one wanted, before giving up.
    concurrency
        Proposals worked on at a time; 1 offline.
    """

    per_structure: int | None = None
    panel_rule: PanelRule = "majority"
    permutations: int = 3
    most_tries: int = 18
    concurrency: int = 1


@dataclass
class _Run:
    """What has happened so far."""

    quotas: dict[Task, int]
    wanted: int
    uses: Counter[str] = field(default_factory=Counter)
    taken: set[Signature] = field(default_factory=set)
    accepted: Counter[str] = field(default_factory=Counter)
    under_way: Counter[str] = field(default_factory=Counter)
    proposals: list[Proposal] = field(default_factory=list)
    exhausted: set[Task] = field(default_factory=set)

    def next_task(self) -> Task | None:
        """The task whose quota is least filled; exhausted tasks leave their share to the others."""
        open_tasks = [task for task in self.quotas if task not in self.exhausted]
        missing = self.wanted - sum(self.accepted.values()) - sum(self.under_way.values())
        if not open_tasks or missing <= 0:
            return None
        return min(
            open_tasks,
            key=lambda task: (
                (self.accepted[task] + self.under_way[task]) / self.quotas[task],
                list(self.quotas).index(task),
            ),
        )


async def propose_async(
    geometry: CaseGeometry,
    *,
    count: int,
    seed: int = 0,
    tasks: Sequence[Task] | None = None,
    settings: TeamSettings | None = None,
    retriever: Retriever | None = None,
    generator: Generator | None = None,
    validators: Sequence[Validator] | None = None,
    panel: Panel | None = None,
    taken: Iterable[Signature] = (),
    others: Others | None = None,
    known: Mapping[Key, Usual] | None = None,
    on_event: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ProposalResult:
    """Let the team propose questions about one case.

    Parameters
    ----------
    count
        How many accepted questions are wanted; fewer come if the case has no more to ask.
    seed
        Same case and seed, same questions (offline).
    tasks
        Which tasks, in equal shares; the paper's six if not given.
    retriever, generator, validators, panel
        The members; each has an offline default that needs no model.
    taken
        Signatures of what was proposed before and shall not be proposed again.
    others
        Other scans of the same patient by case id, for questions that compare two scans.
    known
        What numbers usually are in other patients, as `usual_values.Collection` gives it.
    on_event
        Told after every decision, in this thread.
    cancelled
        Asked between proposals; True ends the run with what there is.

    Raises
    ------
    TeamError
        If the count or a task makes no sense.
    """
    settings = settings or TeamSettings()
    retriever = retriever or CorpusRetriever()
    generator = generator or OfflineGenerator(seed, retriever, others)
    validators = [ClinicalRules(others)] if validators is None else list(validators)
    panel = panel or Panel(
        offline_panel(), rule=settings.panel_rule, permutations=settings.permutations, seed=seed
    )
    run = _Run(_quotas(count, tasks), count)
    run.taken.update(taken)
    most_uses = settings.per_structure or max(3, math.ceil(count / 3))
    stopped, halted = "", False

    def tell(kind: Any, member: str, text: str, proposal: Proposal | None = None) -> None:
        if on_event is not None:
            on_event(Progress(kind, member, text, sum(run.accepted.values()), count, proposal))

    async def work(task: Task) -> Proposal | None:
        tell("member", generator.name, f"looks for a question of task {task}")
        idea = await generator.propose(geometry, Wanted(task, run.taken, run.uses, most_uses))
        if idea is None:
            run.exhausted.add(task)
            return None
        run.taken.add(idea.signature)
        return await decide(idea, geometry, validators, panel, tell, others, known)

    while len(run.proposals) < count * settings.most_tries:
        if cancelled is not None and cancelled():
            stopped, halted = "cancelled", True
            break
        batch: list[Task] = []
        while len(batch) < settings.concurrency and (task := run.next_task()) is not None:
            batch.append(task)
            run.under_way[task] += 1
        if not batch:
            break
        outcomes = await _unless_cancelled([asyncio.ensure_future(work(task)) for task in batch], cancelled)
        run.under_way.clear()
        for outcome in outcomes:
            if isinstance(outcome, BudgetError | ConsentError | EndpointError):
                stopped, halted = str(outcome), True
            elif isinstance(outcome, BaseException):
                raise outcome
            elif outcome is not None:
                _take(run, outcome)
                tell("proposal", "team", outcome.reason or outcome.state, outcome)
        if stopped:
            break
        await asyncio.sleep(0)
    found = sum(run.accepted.values())
    if found < count and not stopped:
        if not any(weight(structure) for structure in geometry.case):
            stopped = "no structure has a name that a question could use: give a names table"
        elif not run.proposals:
            stopped = f"nothing in this case fits {', '.join(run.quotas)}"
        elif run.next_task() is None:
            stopped = "there is nothing left to ask"
        else:
            stopped = "too many proposals were turned down"
    if stopped:
        tell("stopped", "team", stopped)
    return ProposalResult(tuple(run.proposals), funnel_of(run.proposals), count, stopped, halted)


async def _unless_cancelled(
    tasks: Sequence[asyncio.Future[Proposal | None]], cancelled: Callable[[], bool] | None
) -> list[Proposal | BaseException | None]:
    """The outcomes of all that ended; on a cancel those still under way (a slow model) are dropped at once."""
    waiting = set(tasks)
    while waiting:
        _, waiting = await asyncio.wait(waiting, timeout=None if cancelled is None else _LOOK_EVERY)
        if waiting and cancelled is not None and cancelled():
            for task in waiting:
                task.cancel()
            await asyncio.wait(waiting)
            break
    return [task.exception() or task.result() for task in tasks if not task.cancelled()]


def propose(geometry: CaseGeometry, **arguments: Any) -> ProposalResult:
    """As `propose_async`, for programs without an event loop; safe to call from a worker thread."""
    return run_async(propose_async(geometry, **arguments))


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, in a thread of its own where this one already runs an event loop (a notebook)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def _take(run: _Run, proposal: Proposal) -> None:
    run.proposals.append(proposal)
    if proposal.state == "accepted":
        run.accepted[proposal.task] += 1
        run.uses.update(proposal.idea.structures)


def _quotas(count: int, tasks: Sequence[Task] | None) -> dict[Task, int]:
    """An equal share for each task that has forms, the first ones getting the remainder."""
    if count < 1:
        raise TeamError(f"{count} questions can't be proposed", hint="Ask for at least 1.")
    chosen: list[Any] = list(dict.fromkeys(tasks or PAPER_TASKS))
    for task in chosen:
        if task not in TASKS:
            raise TeamError(f"there is no task {task!r}", hint=f"There are: {', '.join(TASKS)}.")
    with_forms = [task for task in chosen if any(form.task == task for form in FORMS.values())]
    share, rest = divmod(count, len(with_forms))
    return {task: max(1, share + (place < rest)) for place, task in enumerate(with_forms)}
