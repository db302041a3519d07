"""A language model as generator: it chooses form, structures and wording, and says why; it may not state a number.

What it gets wrong comes back to it once as a precise error; if it is still wrong, the proposal is rejected with the reason.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

from napari_spatialmed.agents.calls import Asked
from napari_spatialmed.agents.generator import Wanted, query_for
from napari_spatialmed.agents.passages import Retriever, plain, quoted
from napari_spatialmed.agents.prompts import prompt
from napari_spatialmed.agents.proposal import Idea, Message
from napari_spatialmed.agents.relevance import LEAST, weight
from napari_spatialmed.agents.stopping import FATAL
from napari_spatialmed.case import Structure
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.llm import EndpointError, assistant_message, system_message, user_message
from napari_spatialmed.llm import Message as LLMMessage
from napari_spatialmed.questions import (
    FORMS,
    RULES,
    Others,
    Task,
    UndecidableError,
    build_question,
    check_text,
    failed,
    forms_catalogue,
    proposal_schema,
)
from napari_spatialmed.questions.catalogue import NONE
from napari_spatialmed.questions.naming import nameable

_MOST_STRUCTURES = 40
_MOST_PAIRS = 12
_MOST_TAKEN = 40
_MOST_FAILURES = 5


class _Draft(BaseModel):
    """What the model sends; the parameters of all forms are further fields."""

    model_config = ConfigDict(extra="allow")

    form: str
    structures: list[str]
    stem: str = ""
    rationale: str = ""


class LLMGenerator:
    """Asks a model for one idea at a time, of the task that the quotas want next.

    Parameters
    ----------
    asked
        The model.
    retriever
        Passages for the prompt.
    others
        Other scans of the same patient, for questions that compare two.
    """

    name = "generator"

    def __init__(self, asked: Asked, retriever: Retriever, others: Others | None = None) -> None:
        self._asked = asked
        self._retriever = retriever
        self._others = others or {}
        self._failures: dict[Task, int] = {}

    async def propose(self, geometry: CaseGeometry, wanted: Wanted) -> Idea | None:
        """The model's next idea; None once it fails too often for this task."""
        if self._failures.get(wanted.task, 0) >= _MOST_FAILURES:
            return None
        structures = listed_structures(geometry)
        if not structures:
            return None
        titles = [s.title for s in structures[:6]]
        passages = await self._retriever.search(query_for(wanted.task, titles), 4)
        messages = [
            Message(self._retriever.name, "passages", quoted(passages), {"ids": [p.id for p in passages]})
        ]
        compares = bool(self._others)
        turns = [
            system_message(prompt("generator")),
            user_message(_task_text(geometry, structures, wanted, quoted(passages), compares)),
        ]
        schema: dict[str, Any] = proposal_schema(
            [s.name for s in structures], [wanted.task], second_scan=compares
        )
        # a new seed for every idea; the same again after a crash, so that the journal knows it
        turn = self._asked.seed + len(wanted.taken) + self._failures.get(wanted.task, 0)
        problem, rule, draft = "", "", None
        for attempt in range(2):
            try:
                draft, said = await self._asked.structured(turns, _Draft, schema, seed=turn)
            except EndpointError as error:
                if error.kind in FATAL:
                    raise
                problem, rule = f"the model gave no usable answer: {error.what}", ""
                if error.reply is not None:
                    messages.append(
                        Message(
                            self.name, "reply", error.reply.text, {"finish_reason": error.reply.finish_reason}
                        )
                    )
                messages.append(Message(self.name, "error", problem))
                break
            messages += said
            problem, rule = _problem(draft, geometry, wanted, self._others)
            if not problem:
                break
            messages.append(Message(self.name, "error", problem))
            if attempt == 0:
                turns += [
                    assistant_message(draft.model_dump_json()),
                    user_message(f"That can't be used: {problem}\nSend a corrected object."),
                ]
        self._failures[wanted.task] = self._failures.get(wanted.task, 0) + 1 if problem else 0
        return self._idea(wanted.task, draft, problem, rule, messages)

    def _idea(
        self, task: Task, draft: _Draft | None, problem: str, rule: str, messages: list[Message]
    ) -> Idea:
        if draft is None:
            return Idea(task, "", (), by=self.name, messages=tuple(messages), problem=problem)
        return Idea(
            task=task,
            form=plain(draft.form, 60),
            structures=tuple(plain(name, 60) for name in draft.structures[:8]),
            params=_params(draft),
            stem=plain(draft.stem),
            rationale=plain(draft.rationale, 300),
            seed=self._asked.seed,
            by=f"{self.name} ({self._asked.client.endpoint.model})",
            messages=tuple(messages),
            problem=problem,
            rule=rule,
        )


