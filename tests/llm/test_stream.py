"""Streams: whole, cut, stalled, thinking, and servers that don't stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest
from pydantic import SecretStr
from werkzeug import Response

from napari_spatialmed.llm import Budget, Client, EndpointError, user_message

from .conftest import completion

Serve = Callable[..., Any]
CANARY = "sk-canary-0123456789abcdef"
ASK = [user_message("How large is the liver?")]


def event(text: str | None = None, finish: str | None = None, **more: Any) -> str:
    delta = {} if text is None else {"content": text}
    return (
        "data: "
        + json.dumps({"model": "m", "choices": [{"delta": delta, "finish_reason": finish}], **more})
        + "\n\n"
    )


def stream_of(*events: str) -> Callable[..., Response]:
    return lambda body, n: Response(iter(events), content_type="text/event-stream")


def read(served: Any, **settings: Any) -> tuple[list[str], Any]:
    async def call() -> tuple[list[str], Any]:
        async with Client(served.endpoint, **settings) as client:
            stream = client.stream(ASK)
            pieces = [piece async for piece in stream]
            return pieces, stream.reply

    return asyncio.run(call())


def test_pieces_and_the_whole(serve: Serve) -> None:
    usage = (
        "data: " + json.dumps({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}) + "\n\n"
    )
    budget = Budget()
    served = serve(
        stream_of(event("About "), event("1.5 L."), event(finish="stop"), usage, "data: [DONE]\n\n")
    )
    pieces, reply = read(served, budget=budget)
    assert pieces == ["About ", "1.5 L."]
    assert reply.text == "About 1.5 L."
    assert reply.usage.tokens_in == 7
    assert budget.spent.tokens == 9
    assert served.bodies[0]["stream"] is True


def test_a_line_separator_in_a_piece_is_text(serve: Serve) -> None:
    """A server that writes JSON without escapes sends it as it is; only CR and LF end a line of a stream."""
    piece = {"choices": [{"delta": {"content": "liver:\u2028large\x85"}, "finish_reason": "stop"}]}
    lines = (f"data: {json.dumps(piece, ensure_ascii=False)}\r\n\r\n", "data: [DONE]\r\n\r\n")
    pieces, reply = read(serve(stream_of(*lines)))
    assert pieces == ["liver:\u2028large\x85"]
    assert reply.text == "liver:\u2028large"


def test_halves_of_characters_are_joined_or_replaced(serve: Serve) -> None:
    served = serve(stream_of(event("\ud83d"), event("\ude00 fine \ud83d"), event(finish="stop")))
    assert read(served)[1].text == "\U0001f600 fine \ufffd"


def test_thinking_is_held_back_even_when_its_tags_are_cut(serve: Serve) -> None:
    events = [
        event(piece) for piece in ("<thi", "nk>let me", " see</th", "ink>\n\nThe ", "answer <", " 5 mL")
    ]
    pieces, reply = read(serve(stream_of(*events, event(finish="stop"))))
    assert "".join(pieces) == "The answer < 5 mL"
    assert reply.text == "The answer < 5 mL"
    assert reply.reasoning == "let me see"


def test_a_stream_that_breaks_off_is_an_error_with_what_came(serve: Serve) -> None:
    with pytest.raises(EndpointError) as caught:
        read(serve(stream_of(event("The liver"))))
    assert caught.value.kind == "connection"
    assert caught.value.reply is not None
    assert caught.value.reply.text == "The liver"


def test_a_stream_that_is_cut_at_the_limit(serve: Serve) -> None:
    with pytest.raises(EndpointError) as caught:
        read(serve(stream_of(event("The liver"), event(finish="length"))))
    assert caught.value.kind == "length"


def test_a_stream_that_stalls(serve: Serve, silence: Event) -> None:
    def slow(body: Any, n: int) -> Response:
        def events() -> Iterator[str]:
            yield event("The")
            silence.wait(60)
            yield event(" liver", "stop")

        return Response(events(), content_type="text/event-stream")

    with pytest.raises(EndpointError) as caught:
        read(serve(slow, timeout=0.3))
    assert caught.value.kind == "timeout"


def test_an_error_inside_a_stream(serve: Serve) -> None:
    with pytest.raises(EndpointError) as caught:
        read(serve(stream_of(event("The"), 'data: {"error": {"message": "GPU fell over"}}\n\n')))
    assert caught.value.kind == "provider"
    assert "GPU fell over" in str(caught.value)


def test_a_server_that_does_not_stream_still_answers(serve: Serve) -> None:
    pieces, reply = read(serve(lambda body, n: completion("About 1.5 L.")))
    assert pieces == ["About 1.5 L."]
    assert reply.finish_reason == "stop"


def test_status_errors_before_a_stream_are_classified(serve: Serve) -> None:
    with pytest.raises(EndpointError) as caught:
        read(serve(lambda body, n: (401, {"error": {"message": "bad key"}})))
    assert caught.value.kind == "auth"


def test_a_refusal_in_pieces(serve: Serve) -> None:
    refusal = 'data: {"choices": [{"delta": {"refusal": "I cannot"}, "finish_reason": "stop"}]}\n\n'
    with pytest.raises(EndpointError) as caught:
        read(serve(stream_of(refusal)))
    assert caught.value.kind == "refusal"


@pytest.mark.parametrize("cut", [1, 3, 10, 25])
def test_a_key_that_comes_back_in_pieces_is_struck(serve: Serve, cut: int) -> None:
    """Shown as it comes, and recorded afterwards: text, thinking and the model's name."""
    said = f"Your key is {CANARY}, I think; sk-can is only its beginning, sk-"
    pieces = [said[i : i + cut] for i in range(0, len(said), cut)]
    thought = {"choices": [{"delta": {"reasoning_content": f"hm {CANARY}"}}], "model": CANARY}
    events = [f"data: {json.dumps(thought)}\n\n", *map(event, pieces)]
    served = serve(stream_of(*events, event(finish="stop"), "data: [DONE]\n\n"))
    shown, reply = read(served, key=SecretStr(CANARY))
    assert "".join(shown) == reply.text == said.replace(CANARY, "***")
    assert CANARY not in str(reply)


def test_what_a_broken_stream_leaves_is_struck(serve: Serve) -> None:
    served = serve(stream_of(event("Your key is sk-canary-0123"), event("456789abcdef, and")))
    with pytest.raises(EndpointError) as caught:
        read(served, key=SecretStr(CANARY))
    assert caught.value.reply is not None
    assert caught.value.reply.text == "Your key is ***, and"


def test_a_reply_without_a_stream_is_struck_too(serve: Serve) -> None:
    served = serve(lambda body, n: completion(f"Your key is {CANARY}."))
    shown, reply = read(served, key=SecretStr(CANARY))
    assert shown == ["Your key is ***."]
    assert reply.text == "Your key is ***."
