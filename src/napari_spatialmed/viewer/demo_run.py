"""The demo's short run of the trial model over its own benchmark, so that there is a report to look at."""

from __future__ import annotations

from pathlib import Path

from napari_spatialmed.benchmark import State
from napari_spatialmed.evaluation.runplan import Plan, RunSummary, select_items
from napari_spatialmed.evaluation.runs import evaluate_benchmark
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.llm import Client, Endpoint
from napari_spatialmed.viewer.work import Job

QUESTIONS, TOKENS = 6, 64
"""Enough to see what a report is; a whole run is the command line's."""


async def ask_some(
    job: Job, endpoint: Endpoint, state: State, geometry: CaseGeometry, folder: Path
) -> RunSummary:
    """Ask the first questions of a benchmark about one case."""
    plan = Plan(settings={"max_tokens": TOKENS})
    async with Client(endpoint) as client:
        items = select_items(state)[:QUESTIONS]
        return await evaluate_benchmark(client, items, lambda _: geometry, folder, plan, title=state.title)
