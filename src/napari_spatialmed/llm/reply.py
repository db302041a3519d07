"""What a model sent back, with its thinking set apart; and reading it from whatever a server calls a completion."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from napari_spatialmed.llm.endpoint import Endpoint
from napari_spatialmed.llm.errors import EndpointError

_TAGS = "think|thinking|reasoning"
_BLOCK = re.compile(rf"<({_TAGS})>(.*?)</\1>\s*", re.S | re.I)
_CLOSE = re.compile(rf"</({_TAGS})>", re.I)
_OPEN = re.compile(rf"<({_TAGS})>", re.I)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call (0 where the server didn't say) and their cost (None without a price)."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = None

    def __add__(self, other: Usage) -> Usage:
        costs = [usage.cost for usage in (self, other) if usage.cost is not None]
        return Usage(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            sum(costs) if costs else None,
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer.

    Attributes
    ----------
    text
        The answer without its thinking.
    reasoning
        The thinking, where the model showed it.
    finish_reason
        As the server said; ``stop`` for a complete reply.
    usage
        Tokens and cost, of all tries that were answered.
    model
        The model's name as the server reports it.
    seconds
        From the first request to the last byte.
    tries
        Requests made for it.
    """

    text: str
    reasoning: str = ""
    finish_reason: str = "stop"
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    seconds: float = 0.0
    tries: int = 1

    def to_dict(self) -> dict[str, Any]:
        """As JSON data, for a record."""
        return {
            "text": self.text,
            "reasoning": self.reasoning,
            "finish_reason": self.finish_reason,
            "tokens_in": self.usage.tokens_in,
            "tokens_out": self.usage.tokens_out,
            "cost": self.usage.cost,
            "model": self.model,
            "seconds": round(self.seconds, 3),
            "tries": self.tries,
        }


def whole_characters(text: str) -> str:
    """Text that a file can hold: JSON may spell half a character (``\\ud83d``), which is joined to its other half or replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def split_thinking(text: str) -> tuple[str, str]:
    """Separate a reply from its thinking.

    Parameters
    ----------
    text
        As it came: with ``<think>…</think>``, with a lone ``</think>`` (the template ate the opening), or with a
        ``<think>`` that never ends.

    Returns
    -------
    tuple of str
        The answer and the thinking.
    """
    thoughts = [match.group(2).strip() for match in _BLOCK.finditer(text)]
    rest = _BLOCK.sub("", text)
    closing = list(_CLOSE.finditer(rest))
    if closing:
        thoughts.append(rest[: closing[-1].start()].strip())
        rest = rest[closing[-1].end() :]
    opening = _OPEN.search(rest)
    if opening:
        thoughts.append(rest[opening.end() :].strip())
        rest = rest[: opening.start()]
    return rest.strip(), "\n".join(filter(None, thoughts))


def usage_of(data: Any, endpoint: Endpoint) -> Usage:
    """Tokens and cost from a completion's ``usage`` (a mapping, or None)."""
    if not isinstance(data, Mapping):
        return Usage()
    tokens_in, tokens_out = (_count(data.get(key)) for key in ("prompt_tokens", "completion_tokens"))
    cost = None
    if endpoint.price_in is not None:
        cost = (tokens_in * endpoint.price_in + tokens_out * (endpoint.price_out or 0.0)) / 1e6
    return Usage(tokens_in, tokens_out, cost)


def read_completion(data: Any, endpoint: Endpoint) -> Reply:
    """Read a chat completion strictly.

    Parameters
    ----------
    data
        The body's JSON.

    Raises
    ------
    EndpointError
        ``not_openai``, ``provider`` (an error sent with status 200), ``empty``, ``refusal`` or ``length``.
    """
    where = endpoint.place
    if not isinstance(data, Mapping):
        raise EndpointError(
            "not_openai", f"the server sent {str(data)[:80]!r} instead of a completion", where=where
        )
    if data.get("error"):
        raise EndpointError("provider", message_of(data), where=where)
    if "choices" not in data:
        raise EndpointError("not_openai", "the server's reply holds no choices", where=where)
    choices = data["choices"]
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, Mapping) else None
    if not isinstance(first, Mapping) or not isinstance(message, Mapping):
        raise EndpointError("empty", "the reply holds no message", where=where)
    return finished(
        Reply(
            text=str(message.get("content") or ""),
            reasoning=str(message.get("reasoning_content") or message.get("reasoning") or ""),
            finish_reason=str(first.get("finish_reason") or "stop"),
            usage=usage_of(data.get("usage"), endpoint),
            model=str(data.get("model") or endpoint.model),
        ),
        endpoint,
        refusal=message.get("refusal"),
    )


def finished(raw: Reply, endpoint: Endpoint, *, refusal: Any = None) -> Reply:
    """Set the thinking apart and refuse what isn't a whole answer."""
    text, thinking = split_thinking(whole_characters(raw.text))
    thoughts = (whole_characters(raw.reasoning), thinking)
    reply = replace(raw, text=text, reasoning="\n".join(filter(None, thoughts)))
    where = endpoint.place
    if refusal:
        raise EndpointError("refusal", f"the model refused: {str(refusal)[:300]}", where=where, reply=reply)
    if reply.finish_reason == "content_filter":
        raise EndpointError(
            "refusal", "the server's content filter stopped the reply", where=where, reply=reply
        )
    if reply.finish_reason == "length":
        spent = " (all of it spent on thinking)" if not text and reply.reasoning else ""
        raise EndpointError(
            "length", f"the reply was cut at the token limit{spent}", where=where, reply=reply
        )
    if not text:
        raise EndpointError("empty", f"the reply is empty ({reply.finish_reason})", where=where, reply=reply)
    return reply


def message_of(body: Any) -> str:
    """The words in an error body, whichever way a server wraps them."""
    if isinstance(body, list) and body:
        body = body[0]
    if isinstance(body, Mapping) and body.get("error"):
        body = body["error"]
    if isinstance(body, Mapping):
        said = body.get("message") or body.get("detail") or body.get("code") or dict(body)
        kind = body.get("type") or body.get("code") or ""
        return f"{said} [{kind}]" if kind and str(kind) not in str(said) else str(said)
    return str(body)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
