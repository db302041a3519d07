"""Asking a model one question, live: render, prompt, stream, judge, record.

Runs over a whole benchmark call the same functions, so a live answer and a run's answer are the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

from napari_spatialmed.evaluation.planes import PatientAxis
from napari_spatialmed.evaluation.prompts import Arm, Prompt, cache_key, prompt_for, prompt_freely, rotations
from napari_spatialmed.evaluation.response import Response
from napari_spatialmed.evaluation.scoring import MraMode, Outcome, Score, score_answer
from napari_spatialmed.evaluation.two_scans import open_second, render_two_scans
from napari_spatialmed.evaluation.views import Layout, View, ViewError, render_view
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.llm import Client, EndpointError, Reply
from napari_spatialmed.questions import asked_axes
from napari_spatialmed.questions.model import Question

SETTINGS: Mapping[str, Any] = {"max_tokens": 1024, "temperature": 0.0, "seed": 0}

OUTCOME_OF_ERROR: Mapping[str, Outcome] = {
    "refusal": "refused",
    "empty": "empty",
    "length": "truncated",
    "timeout": "timed out",
}
"""Failures of a call that say something of the answer; every other kind is an ``error``."""
FATAL = frozenset({"auth", "not_found", "quota", "not_openai", "redirect"})
"""Kinds of failure that every further call would meet too: a run stops at them, instead of filling up with errors."""

FindCase = Callable[[str], CaseGeometry]
OnText = Callable[[str], None]


def asked_axis(question: Question) -> PatientAxis | None:
    """The patient axis that the pictures must show: the first of those a question is about, or None."""
    axes = [axis for axis in get_args(PatientAxis) if axis in asked_axes(question)]
    return axes[0] if axes else None


def view_for(
    geometry: CaseGeometry,
    question: Question,
    *,
    layout: Layout = "orthogonal",
    outlines: bool = False,
    find_case: FindCase | None = None,
) -> View:
    """The pictures a question is asked with: of its scan, or of both where it compares two.

    Parameters
    ----------
    find_case
        Case id → geometry, for the second scan.

    Raises
    ------
    ViewError
        If nothing it asks about is in the case, or the second scan is not at hand: pictures of something else would be a blind
        run (rule V4).
    """
    structures = [name for name in question.key.structures if name in geometry.case]
    if question.key.structures and not structures:
        raise ViewError(
            f"none of {', '.join(question.key.structures)} is in this case",
            hint="Open the labels the question was made from.",
        )
    axis = asked_axis(question)
    second = open_second(question, find_case)
    if second is not None:
        return render_two_scans(geometry, second, structures, layout=layout, axis=axis, outlines=outlines)
    return render_view(geometry, structures, layout=layout, axis=axis, outlines=outlines)


async def ask_question(
    client: Client,
    geometry: CaseGeometry,
    question: Question,
    *,
    layout: Layout = "orthogonal",
    arm: Arm = "normal",
    outlines: bool = False,
    rotation: int = 0,
    revision: int = 1,
    view: View | None = None,
    settings: Mapping[str, Any] | None = None,
    mra_mode: MraMode = "exact",
    on_text: OnText | None = None,
) -> Response:
    """Ask one question once.

    Parameters
    ----------
    client
        An open `llm.Client`.
    geometry
        The question's case.
    question
        From the benchmark, or built just now.
    layout, arm, outlines, rotation
        How it is shown; the arm ``circular`` is asked once for each rotation, see `ask_circular`.
    view
        The pictures, if they are already rendered (and previewed); needed for a question about two scans.
    settings
        Decoding settings over `SETTINGS`.
    on_text
        Called with each piece of text as it comes; without it the answer comes in one piece.

    Returns
    -------
    Response
        Always, also where the call failed: then its outcome says how.  Only what stops every call (consent, budget)
        is raised.

    Raises
    ------
    ConsentError, BudgetError
        Before anything was sent.
    """
    if arm != "blind" and view is None:
        view = view_for(geometry, question, layout=layout, outlines=outlines)
    prompt = prompt_for(question, view, arm, rotation=rotation)
    return await ask_prompt(
        client,
        prompt,
        view,
        revision=revision,
        outlines=outlines,
        settings=settings,
        mra_mode=mra_mode,
        on_text=on_text,
    )


async def ask_circular(
    client: Client, geometry: CaseGeometry, question: Question, **options: Any
) -> tuple[Response, ...]:
    """Ask under every rotation of the options, with the same pictures; `options` as in `ask_question`."""
    view = options.pop("view", None) or view_for(
        geometry,
        question,
        layout=options.get("layout", "orthogonal"),
        outlines=options.get("outlines", False),
    )
    return tuple(
        [
            await ask_question(
                client, geometry, question, arm="circular", rotation=turn, view=view, **options
            )
            for turn in rotations(question, "circular")
        ]
    )


async def ask_freely(
    client: Client,
    view: View,
    text: str,
    *,
    settings: Mapping[str, Any] | None = None,
    on_text: OnText | None = None,
) -> Response:
    """Ask what somebody typed; nothing is judged, everything is recorded."""
    return await ask_prompt(client, prompt_freely(text, view), view, settings=settings, on_text=on_text)


async def ask_prompt(
    client: Client,
    prompt: Prompt,
    view: View | None,
    *,
    revision: int = 1,
    outlines: bool = False,
    settings: Mapping[str, Any] | None = None,
    mra_mode: MraMode = "exact",
    on_text: OnText | None = None,
) -> Response:
    """Send one prompt and make its record."""
    decoding = {**SETTINGS, **(settings or {})}
    reply, failure = await _call(client, prompt, decoding, on_text)
    free = prompt.question.key.form == "free"
    score = None if free else judge(prompt.question, reply, failure, mra_mode)
    return Response(
        key=cache_key(prompt, client.endpoint.model, decoding),
        question="" if free else prompt.question.id,
        revision=revision,
        case=prompt.question.case,
        task="" if free else prompt.question.task,
        form=prompt.question.key.form,
        structures=prompt.question.key.structures,
        arm=prompt.arm,
        layout=view.layout if view is not None and prompt.pictures else "",
        outlines=outlines,
        rotation=prompt.rotation,
        endpoint=client.endpoint.name,
        model=reply.model or client.endpoint.model,
        system=prompt.system,
        prompt=prompt.text,
        captions=tuple(p.caption for p in prompt.pictures),
        pictures=tuple(p.sha256 for p in prompt.pictures),
        picture_bytes=sum(len(p.png) for p in prompt.pictures),
        visible=dict(view.visible) if view is not None and prompt.pictures else {},
        settings=decoding,
        text=reply.text,
        reasoning=reply.reasoning,
        finish_reason=reply.finish_reason,
        outcome=score.outcome if score else None,
        score=score.score if score else None,
        parsed=score.parsed if score else None,
        reason=score.reason if score else "",
        answer=prompt.question.answer,
        truth=prompt.question.truth,
        error=failure.kind if failure else "",
        error_message=failure.what[:500] if failure else "",
        tokens_in=reply.usage.tokens_in,
        tokens_out=reply.usage.tokens_out,
        seconds=round(reply.seconds, 3),
        cost=reply.usage.cost,
        tries=reply.tries,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def judge(
    question: Question, reply: Reply, failure: EndpointError | None, mra_mode: MraMode = "exact"
) -> Score:
    """Score a reply, or the failure that came instead of one (rule S1: each has exactly one outcome)."""
    if failure is None:
        return score_answer(question, reply.text, finish_reason=reply.finish_reason, mra_mode=mra_mode)
    if failure.kind == "length" and reply.text.strip():
        return score_answer(question, reply.text, finish_reason="length", mra_mode=mra_mode)
    return Score(
        OUTCOME_OF_ERROR.get(failure.kind, "error"), 0.0, None, f"{failure.kind}: {failure.what[:200]}"
    )


async def _call(
    client: Client, prompt: Prompt, decoding: Mapping[str, Any], on_text: OnText | None
) -> tuple[Reply, EndpointError | None]:
    try:
        if on_text is None:
            return await client.complete(prompt.messages, **decoding), None
        stream = client.stream(prompt.messages, **decoding)
        async for piece in stream:
            on_text(piece)
        return stream.reply or Reply(stream.text), None
    except EndpointError as error:
        return error.reply or Reply("", finish_reason=error.kind), error
