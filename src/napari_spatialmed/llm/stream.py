"""A streamed reply: pieces of text as they come, without the thinking, and the whole reply at the end."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx2
from pydantic import SecretStr

from napari_spatialmed.llm.endpoint import Endpoint
from napari_spatialmed.llm.errors import EndpointError
from napari_spatialmed.llm.reply import (
    Reply,
    Usage,
    finished,
    message_of,
    read_completion,
    usage_of,
    whole_characters,
)
from napari_spatialmed.llm.striking import StreamStriker, clean, strike_reply, without_key

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_OPEN = re.compile(r"<(?:think|thinking|reasoning)>", re.I)
_CLOSE = re.compile(r"</(?:think|thinking|reasoning)>\s*", re.I)
_LINE_END = re.compile(rb"[\r\n]")
_LONGEST_TAG = len("</reasoning>")


class TextStream:
    """Pieces of a reply.

    Attributes
    ----------
    reply
        The whole reply, once the stream has ended; None before.
    text
        What has come so far, without the thinking.
    """

    def __init__(
        self,
        start: Callable[[], Awaitable[Any]],
        endpoint: Endpoint,
        account: Callable[[Usage], None],
        key: Callable[[], SecretStr | None],
    ) -> None:
        self.reply: Reply | None = None
        self.text = ""
        self._start = start
        self._endpoint = endpoint
        self._account = account
        self._key = key

    async def __aiter__(self) -> AsyncIterator[str]:
        started = time.perf_counter()
        response: httpx2.Response = await self._start()
        failure: EndpointError | None = None
        striker = StreamStriker(self._key())
        try:
            async for piece in self._pieces(response):
                if shown := striker.feed(piece):
                    self.text += shown
                    yield shown
            if shown := striker.rest():
                self.text += shown
                yield shown
        except httpx2.TimeoutException:
            failure = self._broken("timeout", f"the stream stalled for {self._endpoint.timeout:g} s")
        except httpx2.HTTPError as error:
            failure = self._broken("connection", f"the stream broke off ({clean(str(error), None)})")
        except EndpointError as error:
            failure = error
        finally:
            await response.aclose()
        if failure is None and self.reply is None:
            failure = self._broken("connection", "the stream ended before the reply was complete")
        got = failure.reply if failure else self.reply
        if got is not None:
            got = replace(strike_reply(got, self._key()), seconds=time.perf_counter() - started)
            self._account(got.usage)
        if failure is not None:
            failure.reply = got
            raise without_key(failure, self._key())
        self.reply = got

    async def _pieces(self, response: httpx2.Response) -> AsyncIterator[str]:
        if "text/event-stream" not in response.headers.get("content-type", ""):
            self.reply = read_completion(await _body(response, self._endpoint), self._endpoint)
            yield self.reply.text
            return
        raw = Reply("", finish_reason="", model=self._endpoint.model)
        refusal, thinking = "", _ThinkFilter()
        async for line in _lines(response):
            if not line.startswith("data:"):
                continue
            data = line[5:].strip()
            if data == "[DONE]":
                break
            event = _event(data, self._endpoint)
            raw = replace(raw, model=str(event.get("model") or raw.model))
            if event.get("usage"):
                raw = replace(raw, usage=usage_of(event["usage"], self._endpoint))
            for choice in (event.get("choices") or [])[:1]:
                delta = choice.get("delta") or {}
                refusal += str(delta.get("refusal") or "")
                piece = str(delta.get("content") or "")
                thought = str(delta.get("reasoning_content") or delta.get("reasoning") or "")
                raw = replace(
                    raw,
                    text=raw.text + piece,
                    reasoning=raw.reasoning + thought,
                    finish_reason=str(choice.get("finish_reason") or raw.finish_reason),
                )
                if shown := thinking.feed(piece):
                    yield shown
        if shown := thinking.rest():
            yield shown
        if not raw.finish_reason:
            raise EndpointError(
                "connection",
                "the stream ended before the reply was complete",
                where=self._endpoint.place,
                reply=replace(raw, text=whole_characters(raw.text), finish_reason="cut"),
            )
        self.reply = finished(raw, self._endpoint, refusal=refusal)

    def _broken(self, kind: Any, what: str) -> EndpointError:
        return EndpointError(
            kind,
            what,
            where=self._endpoint.place,
            reply=Reply(whole_characters(self.text), finish_reason="cut"),
        )


async def open_stream(
    connection: AsyncOpenAI, endpoint: Endpoint, model: str, body: dict[str, Any]
) -> httpx2.Response:
    """Send a request for a stream; its body is still to be read."""
    opened = await connection.chat.completions.with_raw_response.create(
        model=model,
        stream=True,
        stream_options={"include_usage": True},
        **body,
        extra_body=endpoint.extra_body or None,
    )
    response: httpx2.Response = opened.http_response
    return response


class _ThinkFilter:
    """Holds back what stands between thinking tags, also where a tag is cut by a piece's end."""

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._started = False

    def feed(self, piece: str) -> str:
        self._held += piece
        shown = ""
        while True:
            tag = (_CLOSE if self._inside else _OPEN).search(self._held)
            if tag is None:
                break
            shown += "" if self._inside else self._held[: tag.start()]
            self._held = self._held[tag.end() :]
            self._inside = not self._inside
        if self._inside:
            self._held = self._held[-_LONGEST_TAG:]
            return self._begin(shown)
        cut = self._held.rfind("<")
        keep = len(self._held) - cut if cut >= 0 and len(self._held) - cut < _LONGEST_TAG else 0
        shown += self._held[: len(self._held) - keep]
        self._held = self._held[len(self._held) - keep :]
        return self._begin(shown)

    def rest(self) -> str:
        held, self._held = self._held, ""
        return "" if self._inside else self._begin(held)

    def _begin(self, shown: str) -> str:
        """Without white space before the first word."""
        if not self._started:
            shown = shown.lstrip()
            self._started = bool(shown)
        return shown


async def _lines(response: httpx2.Response) -> AsyncIterator[str]:
    """Lines of an event stream.

    They end in CR, LF or both; httpx2 would end them at all that Unicode calls a line's end, such as U+2028, which a
    model's text may hold as it is.
    """
    held = b""
    async for part in response.aiter_bytes():
        *whole, held = _LINE_END.split(held + part)
        for line in whole:
            yield line.decode("utf-8", "replace")
    yield held.decode("utf-8", "replace")


async def _body(response: httpx2.Response, endpoint: Endpoint) -> Any:
    content = await response.aread()
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        page = b"<html" in content[:500].lower()
        raise EndpointError(
            "not_openai" if page else "garbled",
            "a web page came back instead of a stream" if page else "the body isn't JSON",
            where=endpoint.place,
        ) from None


def _event(data: str, endpoint: Endpoint) -> Mapping[str, Any]:
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        raise EndpointError("garbled", "a piece of the stream isn't JSON", where=endpoint.place) from None
    if not isinstance(event, Mapping) or event.get("error"):
        raise EndpointError("provider", clean(message_of(event), None), where=endpoint.place)
    return event
