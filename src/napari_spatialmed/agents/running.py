"""Where many cases are worked on: this machine's processes, a Dask cluster, or one event loop that waits for models."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context

from napari_spatialmed.agents.building import Built, Finish, Job, Runner, open_job, work_on
from napari_spatialmed.agents.calls import CallJournal
from napari_spatialmed.agents.models import ModelTeam
from napari_spatialmed.agents.team import TeamError, propose_async, run_async
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.llm import Budget

SCHEDULER_TIMEOUT = "20s"
"""How long a Dask scheduler may take to answer."""
ATTEMPTS = 3
"""How often a case is tried whose worker died."""
_DIED = Built(error="its worker process died (out of memory?)")


def on_processes(workers: int) -> Runner:
    """The offline team in worker processes; one that dies is replaced and its cases are tried again."""

    def run(jobs: Sequence[Job], finish: Finish) -> None:
        left = list(jobs)
        deaths = [0] * len(left)
        while left:
            # A broken pool doesn't say whose fault it was: all are tried again, and after that one by one.
            alone = max(deaths) > 1
            batch = left[:1] if alone else left
            # spawn: a forked child may inherit locks that other threads held
            pool = ProcessPoolExecutor(
                1 if alone else workers, mp_context=get_context("spawn"), initializer=_end_quietly
            )
            again = []
            try:
                running: dict[Future[Built], int] = {
                    pool.submit(work_on, job): place for place, job in enumerate(batch)
                }
                for future in as_completed(list(running)):
                    place = running.pop(future)  # and with it the result, of which there may be thousands
                    try:
                        finish(batch[place], future.result())
                    except BrokenProcessPool:
                        deaths[place] += 1
                        if deaths[place] < ATTEMPTS:
                            again.append(place)
                        else:
                            finish(batch[place], _DIED)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
            rest = [*sorted(again), *range(len(batch), len(left))]
            left, deaths = [left[i] for i in rest], [deaths[i] for i in rest]

    return run


def on_cluster(address: str) -> Runner:
    """The offline team on a Dask cluster, which does again elsewhere what a lost worker was doing.

    Raises
    ------
    TeamError
        If Dask isn't installed or no scheduler answers.
    """
    try:
        import distributed
    except ImportError:
        raise TeamError(
            "Dask is not installed", hint="Install it with: pip install 'napari-spatialmed[cluster]'."
        ) from None
    try:
        distributed.Client(address, timeout=SCHEDULER_TIMEOUT).close()
    except (OSError, ValueError) as error:
        raise TeamError(
            f"no Dask scheduler answers: {error}", where=address, hint="Start one with `dask scheduler`."
        ) from None

    def run(jobs: Sequence[Job], finish: Finish) -> None:
        with distributed.Client(address, timeout=SCHEDULER_TIMEOUT) as client:
            running = {client.submit(work_on, job, pure=False, retries=0): job for job in jobs}
            for future in distributed.as_completed(list(running)):
                job, failure = running.pop(future), future.exception()
                finish(job, future.result() if failure is None else Built(error=_told(failure)))

    return run


def with_models(team: ModelTeam, at_a_time: int) -> Runner:
    """A team with models, several cases at a time in one event loop.

    In one loop, so that each endpoint's bound on calls at a time, the budget and the journal of paid calls hold for all
    cases together.  When the budget or a server ends it, no further case is begun.
    """

    async def all_of(jobs: Sequence[Job], finish: Finish) -> None:
        shared = replace(
            team,
            journal=team.journal if isinstance(team.journal, CallJournal) else CallJournal(team.journal),
            budget=team.budget or Budget(),
            retriever=team.retriever or team.choose_retriever(),
        )
        waiting = list(reversed(jobs))

        async def work() -> None:
            while waiting:
                job = waiting.pop()
                built = await _work_with_models(job, shared)
                if built.halted:
                    waiting.clear()
                finish(job, built)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(at_a_time, len(jobs))):
                group.create_task(work())

    def run(jobs: Sequence[Job], finish: Finish) -> None:
        run_async(all_of(jobs, finish))

    return run


async def _work_with_models(job: Job, team: ModelTeam) -> Built:
    if job.only_measure:
        return await asyncio.to_thread(work_on, job)
    try:
        opened = await asyncio.to_thread(open_job, job)
        members = replace(team, data_set=opened.geometry.case.id, settings=job.settings, seed=job.seed)
        result = await members.run(
            propose_async,
            opened.geometry,
            count=job.count,
            seed=job.seed,
            tasks=job.tasks,
            settings=job.settings,
            others=opened.others,
            known=job.known,
        )
        return Built(opened.records, result, result.stopped if result.halted else "", result.halted)
    except (SpatialMedError, OSError, MemoryError) as error:
        return Built(error=str(error) or type(error).__name__)


def _end_quietly() -> None:
    """On Ctrl-C a worker just ends: its case is built when the command is given again."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _told(problem: BaseException) -> str:
    if type(problem).__name__ == "KilledWorker":
        return _DIED.error
    return str(problem) if isinstance(problem, SpatialMedError) else f"{type(problem).__name__}: {problem}"
