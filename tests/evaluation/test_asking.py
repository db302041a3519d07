"""One question to one model over real HTTP: what is sent, what is recorded, and what every arm changes."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest
from pytest_httpserver import HTTPServer

from napari_spatialmed.evaluation import ask_circular, ask_freely, ask_question, prompt_for, render_view
from napari_spatialmed.evaluation.prompts import PromptError, cache_key, measured_facts, rotate
from napari_spatialmed.llm import Client, Endpoint


def completion(text: str, finish: str = "stop") -> dict[str, object]:
    return {
        "id": "c", "object": "chat.completion", "created": 0, "model": "served-model",
        "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107},
    }  # fmt: skip


@pytest.fixture
def endpoint(httpserver: HTTPServer) -> Endpoint:
    return Endpoint(
        name="here",
        base_url=httpserver.url_for("/v1"),
        model="m",
        retries=0,
        timeout=60,
        price_in=1.0,
        price_out=2.0,
    )


def ask(endpoint, geometry, question, **options):
    async def go():
        async with Client(endpoint) as client:
            return await ask_question(client, geometry, question, **options)

    return asyncio.run(go())


def sent(httpserver: HTTPServer) -> dict[str, object]:
    return json.loads(httpserver.log[-1][0].get_data())


def test_the_record_says_everything(httpserver, endpoint, markers, choice):
    httpserver.expect_request("/v1/chat/completions").respond_with_json(completion("Clearly.\nANSWER: B"))
    response = ask(endpoint, markers, choice, outlines=True)
    assert (response.outcome, response.score, response.parsed, response.answer) == ("correct", 1.0, "B", "B")
    assert (response.tokens_in, response.tokens_out) == (100, 7)
    assert response.cost == pytest.approx(114e-6)
    assert response.model == "served-model"
    assert response.visible == {"left": 64, "right": 64}
    pictures = [p for p in sent(httpserver)["messages"][1]["content"] if p["type"] == "image_url"]
    view = render_view(markers, ["left", "right"], axis="RL", outlines=True)
    assert [base64.b64decode(p["image_url"]["url"].split(",")[1]) for p in pictures] == [
        p.png for p in view.pictures
    ]
    assert response.pictures == tuple(p.sha256 for p in view.pictures)
    json.dumps(response.to_record(), allow_nan=False)


def test_the_answer_streams(httpserver, endpoint, markers, choice):
    pieces = ["Look", "ing. ", "ANSWER", ": B"]
    events = [
        {"model": "m", "choices": [{"index": 0, "delta": {"content": p}, "finish_reason": None}]}
        for p in pieces
    ]
    events.append({"model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    body = "".join(f"data: {json.dumps(e)}\n\n" for e in events) + "data: [DONE]\n\n"
    httpserver.expect_request("/v1/chat/completions").respond_with_data(
        body, content_type="text/event-stream"
    )
    heard: list[str] = []
    response = ask(endpoint, markers, choice, on_text=heard.append)
    assert "".join(heard) == "Looking. ANSWER: B"
    assert len(heard) > 1
    assert response.outcome == "correct"


def test_the_blind_arm_sends_no_picture(httpserver, endpoint, markers, choice):
    httpserver.expect_request("/v1/chat/completions").respond_with_json(completion("ANSWER: A"))
    response = ask(endpoint, markers, choice, arm="blind")
    assert "image_url" not in json.dumps(sent(httpserver))
    assert response.pictures == ()
    assert response.outcome == "wrong"


def test_the_oracle_arm_tells_the_measured_facts(httpserver, endpoint, markers, choice, number):
    httpserver.expect_request("/v1/chat/completions").respond_with_json(completion("ANSWER: B"))
    ask(endpoint, markers, choice, arm="oracle")
    assert "left marker lies left of right marker" in json.dumps(sent(httpserver))
    assert measured_facts(number) == ["Volume of left: 100 mL"]


def test_the_circular_arm_asks_every_order(httpserver, endpoint, markers, choice):
    httpserver.expect_request("/v1/chat/completions").respond_with_json(completion("ANSWER: A"))

    async def go():
        async with Client(endpoint) as client:
            return await ask_circular(client, markers, choice)

    responses = asyncio.run(go())
    assert [r.answer for r in responses] == ["B", "A", "D", "C"]
    assert [r.outcome for r in responses] == ["wrong", "correct", "wrong", "wrong"]
    assert len({r.key for r in responses}) == 4
    assert len({r.pictures for r in responses}) == 1


def test_rotating_keeps_the_right_option_right(choice):
    for places in range(8):
        turned = rotate(choice, places)
        assert turned.answer_text == choice.answer_text
        assert sorted(turned.options) == sorted(choice.options)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "error"),
    [
        (200, completion(""), "empty", "empty"),
        (200, completion("I think that", "length"), "truncated", "length"),
        (200, completion("", "content_filter"), "refused", "refusal"),
        (200, completion("no idea"), "unparsed", ""),
        (500, {"error": {"message": "boom"}}, "error", "server"),
        (400, {"error": {"message": "maximum context length exceeded"}}, "error", "context"),
        (401, {"error": {"message": "bad key"}}, "error", "auth"),
    ],
)
def test_every_failure_is_one_outcome(httpserver, endpoint, markers, choice, status, body, outcome, error):
    httpserver.expect_request("/v1/chat/completions").respond_with_json(body, status=status)
    response = ask(endpoint, markers, choice)
    assert (response.outcome, response.error, response.score) == (outcome, error, 0.0)


def test_a_free_question_is_answered_and_not_judged(httpserver, endpoint, markers):
    httpserver.expect_request("/v1/chat/completions").respond_with_json(completion("It looks large."))

    async def go():
        async with Client(endpoint) as client:
            return await ask_freely(client, render_view(markers, ["left"]), "How large is it?")

    response = asyncio.run(go())
    assert (response.question, response.outcome, response.score) == ("", None, None)
    assert response.text == "It looks large."
    assert "How large is it?" in response.prompt


def test_no_picture_is_never_a_blind_run(choice):
    with pytest.raises(PromptError, match="no picture"):
        prompt_for(choice, None, "normal")


def test_the_cache_key_changes_with_whatever_changes_the_answer(markers, choice):
    view, outlined = (render_view(markers, ["left", "right"], outlines=o) for o in (False, True))
    base = prompt_for(choice, view)
    edited = choice.model_copy(update={"stem": "Another stem?"})
    keys = {
        cache_key(base, "m", {"temperature": 0}),
        cache_key(base, "other", {"temperature": 0}),
        cache_key(base, "m", {"temperature": 1}),
        cache_key(prompt_for(choice, outlined), "m", {"temperature": 0}),
        cache_key(prompt_for(edited, view), "m", {"temperature": 0}),
        cache_key(prompt_for(choice, view, rotation=1), "m", {"temperature": 0}),
        cache_key(prompt_for(choice, None, "blind"), "m", {"temperature": 0}),
    }
    assert len(keys) == 7
    assert cache_key(prompt_for(choice, view), "m", {"temperature": 0}) in keys
