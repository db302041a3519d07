"""The HTTP connection under a client: no proxy for this machine, no redirect to another, no setting from the environment."""

from __future__ import annotations

import httpx2
from openai import AsyncOpenAI
from pydantic import SecretStr

from napari_spatialmed.llm.classify import RedirectRefused
from napari_spatialmed.llm.endpoint import Endpoint

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