def listed_structures(geometry: CaseGeometry) -> list[Structure]:
    """What the model may ask about: names that can stand in a sentence, the weightiest first."""
    fitting = [
        s for s in geometry.case.structures if nameable(s.title) and nameable(s.name) and weight(s) >= LEAST
    ]
    return sorted(fitting, key=lambda s: (-weight(s), s.label))[:_MOST_STRUCTURES]


def generator_messages(geometry: CaseGeometry, task: Task) -> list[LLMMessage]:
    """What the first call for a task sends: for the preview before consent; passages come where they are retrieved."""
    text = _task_text(geometry, listed_structures(geometry), Wanted(task), passages="")
    return [system_message(prompt("generator")), user_message(text)]


def _task_text(
    geometry: CaseGeometry,
    structures: Sequence[Structure],
    wanted: Wanted,
    passages: str,
    second_scan: bool = False,
) -> str:
    """The data of one call: forms of the task, facts, passages, what was proposed before."""
    forms = [
        {k: entry[k] for k in ("id", "description", "structures", "choices", "placeholders")}
        for entry in forms_catalogue([wanted.task], second_scan=second_scan)
    ]
    taken = [f"{form}: {', '.join(names)}" for form, names, _ in sorted(wanted.taken)][-_MOST_TAKEN:]
    full = [name for name, uses in wanted.uses.items() if uses >= wanted.most_uses]
    return "\n\n".join(
        [
            f"Propose one question of task {wanted.task} about this {geometry.case.modality} scan.",
            "FORMS\n" + "\n".join(json.dumps(form, ensure_ascii=True) for form in forms),
            "STRUCTURES (millimetres and millilitres, for your choice only)\n"
            + "\n".join(_facts(geometry, structures)),
            "PAIRS (distance of centres in mm)\n" + "\n".join(_pairs(geometry, structures)),
            "PASSAGES\n" + passages,
            "TAKEN (don't repeat)\n" + "\n".join(json.dumps(plain(line)) for line in taken),
            "Don't use any more: " + json.dumps(full),
        ]
    )


def _facts(geometry: CaseGeometry, structures: Sequence[Structure]) -> list[str]:
    lines = []
    for structure in structures:
        volume, extent = (measure(geometry, name, structure.name) for name in ("volume_ml", "extent_mm"))
        fact: dict[str, Any] = {"name": structure.name, "kind": structure.kind}
        if isinstance(volume.value, int | float):
            fact["ml"] = float(f"{volume.value:.3g}")
        if isinstance(extent.value, dict):
            fact["mm"] = {axis: round(float(length)) for axis, length in extent.value.items()}
        if "truncated" in volume.flags:
            fact["cut by the scan's border"] = True
        lines.append(json.dumps(fact, ensure_ascii=True))
    return lines


def _pairs(geometry: CaseGeometry, structures: Sequence[Structure]) -> list[str]:
    """Distances of the weightiest pairs."""
    lines: list[str] = []
    for first, second in itertools.islice(itertools.combinations(structures, 2), _MOST_PAIRS):
        found = measure(geometry, "centre_distance_mm", first.name, second.name)
        if isinstance(found.value, int | float):
            lines.append(json.dumps([first.name, second.name, round(float(found.value))]))
    return lines


def _problem(draft: _Draft, geometry: CaseGeometry, wanted: Wanted, others: Others) -> tuple[str, str]:
    """What is wrong with a draft, in a sentence the model can act on, and by which rule; empty if nothing is."""
    form = FORMS.get(draft.form)
    if form is None or form.task != wanted.task:
        return f"there is no form {plain(draft.form, 60)!r} of task {wanted.task}", ""
    unknown = [name for name in draft.structures if name not in geometry.case]
    if unknown:
        return f"unknown structures: {', '.join(plain(name, 60) for name in unknown[:5])}", ""
    idea = Idea(wanted.task, form.id, tuple(draft.structures), _params(draft))
    if not wanted.allows(idea):
        return "the same was proposed before, or one of these structures is used up: choose others", ""
    try:
        question = build_question(
            geometry,
            form.id,
            draft.structures,
            params=_params(draft),
            stem=plain(draft.stem) or None,
            others=others,
        )
    except SpatialMedError as error:
        return plain(str(error), 400), error.rule if isinstance(error, UndecidableError) else ""
    # of the rules that look at the scan only U5: whether the stem names structures that the key knows nothing of
    broken = failed([*check_text(question), *RULES["U5"].check(question, geometry, others=others)])
    said = dict.fromkeys(f"{v.reason} (rule {v.rule})" for v in broken)
    return plain(" ".join(said), 400), broken[0].rule if broken else ""


def _params(draft: _Draft) -> Mapping[str, JsonValue]:
    """The parameters that belong to the form."""
    form = FORMS.get(draft.form)
    extra = draft.model_extra or {}
    return {} if form is None else {k: extra[k] for k in form.choices if extra.get(k, NONE) != NONE}
