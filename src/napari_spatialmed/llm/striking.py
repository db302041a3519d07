"""Strikes the key out of what a server says: replies and errors are shown, recorded and shared."""

from __future__ import annotations

import re

from pydantic import SecretStr

from napari_spatialmed.llm.errors import EndpointError


def clean(text: str, key: SecretStr | None) -> str:
    """Strike out the key wherever a server repeats it, even in part, and keep messages short."""
    text = strike(text, key)
    return re.sub(r"\b(sk|key|Bearer)[-_ ][A-Za-z0-9_*.-]{6,}", "***", text)[:500]


def strike(text: str, key: SecretStr | None) -> str:
    """Text without the key: replies are recorded and shared, and a server could repeat what it was sent."""
    secret = key.get_secret_value() if key is not None else ""
    return text.replace(secret, "***") if secret else text


def without_key(error: EndpointError, key: SecretStr | None) -> EndpointError:
    """The same error, with the key struck out of what a server said in a reply of status 200."""
    said = clean(error.what, key)
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
