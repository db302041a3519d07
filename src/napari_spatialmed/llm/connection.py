"""The HTTP connection under a client: no proxy for this machine, no redirect to another, no setting from the environment."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
from openai import AsyncOpenAI
from pydantic import SecretStr

from napari_spatialmed.llm.classify import CAUGHT, RedirectRefused, classify
from napari_spatialmed.llm.endpoint import Endpoint
from napari_spatialmed.llm.errors import EndpointError
from napari_spatialmed.llm.keys import require_key
from napari_spatialmed.llm.reply import read_completion
from napari_spatialmed.llm.stream import open_stream
from napari_spatialmed.llm.striking import strike_reply, without_key

_NO_KEY = "none"
"""What is sent where no key is needed: the protocol wants something."""


def connect(endpoint: Endpoint, key: SecretStr | None) -> AsyncOpenAI:
    """A connection for the running event loop; the caller closes it."""
    http = httpx2.AsyncClient(
        timeout=httpx2.Timeout(endpoint.timeout, connect=min(15.0, endpoint.timeout)),
        follow_redirects=True,
        trust_env=endpoint.is_remote,
        event_hooks={"response": [_stay_on_host]},
    )
    client = AsyncOpenAI(
        api_key=key.get_secret_value() if key else _NO_KEY,
        base_url=endpoint.base_url,
        max_retries=0,
        timeout=http.timeout,
        http_client=http,
    )
    # Read from the environment by the library: meant for its own service, not for whichever server this is.
    client.organization = client.project = client.admin_api_key = None
    return client


class Line:
    """One endpoint's connection: opened at the first call in an event loop, requests in, replies or errors out.

    Parameters
    ----------
    key
        Instead of the environment's or the keyring's.
    """

    def __init__(self, endpoint: Endpoint, key: SecretStr | None = None) -> None:
        self._endpoint = endpoint
        self._key = key
        self._connection: tuple[asyncio.AbstractEventLoop, AsyncOpenAI] | None = None

    async def close(self) -> None:
        """Close it; a later call opens it again."""
        if self._connection is not None:
            loop, connection = self._connection
            self._connection = None
            if loop is asyncio.get_running_loop():
                await connection.close()

    @property
    def key(self) -> SecretStr | None:
        """The key, once the connection is open."""
        return self._key

    async def models(self) -> list[str]:
        """The names of the models that the server offers."""
        failure = None
        try:
            async with asyncio.timeout(min(30.0, self._endpoint.timeout)):
                page = await self._connected().models.list()
            return [str(entry.id) for entry in page.data or []]
        except TimeoutError:
            failure = EndpointError("timeout", "no answer", where=self._endpoint.place)
        except CAUGHT as error:
            failure = classify(error, self._endpoint, self._key)
        except (AttributeError, TypeError):  # a page that isn't a list of models
            failure = EndpointError(
                "not_openai", "the server doesn't list models", where=self._endpoint.place
            )
        raise failure

    async def send(self, model: str, body: dict[str, Any], *, streamed: bool) -> Any:
        """One request: a `Reply`, an open stream, or the error as a value (so that no key hangs on to its context)."""
        connection = self._connected()
        try:
            async with asyncio.timeout(self._endpoint.timeout):
                if streamed:
                    return await open_stream(connection, self._endpoint, model, body)
                raw = await connection.chat.completions.with_raw_response.create(
                    model=model, **body, extra_body=self._endpoint.extra_body or None
                )
                if "text/html" in raw.headers.get("content-type", ""):
                    return EndpointError(
                        "not_openai",
                        "a web page came back instead of a completion",
                        where=self._endpoint.place,
                    )
                return strike_reply(read_completion(raw.http_response.json(), self._endpoint), self._key)
        except TimeoutError:
            return EndpointError(
                "timeout", f"no answer within {self._endpoint.timeout:g} s", where=self._endpoint.place
            )
        except EndpointError as error:
            return without_key(error, self._key)
        except CAUGHT as error:
            return classify(error, self._endpoint, self._key)

    def _connected(self) -> AsyncOpenAI:
        loop = asyncio.get_running_loop()
        if self._connection is None or self._connection[0] is not loop:
            self._key = self._key or require_key(self._endpoint)
            self._connection = (loop, connect(self._endpoint, self._key))
        return self._connection[1]


async def _stay_on_host(response: httpx2.Response) -> None:
    if not response.has_redirect_location:
        return
    target = response.url.join(response.headers["location"])
    if (target.scheme, target.host, target.port) != (
        response.url.scheme,
        response.url.host,
        response.url.port,
    ):
        raise RedirectRefused(f"the server sends us on to another host, {target.host}; that was refused")
