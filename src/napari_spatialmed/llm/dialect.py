"""How a server differs from the protocol, learned from its complaints and remembered per (base URL, model)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from napari_spatialmed.llm.endpoint import Endpoint
from napari_spatialmed.llm.messages import Message
from napari_spatialmed.llm.schema import instruction

LADDER = ("json_schema", "json_object+schema", "json_object", "prompt")
"""Ways to ask for structured output, the best first; the last works everywhere."""

_FORMAT = re.compile(r"response_format|json_schema|json_object|structured|schema|grammar|guided")
_UNKNOWN = re.compile(
    r"(?:unknown name|unsupported (?:parameter|value)|unrecognized request argument(?: supplied)?"
    r"|extra inputs are not permitted|unexpected keyword argument|unknown (?:parameter|field))\W+(\w+)"
)


@dataclass(slots=True)
class Dialect:
    """What one model on one server accepts.

    Attributes
    ----------
    rung
        Index into `LADDER`.
    token_limit
        ``max_tokens`` or ``max_completion_tokens``.
    dropped
        Parameters the server doesn't know.
    merge_system
        Whether the system message goes into the user's turn.
    """

    rung: int = 0
    token_limit: str = "max_tokens"
    dropped: set[str] = field(default_factory=set)
    merge_system: bool = False

    def request(
        self,
        messages: Sequence[Message],
        parameters: dict[str, Any],
        schema: dict[str, Any] | None,
        title: str,
    ) -> dict[str, Any]:
        """The body of a call in this dialect.

        Parameters
        ----------
        parameters
            With ``max_tokens``; values of None are left out.
        schema, title
            Of the structured reply, or None for free text.
        """
        body = {
            (self.token_limit if key == "max_tokens" else key): value
            for key, value in parameters.items()
            if value is not None and key not in self.dropped
        }
        turns = [dict(message) for message in messages]
        if schema is not None:
            turns[-1] = _with_text(turns[-1], instruction(schema))
            mode = LADDER[self.rung]
            if mode == "json_schema":
                body["response_format"] = {
                    "type": "json_schema",
                    "json_schema": {"name": title, "strict": True, "schema": schema},
                }
            elif mode == "json_object+schema":
                body["response_format"] = {"type": "json_object", "schema": schema}
            elif mode == "json_object":
                body["response_format"] = {"type": "json_object"}
        body["messages"] = _merged(turns) if self.merge_system else turns
        return body

    def adapt(self, complaint: str, body: dict[str, Any]) -> bool:
        """Change what a server complained about.

        Returns
        -------
        bool
            Whether something changed, so that the call is worth repeating.
        """
        said = complaint.casefold()
        if "max_completion_tokens" in said:
            other = "max_tokens" if "max_completion_tokens" in body else "max_completion_tokens"
            if other != self.token_limit:
                self.token_limit = other
                return True
        if "response_format" in body and self.rung < len(LADDER) - 1 and _FORMAT.search(said):
            self.rung += 1
            return True
        unknown = _UNKNOWN.search(said)
        if (
            unknown
            and unknown.group(1) in body
            and unknown.group(1) not in ("messages", "model", "response_format")
        ):
            self.dropped.add(unknown.group(1))
            return True
        if (
            not self.merge_system
            and any(message["role"] == "system" for message in body["messages"])
            and re.search(r"system.{0,20}(role|message|not supported)|roles must alternate", said)
        ):
            self.merge_system = True
            return True
        return False


_known: dict[tuple[str, str], Dialect] = {}


def dialect_of(endpoint: Endpoint) -> Dialect:
    """What was learned of this endpoint since the program started."""
    return _known.setdefault((endpoint.base_url, endpoint.model), Dialect())


def _with_text(message: Message, text: str) -> Message:
    content = message["content"]
    if isinstance(content, str):
        return {**message, "content": f"{content}\n\n{text}"}
    return {**message, "content": [*content, {"type": "text", "text": text}]}


def _merged(messages: list[Message]) -> list[Message]:
    """Put system messages in front of the first user's turn."""
    told = "\n\n".join(str(message["content"]) for message in messages if message["role"] == "system")
    turns = [message for message in messages if message["role"] != "system"]
    if not turns or not told:
        return turns
    content = turns[0]["content"]
    first: Any = (
        f"{told}\n\n{content}" if isinstance(content, str) else [{"type": "text", "text": told}, *content]
    )
    return [{**turns[0], "content": first}, *turns[1:]]
