"""What can go wrong with a model's endpoint, as a short list of kinds, each with its advice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from napari_spatialmed.errors import SpatialMedError

if TYPE_CHECKING:
    from napari_spatialmed.llm.reply import Reply

ErrorKind = Literal[
    "auth",
    "not_found",
    "rate_limit",
    "quota",
    "timeout",
    "connection",
    "context",
    "image",
    "refusal",
    "length",
    "empty",
    "garbled",
    "schema",
    "server",
    "bad_request",
    "not_openai",
    "provider",
    "redirect",
]

ADVICE: dict[ErrorKind, str] = {
    "auth": "Check the key: `spatialmed endpoint key NAME` stores a new one in the system's keyring. An environment variable that the endpoint names comes first.",
    "not_found": "Check the model's name and the base URL; `spatialmed endpoint test NAME` lists what the server offers.",
    "rate_limit": "The server asks to slow down: try again later, or lower the endpoint's concurrency.",
    "quota": "The account has no credit left: look at the provider's billing page.",
    "timeout": "The server took too long: raise the endpoint's time-out or try again.",
    "connection": "Is the server running, and is the base URL right?",
    "context": "The prompt is too long for this model: show fewer pictures or slices.",
    "image": "This model takes no pictures (or not so many): choose another model, or a layout with one picture.",
    "refusal": "The model declined to answer.",
    "length": "The reply was cut off: allow more tokens for it.",
    "empty": "The model sent nothing: try again.",
    "garbled": "The reply couldn't be read: try again.",
    "schema": "The model doesn't keep to the asked form: choose a stronger one.",
    "server": "The server failed: look at its log, or try again.",
    "bad_request": "The server didn't accept the request: its message says why.",
    "not_openai": "This address doesn't speak the OpenAI protocol; does the base URL end in /v1?",
    "provider": "The provider behind this server failed: try again, or choose another.",
    "redirect": "Set the base URL to the address the server really has, if you trust it.",
}

RETRYABLE: frozenset[ErrorKind] = frozenset(
    {"rate_limit", "timeout", "connection", "empty", "garbled", "server", "provider"}
)
"""Kinds that another try may cure."""


class EndpointError(SpatialMedError):
    """A call to a model that gave no usable answer.

    Parameters
    ----------
    kind
        What went wrong; `ADVICE` has a hint for each.
    what
        The server's own message where it sent one, with the key struck out.
    where
        The endpoint's name and address.
    retry_after
        Seconds the server asked us to wait, where it said.
    reply
        What arrived before it failed (a cut text, a reply in the wrong form), for the record.
    """

    def __init__(
        self,
        kind: ErrorKind,
        what: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        retry_after: float | None = None,
        reply: Reply | None = None,
    ) -> None:
        self.kind: ErrorKind = kind
        self.retry_after = retry_after
        self.reply = reply
        super().__init__(what, where=where, hint=ADVICE[kind] if hint is None else hint)

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.kind in RETRYABLE


class NoEndpointError(EndpointError):
    """No endpoint was named and none is set up."""

    def __init__(
        self, what: str = "no model endpoint is set up", *, where: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(
            "not_found",
            what,
            where=where,
            hint=hint
            or "Add one with `spatialmed endpoint add`, set OPENAI_BASE_URL, or try `spatialmed serve-local` (no key, no network).",
        )
