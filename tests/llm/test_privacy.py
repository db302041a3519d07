"""Keys stay secret, nothing leaves without consent, and no server sends us elsewhere."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keyring
import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Response

from napari_spatialmed.llm import (
    Client,
    ConsentError,
    Endpoint,
    EndpointError,
    consents,
    find_key,
    forget_key,
    has_consented,
    keep_key,
    preview,
    remember_consent,
    save_endpoint,
    user_message,
    withdraw_consent,
)

from .conftest import completion

Serve = Callable[..., Any]
CANARY = "sk-canary-0123456789abcdef"
REMOTE = Endpoint(name="far", base_url="https://models.example.org/v1", model="m")
ASK = [user_message("How large is the liver?")]


def test_keys_come_from_the_environment_then_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    named = REMOTE.model_copy(update={"key_env": "FAR_KEY"})
    assert find_key(named) is None
    assert keep_key(named, SecretStr("stored"))
    assert find_key(named) == SecretStr("stored")
    monkeypatch.setenv("FAR_KEY", "from the environment")
    assert find_key(named) == SecretStr("from the environment")
    forget_key(named)
    monkeypatch.delenv("FAR_KEY")
    assert find_key(named) is None


def test_a_server_on_this_machine_gets_its_stored_key_in_the_next_program_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A tunnel to a server that asks for a key is http://localhost."""
    tunnel = REMOTE.model_copy(update={"base_url": "http://localhost:8000/v1"})
    assert keep_key(tunnel, SecretStr("stored"))
    monkeypatch.setattr("napari_spatialmed.llm.keys._session", {})
    assert find_key(tunnel) == SecretStr("stored")


def test_a_stored_key_goes_to_no_other_address() -> None:
    keep_key(REMOTE, SecretStr(CANARY))
    assert find_key(REMOTE.model_copy(update={"base_url": "https://evil.example/v1"})) is None


def test_without_a_keyring_a_key_lasts_until_the_program_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    from keyring.backends import fail

    keyring.set_keyring(fail.Keyring())
    assert not keep_key(REMOTE, SecretStr("asked"))
    assert find_key(REMOTE) == SecretStr("asked")
    forget_key(REMOTE)
    assert find_key(REMOTE) is None


def test_a_remote_endpoint_without_a_key_says_how_to_give_one() -> None:
    with pytest.raises(EndpointError, match="spatialmed endpoint key far") as caught:
        asyncio.run(Client(REMOTE, allow_remote=True).complete(ASK))
    assert caught.value.kind == "auth"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "answer",
    [
        lambda b, n: (401, {"error": {"message": f"Incorrect API key provided: {CANARY}."}}),
        lambda b, n: (500, f"header was Authorization: Bearer {CANARY}"),
        lambda b, n: {"error": {"message": f"upstream refused {CANARY}"}},
        lambda b, n: completion(None, refusal="no"),
        lambda b, n: (200, "{oops"),
    ],
)
def test_the_key_is_in_no_error_log_or_repr(
    serve: Serve,
    answer: Any,
    streamed: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    own_settings: Path,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("CANARY_KEY", CANARY)
    served = serve(answer, key_env="CANARY_KEY")
    save_endpoint(served.endpoint)
    client = Client(served.endpoint, data_set="case-1")

    async def call() -> None:
        async with client:
            if streamed:
                async for _ in client.stream(ASK):
                    pass
            else:
                await client.complete(ASK)

    with pytest.raises(EndpointError) as caught:
        asyncio.run(call())
    assert served.headers[0]["Authorization"] == f"Bearer {CANARY}"
    error: BaseException | None = caught.value
    chain = []
    while error is not None:
        chain += [str(error), repr(error), str(vars(error))]
        error = error.__cause__ or error.__context__
    written = "".join(path.read_text("utf-8") for path in own_settings.rglob("*") if path.is_file())
    shown = "".join(
        [
            *chain,
            *traceback.format_exception(caught.value),
            repr(client),
            repr(vars(client)),
            caplog.text,
            written,
        ]
    )
    assert CANARY not in shown
    assert CANARY not in str(copy.deepcopy(served.endpoint)) + str(pickle.dumps(served.endpoint))


def test_a_server_that_repeats_the_key_gets_it_into_no_reply(serve: Serve) -> None:
    served = serve(lambda b, n: completion(f"<think>{CANARY}</think>Your key is {CANARY}."))
    reply = asyncio.run(Client(served.endpoint, key=SecretStr(CANARY)).complete(ASK))
    assert reply.text == "Your key is ***."
    assert CANARY not in str(reply)


def test_settings_for_other_services_are_not_sent(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-canary")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-canary")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "admin-canary")
    served = serve(lambda b, n: completion("x"))
    asyncio.run(Client(served.endpoint).complete(ASK))
    assert "canary" not in str(served.headers)


def test_nothing_goes_to_another_machine_without_a_yes() -> None:
    client = Client(REMOTE, data_set="case-1", key=SecretStr("x"))
    with pytest.raises(ConsentError, match=r"models\.example\.org"):
        asyncio.run(client.complete(ASK))
    with pytest.raises(ConsentError):
        asyncio.run(client.structured(ASK, Endpoint))


def test_a_yes_holds_for_one_data_set_and_one_host() -> None:
    remember_consent(REMOTE, "case-1")
    remember_consent(REMOTE, "case-1")
    assert len(consents()) == 1
    assert has_consented(REMOTE, "case-1")
    assert not has_consented(REMOTE, "case-2")
    assert not has_consented(REMOTE.model_copy(update={"base_url": "https://other.example/v1"}), "case-1")
    assert withdraw_consent(data_set="case-1") == 1
    assert not has_consented(REMOTE, "case-1")


def test_a_damaged_consent_file_allows_nothing(own_settings: Path) -> None:
    remember_consent(REMOTE, "case-1")
    (own_settings / "config" / "consents.json").write_text("{")
    assert not has_consented(REMOTE, "case-1")


def test_this_machine_needs_no_consent() -> None:
    assert has_consented(Endpoint(name="here", base_url="http://localhost:1/v1"), "case-1")


def test_the_preview_is_what_is_sent(serve: Serve) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(50))
    messages = [user_message("What is this?", [picture], captions=["axial"])]
    served = serve(lambda b, n: completion("x"))
    outgoing = preview(served.endpoint, messages)
    assert outgoing.pictures == (picture,)
    assert "What is this?" in outgoing.text
    assert "axial" in outgoing.text
    asyncio.run(Client(served.endpoint).complete(messages))
    assert served.bodies[0]["messages"] == messages


def test_a_redirect_to_another_host_is_refused(serve: Serve, httpserver: HTTPServer) -> None:
    served = serve(
        lambda b, n: Response(status=307, headers={"Location": "http://localhost:1/v1/chat/completions"})
    )
    with pytest.raises(EndpointError, match="another host") as caught:
        asyncio.run(Client(served.endpoint).complete(ASK))
    assert caught.value.kind == "redirect"


def test_a_redirect_within_the_host_is_followed(serve: Serve, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/old/chat/completions").respond_with_data(
        "", 307, headers={"Location": "/v1/chat/completions"}
    )
    served = serve(lambda b, n: completion("fine"))
    old = served.endpoint.model_copy(update={"base_url": httpserver.url_for("/old")})
    assert asyncio.run(Client(old).complete(ASK)).text == "fine"


def test_a_proxy_is_not_used_for_this_machine(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert asyncio.run(Client(serve(lambda b, n: completion("fine")).endpoint).complete(ASK)).text == "fine"
