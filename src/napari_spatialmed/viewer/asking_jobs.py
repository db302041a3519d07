"""What the Ask dock does off the GUI thread: render what would be sent, and ask one model or several."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from napari_spatialmed.case import CaseLibrary
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation import (
    Arm,
    Layout,
    Response,
    View,
    ask_freely,
    ask_question,
    render_view,
    view_for,
)
from napari_spatialmed.evaluation.casesource import CaseSource
from napari_spatialmed.evaluation.prompts import rotations
from napari_spatialmed.evaluation.two_scans import data_set_of
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.llm import Client, Endpoint, EndpointError
from napari_spatialmed.llm.errors import ADVICE
from napari_spatialmed.questions import Question
from napari_spatialmed.viewer.work import Job


def render_pictures(
    job: Job,
    geometry: CaseGeometry,
    question: Question | None,
    selection: tuple[str, ...],
    layout: Layout,
    outlines: bool,
) -> View:
    """The pictures for a question, or of what is selected; a second scan is found among those opened before."""
    if question is None:
        return render_view(geometry, selection, layout=layout, outlines=outlines)
    find = CaseSource(opened=[geometry], library=CaseLibrary())
    return view_for(geometry, question, layout=layout, outlines=outlines, find_case=find)


async def ask_models(
    job: Job,
    endpoints: Sequence[Endpoint],
    geometry: CaseGeometry,
    question: Question | str,
    revision: int,
    view: View,
    arm: Arm,
    outlines: bool,
) -> None:
    """Ask every model, all at a time.

    The first one's words arrive as parts (``str``), and each answer as soon as it is whole (``Response``), so that a cancelled
    job loses only what is under way.

    Raises
    ------
    SpatialMedError
        What stopped a model from being asked at all, once the others are done.
    """
    found = None if isinstance(question, str) else question
    data_set = data_set_of(found, geometry.case.id)

    async def ask(endpoint: Endpoint) -> None:
        on_text = job.part if endpoint is endpoints[0] else _ignore
        async with Client(endpoint, data_set=data_set) as client:
            if found is None:
                job.part(await ask_freely(client, view, str(question), on_text=on_text))
                return
            for turn in rotations(found, arm):
                answered = await ask_question(
                    client,
                    geometry,
                    found,
                    layout=view.layout,
                    arm=arm,
                    outlines=outlines,
                    rotation=turn,
                    revision=revision,
                    view=view,
                    on_text=on_text,
                )
                job.part(answered)

    results = await asyncio.gather(*(ask(endpoint) for endpoint in endpoints), return_exceptions=True)
    problems = [result for result in results if isinstance(result, BaseException)]
    unexpected = [problem for problem in problems if not isinstance(problem, SpatialMedError)]
    for problem in unexpected or problems:
        raise problem


def failure_of(response: Response) -> EndpointError | None:
    """Why a model gave no answer, with what to do next; None where it gave one, even one that can't be read."""
    kind = next((kind for kind in ADVICE if kind == response.error), None)
    if kind is None or response.outcome not in (None, "error"):
        return None
    return EndpointError(kind, response.error_message or kind, where=response.endpoint)


def _ignore(_piece: str) -> None:
    """Words of a model that isn't the one shown."""
