"""What an endpoint is: where a model is served, under which name, and where its key is kept (never the key itself)."""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Endpoint(BaseModel):
    """One model behind one OpenAI-compatible server.

    Attributes
    ----------
    name
        What the user calls it.
    base_url
        ``https://…/v1``, or plain http on this machine only.
    model
        The model's name as the server knows it; empty means the only one that the server offers.
    key_env
        The environment variable that holds the key; without it the system's keyring is asked.
    max_pictures
        Pictures that fit in one prompt: 0 for a text model, None where unknown.
    concurrency
        Calls at a time, at most; fewer after the server says "too many".
    timeout
        Seconds for one call (for a stream: between two pieces).
    retries
        Further tries after a failure that may pass.
    price_in, price_out
        Price of a million prompt and reply tokens, in the currency of the budget; None where unknown.
    extra_body
        Further fields for every request, such as ``{"chat_template_kwargs": {"enable_thinking": false}}``.
    note
        Anything a reader should know.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    base_url: str
    model: str = ""
    key_env: str | None = None
    max_pictures: int | None = Field(default=None, ge=0)
    concurrency: int = Field(default=4, ge=1, le=256)
    timeout: float = Field(default=120.0, gt=0)
    retries: int = Field(default=4, ge=0, le=20)
    price_in: float | None = Field(default=None, ge=0)
    price_out: float | None = Field(default=None, ge=0)
    extra_body: dict[str, Any] = Field(default_factory=dict)
    note: str = ""

    @field_validator("base_url")
    @classmethod
    def _safe(cls, value: str) -> str:
        url = urlsplit(value.strip())
        try:
            _ = url.port
        except ValueError:
            raise ValueError(
                f"{shown_address(value)!r} has no usable port; it is a number up to 65535"
            ) from None
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError(
                f"{shown_address(value)!r} is no web address; it should look like https://server/v1"
            )
        if url.username or url.password or url.query or url.fragment:
            raise ValueError("a base URL holds no user name, password or query; keys go into the keyring")
        if url.scheme == "http" and not is_loopback(url.hostname):
            raise ValueError(
                f"plain http is only for this machine; use https for {url.hostname}, or a tunnel to localhost"
            )
        return value.strip().rstrip("/")

    @property
    def host(self) -> str:
        """The server's host, with its port where one is given."""
        return urlsplit(self.base_url).netloc

    @property
    def is_remote(self) -> bool:
        """Whether what is sent leaves this machine."""
        return not is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def place(self) -> str:
        """For messages: name, model and address."""
        return f"endpoint {self.name} ({self.model or 'its only model'} at {self.base_url})"


def shown_address(address: str) -> str:
    """An address for messages: without the user name, password and query that somebody may have written into it."""
    return re.sub(r"//[^/]*@", "//***@", address).partition("?")[0]


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine, without asking a name server."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
