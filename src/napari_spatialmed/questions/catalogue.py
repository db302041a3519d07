"""The forms as a language model (or a person) chooses among them: what each takes and what may be chosen, never a number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import JsonValue

from napari_spatialmed.questions.forms import FORMS
from napari_spatialmed.questions.model import Task

NONE = "none"
"""Stands for a parameter that a form doesn't have, so that a schema can require every field."""


def forms_catalogue(
    tasks: Iterable[Task] | None = None, *, second_scan: bool = True
) -> list[dict[str, JsonValue]]:
    """Every form as JSON data, in the tasks' order; with `second_scan` False none that compares two scans.

    Each entry holds ``id``, ``task``, ``title``, ``description``, ``structures`` (how many, their roles and kinds),
    ``choices`` (parameter → allowed values), ``answer`` (``letter`` or ``number``), ``unit``, ``placeholders`` that an own
    stem may use, and the form's own ``phrasings``.
    """
    wanted = None if tasks is None else set(tasks)
    return [
        {
            "id": form.id,
            "task": form.task,
            "title": form.title,
            "description": form.description,
            "structures": {
                "least": form.takes.least,
                "most": form.takes.most,
                "roles": list[JsonValue](form.takes.roles),
                "kinds": [list[JsonValue](kinds) for kinds in form.takes.kinds],
            },
            "choices": {name: list(values) for name, values in form.choices.items()},
            "answer": "number" if form.option_kind == "none" else "letter",
            "unit": form.unit,
            "placeholders": list[JsonValue](form.placeholders),
            "phrasings": list[JsonValue](form.phrasings),
        }
        for form in FORMS.values()
        if (wanted is None or form.task in wanted) and (second_scan or not form.second_scan)
    ]


def proposal_schema(
    structures: Sequence[str], tasks: Iterable[Task] | None = None, *, second_scan: bool = True
) -> dict[str, JsonValue]:
    """JSON schema of one proposal, for structured output.

    Portable between servers: every field required, no references, defaults or numeric limits; a parameter that the form
    doesn't have is ``"none"``.  There is no field for a number (rule G1).
    """
    wanted = None if tasks is None else set(tasks)
    entries = [
        form
        for form in FORMS.values()
        if (wanted is None or form.task in wanted) and (second_scan or not form.second_scan)
    ]
    params: dict[str, list[JsonValue]] = {}
    for form in entries:
        for name, values in form.choices.items():
            params[name] = [*params.get(name, [NONE]), *(v for v in values if v not in params.get(name, []))]
    properties: dict[str, JsonValue] = {
        "form": {"type": "string", "enum": [form.id for form in entries]},
        "structures": {"type": "array", "items": {"type": "string", "enum": list[JsonValue](structures)}},
        **{name: {"type": "string", "enum": values} for name, values in params.items()},
        "stem": {
            "type": "string",
            "description": "The question in words, with the form's placeholders; no numbers.",
        },
        "rationale": {
            "type": "string",
            "description": "Why the question matters clinically, in one sentence.",
        },
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list[JsonValue](properties),
        "additionalProperties": False,
    }
