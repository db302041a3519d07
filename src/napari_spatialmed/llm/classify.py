"""From whatever the client library raises to one of our kinds: by what the server says, not by its status alone.

(A picture sent to a text model is status 500 with one server and 400 with another.)
"""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Mapping

import openai
from pydantic import SecretStr

from napari_spatialmed.llm.endpoint import Endpoint
from napari_spatialmed.llm.errors import EndpointError, ErrorKind
from napari_spatialmed.llm.reply import message_of
from napari_spatialmed.llm.striking import clean

_CONTEXT = re.compile(
    r"context.{0,16}(length|size|window)|too many tokens|maximum context|exceed_context|prompt is too long|input.{0,12}too long"
)
_IMAGE = re.compile(r"\bimages?\b|image_url|multimodal|multi-modal|mmproj|vision")
_QUOTA = re.compile(r"quota|billing|insufficient|credit|balance|payment")


class RedirectRefused(Exception):
    """Raised inside the HTTP client when a server points to another host."""


CAUGHT = (openai.OpenAIError, RedirectRefused, json.JSONDecodeError, UnicodeDecodeError)
"""What a call through the client library may raise: with a body that isn't JSON it lets the decoder's error through."""


def classify(error: BaseException, endpoint: Endpoint, key: SecretStr | None) -> EndpointError:
    """What happened, in our words, with the key struck out of the server's."""
    where = endpoint.place
    if isinstance(error, openai.APIStatusError):
        return _status_error(error, endpoint, key)
    if isinstance(error, openai.APITimeoutError):
        return EndpointError("timeout", f"no answer within {endpoint.timeout:g} s", where=where)
    if isinstance(error, RedirectRefused):
        return EndpointError("redirect", str(error), where=where)
    if isinstance(error, openai.APIConnectionError):
        causes: list[BaseException] = []
        cause: BaseException | None = error
        while cause is not None and cause not in causes:
            causes.append(cause)
            cause = cause.__cause__
        return EndpointError(
            "connection", f"it can't be reached ({clean(str(causes[-1]), key) or 'no answer'})", where=where
        )
    if isinstance(error, openai.APIError):  # an error event inside a stream
        said = clean(message_of(error.body) if error.body else error.message, key)
        return EndpointError(_kind(said, 200), said, where=where)
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return EndpointError("garbled", f"the body isn't JSON ({error.__class__.__name__})", where=where)
    return EndpointError("bad_request", clean(str(error), key), where=where)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds a server asks to wait: ``retry-after-ms``, or ``Retry-After`` as seconds or a date."""
    milliseconds = headers.get("retry-after-ms", "")
    if re.fullmatch(r"\d+(\.\d+)?", milliseconds):
        return float(milliseconds) / 1000.0
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return float(value)
    date = email.utils.parsedate_tz(value) if value else None
    return max(0.0, email.utils.mktime_tz(date) - time.time()) if date else None


def _status_error(error: openai.APIStatusError, endpoint: Endpoint, key: SecretStr | None) -> EndpointError:
    response = error.response
    said = clean(message_of(error.body) if error.body else error.message, key)
    kind = (
        "not_openai"
        if _is_page(response.headers, said) and error.status_code < 500
        else _kind(said, error.status_code)
    )
    if kind == "not_openai":
        said = f"a web page came back instead of a completion (status {error.status_code})"
    return EndpointError(
        kind,
        f"{said} (status {error.status_code})",
        where=endpoint.place,
        retry_after=retry_after(response.headers),
    )


def _is_page(headers: Mapping[str, str], said: str) -> bool:
    return "text/html" in headers.get("content-type", "") or said.lstrip().casefold().startswith(
        ("<!doctype", "<html")
    )


def _kind(said: str, status: int) -> ErrorKind:
    low = said.casefold()
    if _CONTEXT.search(low) or status == 413:
        return "context"
    if status in (401, 403):
        return "auth"
    if status == 402 or (status in (403, 429, 200) and _QUOTA.search(low)):
        return "quota"
    if status == 429 or "rate limit" in low or "too many requests" in low:
        return "rate_limit"
    if status in (408, 504):
        return "timeout"
    if _IMAGE.search(low):
        return "image"
    if status == 404:
        return "not_found"
    if status >= 500:
        return "server"
    return "provider" if status == 200 else "bad_request"
