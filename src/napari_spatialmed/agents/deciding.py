"""One idea's way through the team: build the question, let the validators and the blind panel judge it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

from napari_spatialmed.agents.panel import MEMBER, Panel
from napari_spatialmed.agents.proposal import Idea, Message, Proposal, stage_of
from napari_spatialmed.agents.usual_values import Key, usual_numbers
from napari_spatialmed.agents.validator import Validator
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import Others, Question, UndecidableError, Verdict, build_question
from napari_spatialmed.questions.usual import Usual


def build_from(
    idea: Idea, geometry: CaseGeometry, others: Others | None = None, known: Mapping[Key, Usual] | None = None
) -> Question:
    """The question that an idea means.

    Raises
    ------
    UndecidableError, SpatialMedError
        If the idea can't be asked of this case.
    """
    return build_question(
        geometry,
        idea.form,
        idea.structures,
        params=idea.params,
        seed=idea.seed,
        stem=idea.stem or None,
        rationale=idea.rationale,
        provenance={"proposed_by": idea.by, "seed": idea.seed},
        others=others,
        usual=functools.partial(usual_numbers, known or {}, geometry.case),
    )


async def decide(
    idea: Idea,
    geometry: CaseGeometry,
    validators: Sequence[Validator],
    panel: Panel,
    tell: Callable[..., None],
    others: Others | None = None,
    known: Mapping[Key, Usual] | None = None,
) -> Proposal:
    """Everything between an idea and its acceptance."""
    messages, case = list(idea.messages), geometry.case.id
    if idea.problem:
        return _rejected(idea, None, (), idea.rule, idea.problem, messages, case)
    try:
        question = build_from(idea, geometry, others, known)
    except UndecidableError as error:
        return _rejected(idea, None, (), error.rule, error.reason, messages, case)
    except SpatialMedError as error:
        return _rejected(idea, None, (), "", str(error), messages, case)
    verdicts: list[Verdict] = []
    for validator in validators:
        tell("member", validator.name, question.stem)
        verdicts += await validator.judge(question, geometry)
        stopped = _first_failure(verdicts)
        if stopped is not None:
            return _rejected(idea, question, tuple(verdicts), stopped.rule, stopped.reason, messages, case)
    tell("member", MEMBER, question.stem)
    verdict, said = await panel.judge(question, geometry.case)
    verdicts.append(verdict)
    messages += said
    if not verdict.passed:
        return _rejected(idea, question, tuple(verdicts), verdict.rule, verdict.reason, messages, case)
    return Proposal(
        idea,
        _with_provenance(question, messages),
        tuple(verdicts),
        "accepted",
        "waiting",
        messages=tuple(messages),
        case=case,
    )


def _first_failure(verdicts: Sequence[Verdict]) -> Verdict | None:
    failing = [verdict for verdict in verdicts if verdict.passed is not True]
    return next((v for v in failing if v.passed is False), failing[0] if failing else None)


def _rejected(
    idea: Idea,
    question: Question | None,
    verdicts: tuple[Verdict, ...],
    rule: str,
    reason: str,
    messages: Sequence[Message],
    case: str,
) -> Proposal:
    if question is not None:
        question = _with_provenance(question, messages)
    return Proposal(idea, question, verdicts, "rejected", stage_of(rule), rule, reason, tuple(messages), case)


def _with_provenance(question: Question, messages: Sequence[Message]) -> Question:
    """Keep every message with the question."""
    kept = [message.to_dict() for message in messages]
    return question.model_copy(update={"provenance": {**question.provenance, "messages": kept}})
