"""A model over a whole benchmark: asynchronous, resumable, and every item ends in exactly one outcome.

Questions are asked case by case, so that each scan is read once.  Pictures are rendered one case ahead in a thread; how
many calls are under way at a time is the endpoint's pace, which backs off when the server says "too many".
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from napari_spatialmed import __version__
from napari_spatialmed.benchmark import State
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation.asking import FATAL, SETTINGS, ask_prompt, view_for
from napari_spatialmed.evaluation.prompts import PROMPT_VERSION, Arm, Prompt, prompt_for, rotations
from napari_spatialmed.evaluation.response import Response
from napari_spatialmed.evaluation.runfolder import RunFolder
from napari_spatialmed.evaluation.scoring import OUTCOMES, MraMode
from napari_spatialmed.evaluation.views import Layout, View
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.llm import BudgetError, Client
from napari_spatialmed.questions.model import Question

FindCase = Callable[[str], CaseGeometry]
LOST_IN_A_ROW = 8
"""So many failures to connect one after the other mean that the server is gone: the run stops and can be resumed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run asks.

    Attributes
    ----------
    layout, outlines
        The pictures.
    arms
        Every question is asked in each of them.
    settings
        Decoding settings over `asking.SETTINGS`.
    mra_mode
        How open answers are scored.
    """

    layout: Layout = "orthogonal"
    outlines: bool = False
    arms: tuple[Arm, ...] = ("normal",)
    settings: Mapping[str, Any] = field(default_factory=dict)
    mra_mode: MraMode = "exact"


@dataclass(frozen=True, slots=True)
class Item:
    """One question of the benchmark, as it stands."""

    question: Question
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands.

    Attributes
    ----------
    done, total
        Calls.
    outcomes
        Count of each outcome, in this session.
    seconds
        Since this session began.
    eta
        Seconds still to go at the speed so far; None before the first answer.
    cost, tokens
        Spent in this session.
    """

    done: int
    total: int
    outcomes: Mapping[str, int]
    seconds: float
    eta: float | None
    cost: float
    tokens: int


@dataclass(frozen=True, slots=True)
class RunSummary:
    """How a session ended.

    Attributes
    ----------
    total, asked, resumed
        Calls wanted, made now, and found done.
    outcomes
        Of this session; they sum to `asked`.
    stopped
        Empty if the run is complete, else why it isn't.
    """

    total: int
    asked: int
    resumed: int
    outcomes: Mapping[str, int]
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class _Work:
    item: Item
    arm: Arm
    rotation: int

    @property
    def id(self) -> tuple[str, str, int]:
        return self.item.question.id, self.arm, self.rotation


def select_items(state: State) -> list[Item]:
    """What a benchmark asks: its kept questions; while nothing is kept yet, those that wait for reviewers."""
    kept = [q for q in state.questions.values() if q.status == "kept"]
    chosen = kept or [q for q in state.questions.values() if q.status in ("pending", "provisional")]
    return [Item(q.question, q.revision) for q in chosen]


def items_sha256(items: Sequence[Item]) -> str:
    """Hash of what is asked: a run belongs to exactly these questions."""
    content = [
        [
            i.question.id,
            i.question.case,
            i.question.stem,
            list(i.question.options),
            i.question.answer,
            i.question.unit,
        ]
        for i in items
    ]
    return hashlib.sha256(json.dumps(sorted(content), ensure_ascii=False).encode()).hexdigest()


async def run_benchmark(
    client: Client,
    items: Sequence[Item],
    find_case: FindCase,
    folder: Path,
    plan: Plan | None = None,
    *,
    title: str = "",
    on_progress: Callable[[Progress], None] | None = None,
) -> RunSummary:
    """Ask a model every question that `folder` doesn't hold an answer to yet.

    Parameters
    ----------
    client
        Open, with its budget.
    items
        From `select_items`.
    find_case
        Case id → geometry, e.g. a `CaseSource`; called in a thread, never twice at once.
    folder
        The run's; made if it isn't there.
    plan
        How it is asked.
    title
        Of the benchmark, for the report.

    Raises
    ------
    RunError
        If the folder belongs to another run.
    ConsentError
        If the endpoint is remote and nobody agreed.

    Notes
    -----
    Cancelling the task stops at once: what is on the disk stays, calls in flight are lost and made again on resuming.
    """
    plan = plan or Plan()
    meta = describe_run(client, items, plan, title)
    fixed = ("items", "model", "layout", "outlines", "settings", "mra_mode", "prompt_version")
    target = RunFolder(folder)
    with target.begin(meta, fixed) as recorded:
        session = _Session(client, find_case, target, plan, on_progress)
        wanted = list_work(items, plan)
        todo = [work for work in wanted if work.id not in recorded.done]
        session.resumed, session.total = len(wanted) - len(todo), len(wanted)
        try:
            await session.run(todo)
        finally:
            earlier = target.meta()
            arms = sorted({*earlier.get("arms", []), *plan.arms})
            complete = not session.stopped and session.asked == len(todo)
            target.write_meta({**earlier, "arms": arms, "ended": _now(), "complete": complete})
    return RunSummary(len(wanted), session.asked, session.resumed, dict(session.outcomes), session.stopped)


