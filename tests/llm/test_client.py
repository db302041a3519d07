"""The client against servers that differ from the protocol, fail, or lie."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from threading import Event
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field
from werkzeug import Response

from napari_spatialmed.llm import (
    Budget,
    BudgetError,
    Client,
    EndpointError,
    MessageError,
    system_message,
    user_message,
)

from .conftest import completion

Serve = Callable[..., Any]
ASK = [system_message("You are a radiologist."), user_message("How large is the liver?")]
GOOD = '{"organ": "liver", "volume_ml": 1500}'


class Finding(BaseModel):
    organ: Literal["liver", "spleen"]
    volume_ml: float = Field(ge=0)


def complete(served: Any, messages: Any = ASK, **settings: Any) -> Any:
    async def call() -> Any:
        async with Client(served.endpoint, **settings) as client:
            return await client.complete(messages)

    return asyncio.run(call())


def structured(served: Any, **settings: Any) -> Any:
    async def call() -> Any:
        async with Client(served.endpoint) as client:
            return await client.structured(ASK, Finding, seed=3, **settings)

    return asyncio.run(call())


def test_a_reply_comes_with_usage_and_time(serve: Serve) -> None:
    served = serve(lambda body, n: completion("About 1.5 L."), price_in=2.0, price_out=10.0)
    reply = complete(served)
    assert reply.text == "About 1.5 L."
    assert (reply.usage.tokens_in, reply.usage.tokens_out) == (10, 5)
    assert reply.usage.cost == pytest.approx((10 * 2 + 5 * 10) / 1e6)
    assert reply.model == "served-model"
    assert reply.seconds > 0
    assert (
        served.bodies[0]["messages"][1]["content"] == "How large is the liver?"
    )  # plain text where there is no picture


@pytest.mark.parametrize(
    ("content", "text", "reasoning"),
    [
        ("<think>large {organ}</think>\n\nLiver.", "Liver.", "large {organ}"),
        ("first thoughts\n</think>Liver.", "Liver.", "first thoughts"),
        ("<THINKING>a</THINKING>Liver. <think>b</think>", "Liver.", "a\nb"),
        ("Liver.", "Liver.", ""),
    ],
)
def test_thinking_is_set_apart(serve: Serve, content: str, text: str, reasoning: str) -> None:
    reply = complete(serve(lambda body, n: completion(content)))
    assert (reply.text, reply.reasoning) == (text, reasoning)


def test_reasoning_content_is_kept(serve: Serve) -> None:
    assert (
        complete(serve(lambda body, n: completion("B", reasoning_content="because"))).reasoning == "because"
    )


FAILURES = {
    "bad key": (lambda b, n: (401, {"error": {"message": "bad key"}}), "auth"),
    "no such model": (lambda b, n: (404, {"error": {"message": "model does not exist"}}), "not_found"),
    "no credit": (lambda b, n: (429, {"error": {"message": "You exceeded your current quota"}}), "quota"),
    "payment": (lambda b, n: (402, {"error": {"message": "no money"}}), "quota"),
    "too many": (lambda b, n: (429, {"error": {"message": "slow down"}}), "rate_limit"),
    "context, llama.cpp": (
        lambda b, n: (
            400,
            {"error": {"message": "request (20031 tokens) exceeds the available context size (4096 tokens)"}},
        ),
        "context",
    ),
    "picture, llama.cpp": (
        lambda b, n: (500, {"error": {"message": "image input is not supported - hint: provide the mmproj"}}),
        "image",
    ),
    "picture, vLLM": (
        lambda b, n: (400, {"object": "error", "message": "At most 0 image(s) may be provided"}),
        "image",
    ),
    "list-wrapped": (lambda b, n: (400, [{"error": {"message": "Invalid JSON payload"}}]), "bad_request"),
    "broken": (lambda b, n: (500, "oops"), "server"),
    "loading": (lambda b, n: (503, {"error": {"message": "Loading model"}}), "server"),
    "error with status 200": (
        lambda b, n: {"error": {"code": 502, "message": "Provider returned error"}},
        "provider",
    ),
    "content null": (lambda b, n: completion(None), "empty"),
    "no choices": (lambda b, n: {"choices": []}, "empty"),
    "choices null": (lambda b, n: {"choices": None}, "empty"),
    "a list": (lambda b, n: [1, 2], "not_openai"),
    "something else": (lambda b, n: {"hello": "world"}, "not_openai"),
    "not JSON": (lambda b, n: (200, "{oops"), "garbled"),
    "cut": (lambda b, n: completion("The liver is", "length"), "length"),
    "cut while thinking": (lambda b, n: completion(None, "length", reasoning="long"), "length"),
    "endless thinking": (lambda b, n: completion("<think>and so on"), "empty"),
    "filtered": (lambda b, n: completion("", "content_filter"), "refusal"),
    "refused": (lambda b, n: completion(None, refusal="I can't help with that"), "refusal"),
    "a web page": (lambda b, n: Response("<html>hello</html>", content_type="text/html"), "not_openai"),
    "a web page, 404": (
        lambda b, n: Response("<html>no</html>", 404, content_type="text/html"),
        "not_openai",
    ),
}


@pytest.mark.parametrize("case", FAILURES)
def test_each_failure_has_its_kind_and_its_advice(serve: Serve, case: str) -> None:
    answer, kind = FAILURES[case]
    served = serve(answer)
    with pytest.raises(EndpointError) as caught:
        complete(served)
    assert caught.value.kind == kind
    assert caught.value.hint
    assert served.endpoint.base_url in str(caught.value)
    assert len(served.bodies) == 1


def test_a_cut_reply_is_kept_for_the_record(serve: Serve) -> None:
    with pytest.raises(EndpointError) as caught:
        complete(serve(lambda b, n: completion("The liver is", "length")))
    assert caught.value.reply is not None
    assert caught.value.reply.text == "The liver is"
    assert caught.value.reply.usage.tokens_out == 5


def test_a_server_that_is_off(serve: Serve, unused_port: int) -> None:
    served = serve(lambda b, n: completion("x"))
    served.endpoint = served.endpoint.model_copy(update={"base_url": f"http://127.0.0.1:{unused_port}/v1"})
    with pytest.raises(EndpointError) as caught:
        complete(served)
    assert caught.value.kind == "connection"


def test_a_server_that_never_answers(serve: Serve, silence: Event) -> None:
    served = serve(lambda b, n: silence.wait(60) and completion("late"), timeout=0.3)
    with pytest.raises(EndpointError) as caught:
        complete(served)
    assert caught.value.kind == "timeout"


def test_retry_after_is_honoured(serve: Serve) -> None:
    served = serve(
        lambda b, n: (
            (429, {"error": {"message": "slow down"}}, {"Retry-After": "0.3"})
            if n == 1
            else completion("fine")
        ),
        retries=2,
    )
    started = time.perf_counter()
    reply = complete(served)
    assert reply.text == "fine"
    assert reply.tries == 2
    assert time.perf_counter() - started >= 0.3


def test_a_server_that_asks_for_an_hour_fails_at_once(serve: Serve) -> None:
    served = serve(lambda b, n: (429, {"error": {"message": "later"}}, {"Retry-After": "3600"}), retries=3)
    with pytest.raises(EndpointError) as caught:
        complete(served)
    assert caught.value.retry_after == 3600
    assert len(served.bodies) == 1


def test_a_failure_that_passes_is_tried_again_and_paid_for(serve: Serve) -> None:
    served = serve(lambda b, n: completion(None) if n == 1 else completion("fine"), retries=1)
    budget = Budget()
    reply = complete(served, budget=budget)
    assert reply.text == "fine"
    assert reply.usage.tokens_in == 20
    assert (budget.spent.calls, budget.spent.tokens) == (2, 30)


def test_what_cannot_pass_is_not_tried_again(serve: Serve) -> None:
    served = serve(lambda b, n: (401, {"error": {"message": "bad key"}}), retries=5)
    with pytest.raises(EndpointError):
        complete(served)
    assert len(served.bodies) == 1


def test_the_budget_stops_before_a_call(serve: Serve) -> None:
    served = serve(lambda b, n: completion("fine"))
    budget = Budget(calls=2)

    async def many() -> list[Any]:
        async with Client(served.endpoint, budget=budget) as client:
            return await asyncio.gather(*(client.complete(ASK) for _ in range(5)), return_exceptions=True)

    outcomes = asyncio.run(many())
    assert sum(isinstance(outcome, BudgetError) for outcome in outcomes) == 3
    assert len(served.bodies) == 2


def test_calls_at_a_time_are_bounded_and_halved_after_a_429(serve: Serve) -> None:
    from napari_spatialmed.llm import pace_of

    served = serve(
        lambda b, n: (
            (429, {"error": {"message": "slow"}}, {"Retry-After": "0.1"}) if n == 3 else completion("fine")
        ),
        concurrency=4,
        retries=3,
    )

    async def many() -> Any:
        async with Client(served.endpoint) as client:
            replies = await asyncio.gather(*(client.complete(ASK) for _ in range(12)))
        return replies, pace_of(served.endpoint)

    replies, pace = asyncio.run(many())
    assert [reply.text for reply in replies] == ["fine"] * 12
    assert pace.highest == 4
    assert pace.limit < 4.001


SERVERS = {
    "keeps the schema": lambda b, n: completion(GOOD),
    "no json_schema": lambda b, n: (
        (400, {"error": {"message": "response_format type json_schema is unavailable now"}})
        if b.get("response_format", {}).get("type") == "json_schema"
        else completion(GOOD)
    ),
    "no response_format at all": lambda b, n: (
        (400, {"error": {"message": "response_format is not supported"}})
        if "response_format" in b
        else completion(GOOD)
    ),
    "grammar fails with 500": lambda b, n: (
        (500, {"error": {"message": "failed to parse grammar"}})
        if b.get("response_format", {}).get("type") == "json_schema"
        else completion(GOOD)
    ),
    "doesn't know seed": lambda b, n: (
        (
            400,
            [
                {
                    "error": {
                        "message": 'Invalid JSON payload received. Unknown name "seed": Cannot find field.'
                    }
                }
            ],
        )
        if "seed" in b
        else completion(GOOD)
    ),
    "wants max_completion_tokens": lambda b, n: (
        (
            400,
            {
                "error": {
                    "message": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
                }
            },
        )
        if "max_tokens" in b
        else completion(GOOD)
    ),
    "no temperature": lambda b, n: (
        (400, {"error": {"message": "Unsupported value: 'temperature' does not support 0 with this model."}})
        if "temperature" in b
        else completion(GOOD)
    ),
    "no system role": lambda b, n: (
        (400, {"object": "error", "message": "System role not supported"})
        if b["messages"][0]["role"] == "system"
        else completion(GOOD)
    ),
    "prose and a fence": lambda b, n: completion("Sure!\n```json\n" + GOOD + "\n```\nHope it helps"),
    "thinks in braces": lambda b, n: completion('<think>hmm {"organ": 1}</think>\n' + GOOD),
    "single quotes": lambda b, n: completion("{'organ': 'liver', 'volume_ml': 1500,}"),
    "wrong, then right": lambda b, n: (
        completion('{"organ":"banana","volume_ml":-1}') if n == 1 else completion(GOOD)
    ),
    "cut, then right": lambda b, n: (
        completion('{"organ":"liver","volume_ml": 15') if n == 1 else completion(GOOD)
    ),
}


@pytest.mark.parametrize("server", SERVERS)
def test_structured_output_from_servers_that_differ(serve: Serve, server: str) -> None:
    finding, _ = structured(serve(SERVERS[server]))
    assert finding == Finding(organ="liver", volume_ml=1500)


def test_what_was_learned_of_a_server_is_remembered(serve: Serve) -> None:
    served = serve(SERVERS["no response_format at all"])
    structured(served)
    before = len(served.bodies)
    structured(served)
    assert len(served.bodies) == before + 1
    assert "response_format" not in served.bodies[-1]
    assert "JSON Schema" in served.bodies[-1]["messages"][-1]["content"]


def test_the_model_is_told_what_was_wrong(serve: Serve) -> None:
    served = serve(SERVERS["wrong, then right"])
    _, reply = structured(served)
    told = served.bodies[1]["messages"][-1]["content"]
    assert "organ: Input should be 'liver' or 'spleen'" in told
    assert "volume_ml" in told
    assert reply.usage.tokens_in == 20


def test_a_model_that_never_fits_is_an_error(serve: Serve) -> None:
    served = serve(lambda b, n: completion("I don't know"))
    with pytest.raises(EndpointError) as caught:
        structured(served)
    assert caught.value.kind == "schema"
    assert len(served.bodies) == 2


def test_json_that_was_cut_is_never_completed(serve: Serve) -> None:
    """A server may say "stop" for a reply that it cut."""
    served = serve(lambda b, n: completion('{"organ": "liver", "volume_ml": 15'))
    with pytest.raises(EndpointError) as caught:
        structured(served, reasks=0)
    assert "cut off" in str(caught.value)


def test_brackets_without_end_are_an_error(serve: Serve) -> None:
    """What a small model writes when it is stuck."""
    served = serve(lambda b, n: completion('{"organ": ' + "[" * 20_000 + "]" * 20_000 + "}"))
    with pytest.raises(EndpointError) as caught:
        structured(served, reasks=0)
    assert caught.value.kind == "schema"


def test_the_schema_sent_is_portable(serve: Serve) -> None:
    class Inner(BaseModel):
        minimum: int = Field(ge=0, default=3)

    class Outer(BaseModel):
        inner: Inner
        title: str | None = None

    from napari_spatialmed.llm.schema import portable_schema

    schema = portable_schema(Outer)
    assert "$ref" not in str(schema)
    assert schema["required"] == ["inner", "title"]
    inner = schema["properties"]["inner"]
    assert inner["properties"] == {"minimum": {"type": "integer"}}  # a field may be called as a limit is
    assert inner["additionalProperties"] is False


PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def test_pictures_go_as_bytes(serve: Serve) -> None:
    served = serve(lambda b, n: completion("a liver"))
    complete(served, [user_message("What is this?", [PNG], captions=["axial"])])
    parts = served.bodies[0]["messages"][0]["content"]
    assert [part["type"] for part in parts] == ["text", "image_url", "text"]
    assert parts[1]["image_url"]["url"].startswith("data:image/png;base64,")


def test_a_picture_by_address_is_refused(serve: Serve) -> None:
    served = serve(lambda b, n: completion("x"))
    address = {"type": "image_url", "image_url": {"url": "https://elsewhere.example/scan.png"}}
    with pytest.raises(MessageError):
        complete(served, [{"role": "user", "content": [address]}])
    assert served.bodies == []


def test_a_text_model_is_sent_no_picture(serve: Serve) -> None:
    served = serve(lambda b, n: completion("x"), max_pictures=0)
    with pytest.raises(EndpointError) as caught:
        complete(served, [user_message("What is this?", [PNG])])
    assert caught.value.kind == "image"
    assert served.bodies == []


def test_a_call_can_be_cancelled(serve: Serve, silence: Event) -> None:
    answered: list[bool] = []
    served = serve(lambda b, n: answered.append(silence.wait(60)) or completion("late"))

    async def call() -> None:
        async with Client(served.endpoint) as client:
            task = asyncio.create_task(client.complete(ASK))
            while not served.bodies:
                await asyncio.sleep(0.01)
            task.cancel()
            await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(call())
    assert answered == [], "nobody waited for the answer"


def test_the_only_model_of_a_server_needs_no_name(serve: Serve, httpserver: Any) -> None:
    served = serve(lambda b, n: completion("fine"), model="")
    httpserver.expect_request("/v1/models").respond_with_json(
        {"object": "list", "data": [{"id": "only", "object": "model"}]}
    )
    complete(served)
    assert served.bodies[0]["model"] == "only"
