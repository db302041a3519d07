"""A model over a whole benchmark: asynchronous, resumable, and every item ends in exactly one outcome.

Questions are asked case by case, so that each scan is read once.  Pictures are rendered one case ahead in a thread; how
many calls are under way at a time is the endpoint's pace, which backs off when the server says "too many".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from napari_spatialmed import __version__
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation.asking import FATAL, SETTINGS, FindCase, ask_prompt, view_for
from napari_spatialmed.evaluation.prompts import PROMPT_VERSION, Prompt, prompt_for
from napari_spatialmed.evaluation.response import Response
from napari_spatialmed.evaluation.runfolder import RunFolder
from napari_spatialmed.evaluation.runplan import (
    Item,
    Plan,
    Progress,
    RunSummary,
    Work,
    items_sha256,
    list_work,
)
from napari_spatialmed.evaluation.scoring import OUTCOMES
from napari_spatialmed.evaluation.views import View
from napari_spatialmed.llm import BudgetError, Client, require_consent
from napari_spatialmed.questions.model import Question

LOST_IN_A_ROW = 8
"""So many failures to connect one after the other mean that the server is gone: the run stops and can be resumed."""


async def evaluate_benchmark(
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
    require_consent(client.endpoint, client.data_set, allow_remote=client.allow_remote)
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

    async def run(self, todo: Sequence[Work]) -> None:
        """Render ahead and ask, until all is asked or something stops the run."""
        width = self.client.endpoint.concurrency
        queue: asyncio.Queue[tuple[Work, Prompt | None, View | None, str] | None] = asyncio.Queue(2 * width)

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
                self.find_case(question.case),
                question,
                layout=self.plan.layout,
                outlines=self.plan.outlines,
                find_case=self.find_case,
            ), ""
        except SpatialMedError as error:
            return None, f"{error.what}"

    async def _answer(self, work: Work, prompt: Prompt | None, view: View | None, problem: str) -> None:
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


def _without_picture(work: Work, client: Client, plan: Plan, problem: str) -> Response:
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