def list_work(items: Sequence[Item], plan: Plan) -> list[_Work]:
    """Every call of a run, case by case."""
    by_case: dict[str, list[Item]] = {}
    for item in items:
        by_case.setdefault(item.question.case, []).append(item)
    return [
        _Work(item, arm, rotation)
        for group in by_case.values()
        for item in group
        for arm in plan.arms
        for rotation in rotations(item.question, arm)
    ]


def describe_run(client: Client, items: Sequence[Item], plan: Plan, title: str) -> dict[str, Any]:
    """What ``run.json`` says: no path, no key, no file name."""
    return {
        "format": 1,
        "software": __version__,
        "benchmark": title,
        "items": items_sha256(items),
        "n_items": len(items),
        "endpoint": client.endpoint.name,
        "base_url": client.endpoint.base_url,
        "model": client.endpoint.model,
        "layout": plan.layout,
        "outlines": plan.outlines,
        "arms": list(plan.arms),
        "settings": {**SETTINGS, **plan.settings},
        "mra_mode": plan.mra_mode,
        "prompt_version": PROMPT_VERSION,
        "started": _now(),
    }


class _Session:
    """One sitting of a run."""

    def __init__(
        self,
        client: Client,
        find_case: FindCase,
        folder: RunFolder,
        plan: Plan,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self.client, self.find_case, self.folder, self.plan = client, find_case, folder, plan
        self.on_progress = on_progress
        self.outcomes: dict[str, int] = dict.fromkeys(OUTCOMES, 0)
        self.asked = self.resumed = self.total = 0
        self.stopped = ""
        self._lost = 0
        self._started = time.monotonic()
        self._abort: SpatialMedError | None = None

    async def run(self, todo: Sequence[_Work]) -> None:
        """Render ahead and ask, until all is asked or something stops the run."""
        width = self.client.endpoint.concurrency
        queue: asyncio.Queue[tuple[_Work, Prompt | None, View | None, str] | None] = asyncio.Queue(2 * width)

        async def render() -> None:
            last: tuple[str, View] | None = None
            for work in todo:
                if self.stopped:
                    break
                question = work.item.question
                if last is not None and last[0] == question.id:
                    view, problem = last[1], ""
                elif work.arm == "blind":
                    view, problem = None, ""
                else:
                    view, problem = await asyncio.to_thread(self._render, question)
                    last = None if view is None else (question.id, view)
                prompt = None if problem else prompt_for(question, view, work.arm, rotation=work.rotation)
                await queue.put((work, prompt, view, problem))
            for _ in range(width):
                await queue.put(None)

        async def ask() -> None:
            while (job := await queue.get()) is not None:
                if not self.stopped:
                    await self._answer(*job)

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(render())
                for _ in range(width):
                    group.create_task(ask())
        except* SpatialMedError as errors:
            self._abort = errors.exceptions[0] if isinstance(errors.exceptions[0], SpatialMedError) else None
            self.stopped = str(self._abort)
        if self._abort is not None:
            raise self._abort

    def _render(self, question: Question) -> tuple[View | None, str]:
        try:
            return view_for(
                self.find_case(question.case), question, layout=self.plan.layout, outlines=self.plan.outlines
            ), ""
        except SpatialMedError as error:
            return None, f"{error.what}"

    async def _answer(self, work: _Work, prompt: Prompt | None, view: View | None, problem: str) -> None:
        if prompt is None:
            self._record(_without_picture(work, self.client, self.plan, problem))
            return
        try:
            response = await ask_prompt(
                self.client,
                prompt,
                view,
                revision=work.item.revision,
                outlines=self.plan.outlines,
                settings=self.plan.settings,
                mra_mode=self.plan.mra_mode,
            )
        except BudgetError as error:
            self.stopped = str(error)
            return
        except SpatialMedError as error:  # consent, a missing key: every further call would meet it
            self.stopped, self._abort = str(error), error
            return
        if response.error in FATAL:
            self.stopped = f"{response.error}: {response.error_message}"
            return
        self._lost = self._lost + 1 if response.error == "connection" else 0
        if self._lost >= LOST_IN_A_ROW:
            self.stopped = f"the server can't be reached any more: {response.error_message}"
        self._record(response)

    def _record(self, response: Response) -> None:
        self.folder.append(response)
        self.asked += 1
        self.outcomes[str(response.outcome)] += 1
        if self.on_progress is not None:
            seconds = time.monotonic() - self._started
            left = self.total - self.resumed - self.asked
            spent = self.client.budget.spent
            self.on_progress(
                Progress(
                    self.resumed + self.asked,
                    self.total,
                    dict(self.outcomes),
                    seconds,
                    seconds / self.asked * left if self.asked else None,
                    spent.cost,
                    spent.tokens,
                )
            )


def _without_picture(work: _Work, client: Client, plan: Plan, problem: str) -> Response:
    question = work.item.question
    return Response(
        key="",
        question=question.id,
        revision=work.item.revision,
        case=question.case,
        task=question.task,
        form=question.key.form,
        structures=question.key.structures,
        arm=work.arm,
        layout=plan.layout,
        rotation=work.rotation,
        endpoint=client.endpoint.name,
        model=client.endpoint.model,
        outcome="error",
        score=0.0,
        reason=f"no picture: {problem}",
        answer=question.answer,
        truth=question.truth,
        error="picture",
        error_message=problem,
        time=_now(),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
