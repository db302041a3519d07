"""A real HTTP server that speaks (or misspeaks) the OpenAI protocol."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keyring
import keyring.errors
import pytest
from keyring.backend import KeyringBackend
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from napari_spatialmed.llm import Endpoint


class MemoryKeyring(KeyringBackend):
    """A keyring that lives as long as a test."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise keyring.errors.PasswordDeleteError("not there")
        del self.kept[service, username]


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has its own settings folder, an empty keyring, and no key in the environment."""
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path / "settings"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "OPENAI_ORG_ID"):
        monkeypatch.delenv(name, raising=False)
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())
    yield tmp_path / "settings"
    keyring.set_keyring(before)


def completion(content: str | None, finish: str = "stop", **message: Any) -> dict[str, Any]:
    """A chat completion as servers send it."""
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "served-model",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": content, **message},
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }


@dataclass
class Served:
    """An endpoint on a test's server and what it was sent."""

    endpoint: Endpoint
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


Answer = Callable[[dict[str, Any], int], Any]


@pytest.fixture
def serve(httpserver: HTTPServer) -> Callable[..., Served]:
    """Start a server: ``serve(answer)``; `answer(body, n)` gives a body, ``(status, body)``, or ``(status, body, headers)``."""

    def start(answer: Answer, **settings: Any) -> Served:
        settings = {"model": "m", "retries": 0, "timeout": 60.0, **settings}
        served = Served(Endpoint(name="test", base_url=httpserver.url_for("/v1"), **settings))

        def handle(request: Request) -> Response:
            body = json.loads(request.data)
            served.bodies.append(body)
            served.headers.append(dict(request.headers))
            said = answer(body, len(served.bodies))
            if isinstance(said, Response):
                return said
            status, content, *rest = said if isinstance(said, tuple) else (200, said)
            text = content if isinstance(content, str) else json.dumps(content)
            return Response(text, status, headers=rest[0] if rest else None, content_type="application/json")

        httpserver.expect_request("/v1/chat/completions").respond_with_handler(handle)
        return served

    return start


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port on which nothing listens, and that nobody else can take meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield int(bound.getsockname()[1])
