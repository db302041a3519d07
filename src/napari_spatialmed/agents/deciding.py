"""One idea's way through the team: build the question, let the validators and the blind panel judge it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

from napari_spatialmed.agents.panel import MEMBER, Panel
from napari_spatialmed.agents.proposal import Idea, Message, Proposal
from napari_spatialmed.agents.usual_values import Key, usual_numbers
from napari_spatialmed.agents.validator import Validator
from napari_spatialmed.benchmark.funnel import stage_of
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

    def rejected(
        question: Question | None, verdicts: Sequence[Verdict], rule: str, reason: str, member: str = ""
    ) -> Proposal:
        held = None if question is None else _with_provenance(question, messages)
        stage, told = stage_of(rule, member), tuple(messages)
        return Proposal(idea, held, tuple(verdicts), "rejected", stage, rule, reason, told, case)

    if idea.problem:
        return rejected(None, (), idea.rule, idea.problem)
    try:
        question = build_from(idea, geometry, others, known)
    except UndecidableError as error:
        return rejected(None, (), error.rule, error.reason)
    except SpatialMedError as error:
        return rejected(None, (), "", str(error))
    verdicts: list[Verdict] = []
    for validator in validators:
        tell("member", validator.name, question.stem)
        verdicts += await validator.judge(question, geometry)
        stopped = _first_failure(verdicts)
        if stopped is not None:
            return rejected(question, verdicts, stopped.rule, stopped.reason, stopped.member)
    tell("member", MEMBER, question.stem)
    verdict, said = await panel.judge(question, geometry.case)
    verdicts.append(verdict)
    messages += said
    if not verdict.passed:
        return rejected(question, verdicts, verdict.rule, verdict.reason, verdict.member)
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


def _with_provenance(question: Question, messages: Sequence[Message]) -> Question:
    """Keep every message with the question."""
    kept = [message.to_dict() for message in messages]
    return question.model_copy(update={"provenance": {**question.provenance, "messages": kept}})
