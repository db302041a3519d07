"""Strikes the key out of what a server says: replies and errors are shown, recorded and shared."""

from __future__ import annotations

import re
from dataclasses import replace

from pydantic import SecretStr

from napari_spatialmed.llm.errors import EndpointError
from napari_spatialmed.llm.reply import Reply


def clean(text: str, key: SecretStr | None) -> str:
    """Strike out the key wherever a server repeats it, even in part, and keep messages short."""
    text = strike(text, key)
    return re.sub(r"\b(sk|key|Bearer)[-_ ][A-Za-z0-9_*.-]{6,}", "***", text)[:500]


def strike(text: str, key: SecretStr | None) -> str:
    """Text without the key: replies are recorded and shared, and a server could repeat what it was sent."""
    secret = key.get_secret_value() if key is not None else ""
    return text.replace(secret, "***") if secret else text


def strike_reply(reply: Reply, key: SecretStr | None) -> Reply:
    """A reply without the key in anything that a server wrote."""
    text, reasoning, model = (strike(said, key) for said in (reply.text, reply.reasoning, reply.model))
    return replace(reply, text=text, reasoning=reasoning, model=model)


class StreamStriker:
    """Strikes the key out of a text that comes in pieces, also where the key is cut by a piece's end.

    Parameters
    ----------
    key
        None lets everything pass at once.
    """

    def __init__(self, key: SecretStr | None) -> None:
        self._secret = key.get_secret_value() if key is not None else ""
        self._held = ""

    def feed(self, piece: str) -> str:
        """What of the text so far can be shown: all but an end that may be the key's beginning."""
        if not self._secret:
            return piece
        self._held = (self._held + piece).replace(self._secret, "***")
        keep = next(
            (
                n
                for n in range(min(len(self._held), len(self._secret) - 1), 0, -1)
                if self._secret.startswith(self._held[-n:])
            ),
            0,
        )
        shown, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return shown

    def rest(self) -> str:
        """What was held back, once nothing more comes: it is not the whole key."""
        shown, self._held = self._held, ""
        return shown


def without_key(error: EndpointError, key: SecretStr | None) -> EndpointError:
    """The same error, with the key struck out of what a server said in a reply of status 200."""
    said = clean(error.what, key)
    if error.reply is not None:
        error.reply = strike_reply(error.reply, key)
    if said == error.what:
        return error
    return EndpointError(
        error.kind,
        said,
        where=error.where,
        hint=error.hint,
        retry_after=error.retry_after,
        reply=error.reply,
    )
