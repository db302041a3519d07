"""Structured output: a schema that every server understands, and strict reading of what comes back."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

from json_repair import repair_json
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)

_FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.S)
_DROPPED = {
    "$defs", "title", "default", "examples", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "pattern", "format", "minItems", "maxItems", "uniqueItems",
}  # fmt: skip


def portable_schema(model: type[BaseModel]) -> dict[str, Any]:
    """A pydantic model's schema in the dialect all servers share.

    References are written out, every field is required, nothing else is allowed, and there are no defaults, titles or
    limits: pydantic checks those when the reply is read.

    Raises
    ------
    ValueError
        If the model refers to itself: such a schema can't be written out.
    """
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})

    def write_out(node: Any, inside: tuple[str, ...]) -> Any:
        if isinstance(node, list):
            return [write_out(item, inside) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            name = node["$ref"].rsplit("/", 1)[-1]
            if name in inside:
                raise ValueError(f"{model.__name__} refers to itself through {name}: no portable schema")
            own = {key: value for key, value in node.items() if key != "$ref"}
            return write_out({**definitions[name], **own}, (*inside, name))
        plain: dict[str, Any] = {}
        for key, value in node.items():
            if key == "properties":
                plain[key] = {name: write_out(field, inside) for name, field in value.items()}
            elif key not in _DROPPED:
                plain[key] = write_out(value, inside)
        if plain.get("type") == "object" and "properties" in plain:
            plain["additionalProperties"] = False
            plain["required"] = list(plain["properties"])
        return plain

    result: dict[str, Any] = write_out(schema, ())
    return result


def instruction(schema: dict[str, Any]) -> str:
    """The schema in words, for servers that silently ignore ``response_format``."""
    return "Answer with one JSON object only, matching this JSON Schema:\n" + json.dumps(
        schema, ensure_ascii=False
    )


def read_model(text: str, model: type[Model]) -> Model:
    """Read a reply as an instance of a model.

    Parameters
    ----------
    text
        JSON; or JSON inside a code fence or prose, with single quotes or trailing commas.  JSON that was cut is refused
        rather than completed.

    Raises
    ------
    ValueError
        With what is wrong, in words that a model can act on.
    """
    fenced = _FENCE.search(text)
    candidate = fenced.group(1) if fenced else text
    start = candidate.find("{")
    if start < 0:
        raise ValueError("there is no JSON object in the reply")
    candidate = candidate[start:]
    try:
        data, _ = json.JSONDecoder().raw_decode(candidate)
    except (ValueError, RecursionError):
        if candidate.count("{") > candidate.count("}"):
            raise ValueError("the JSON object is cut off") from None
        try:
            data = json.loads(repair_json(candidate))
        except RecursionError:
            raise ValueError("the JSON object holds lists in lists without end") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ValueError(explain(error)) from None


def explain(error: ValidationError) -> str:
    """A validation error as one line per field."""
    lines = []
    for problem in error.errors(include_url=False)[:8]:
        field = ".".join(str(part) for part in problem["loc"]) or "the object"
        lines.append(f"{field}: {problem['msg'].removeprefix('Value error, ')}")
    return "; ".join(lines)
