"""Asking a model: text, structured and streamed, through any OpenAI-compatible server, with one family of errors.

Every call passes the gates first (consent, message check, budget), then the endpoint's pace, then as many tries as the
kind of failure allows.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pydantic import SecretStr

from napari_spatialmed.llm.budget import Budget
from napari_spatialmed.llm.consent import require_consent
from napari_spatialmed.llm.dialect import Dialect, dialect_of
from napari_spatialmed.llm.endpoint import Endpoint
from napari_spatialmed.llm.errors import EndpointError
from napari_spatialmed.llm.messages import (
    Message,
    assistant_message,
    check_messages,
    picture_count,
    user_message,
)
from napari_spatialmed.llm.pace import pace_of
from napari_spatialmed.llm.reply import Reply, Usage
from napari_spatialmed.llm.schema import Model, portable_schema, read_model
from napari_spatialmed.llm.stream import TextStream

if TYPE_CHECKING:
    from napari_spatialmed.llm.connection import Line

LONGEST_WAIT = 120.0
"""Seconds we wait at a server's request; if it wants more, the call fails and says so."""

_ADAPTATIONS = 8


class Client:
    """Calls to one endpoint.

    Use it as ``async with Client(endpoint) as client`` inside one event loop.

    Parameters
    ----------
    endpoint
        Which model.
    data_set
        Id of the case or benchmark that the messages are about: what consent was given for.
    allow_remote
        The caller's own yes to sending it (``--yes-send``).
    budget
        Shared with other clients of the same job.
    key
        Instead of the environment's or the keyring's.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        data_set: str | None = None,
        allow_remote: bool = False,
        budget: Budget | None = None,
        key: SecretStr | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.data_set = data_set
        self.allow_remote = allow_remote
        self.budget = budget or Budget()
        # Only now: the client library takes a second to load, and most windows never ask a model.
        from napari_spatialmed.llm.connection import Line

        self._line: Line = Line(endpoint, key)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection; a later call opens a new one."""
        await self._line.close()

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int | None = 1024,
        temperature: float | None = 0.0,
        seed: int | None = None,
    ) -> Reply:
        """Ask for free text.

        Raises
        ------
        EndpointError
            With its kind; ``error.reply`` holds what had arrived.
        ConsentError, BudgetError, MessageError
            Before anything is sent.
        """
        parameters = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed}
        return await self._ask(messages, parameters, None, "")

    async def structured(
        self,
        messages: Sequence[Message],
        model: type[Model],
        *,
        schema: dict[str, Any] | None = None,
        max_tokens: int | None = 1024,
        temperature: float | None = 0.0,
        seed: int | None = None,
        reasks: int = 1,
    ) -> tuple[Model, Reply]:
        """Ask for an instance of a pydantic model.

        Parameters
        ----------
        schema
            Narrower than the model's own: with the allowed words of this call, say.
        reasks
            How often the model is shown what was wrong with its reply.

        Returns
        -------
        tuple
            The instance and the reply it was read from, with the usage of all tries.

        Raises
        ------
        EndpointError
            Of kind ``schema`` if the reply never fits; otherwise as `complete`.
        """
        schema = schema or portable_schema(model)
        parameters = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed}
        turns = list(messages)
        used, tries, seconds = Usage(), 0, 0.0
        while True:
            reply = await self._ask(turns, parameters, schema, model.__name__)
            used, tries, seconds = used + reply.usage, tries + reply.tries, seconds + reply.seconds
            reply = replace(reply, usage=used, tries=tries, seconds=seconds)
            try:
                return read_model(reply.text, model), reply
            except ValueError as error:
                problem = str(error)
            if reasks <= 0:
                raise EndpointError(
                    "schema",
                    f"the reply doesn't fit: {problem[:400]}",
                    where=self.endpoint.place,
                    reply=reply,
                )
            reasks -= 1
            turns += [
                assistant_message(reply.text[:2000]),
                user_message(f"That was not valid: {problem[:800]}\nSend only the corrected JSON object."),
            ]

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int | None = 1024,
        temperature: float | None = 0.0,
        seed: int | None = None,
    ) -> TextStream:
        """Ask for text in pieces.

        Returns
        -------
        TextStream
            ``async for piece in stream`` gives text without thinking; afterwards ``stream.reply`` is the whole reply.
            Errors are raised while it is read.
        """
        parameters = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed}
        return TextStream(
            lambda: self._attempts(messages, parameters, None, "", streamed=True),
            self.endpoint,
            self.budget.record,
            lambda: self._line.key,
        )

    async def models(self) -> list[str]:
        """The names of the models that the server offers; nothing of a case is sent.

        Raises
        ------
        EndpointError
            If it can't be reached or doesn't say.
        """
        return await self._line.models()

    async def _ask(
        self,
        messages: Sequence[Message],
        parameters: dict[str, Any],
        schema: dict[str, Any] | None,
        title: str,
    ) -> Reply:
        reply = await self._attempts(messages, parameters, schema, title, streamed=False)
        assert isinstance(reply, Reply)
        return reply

    async def _attempts(
        self,
        messages: Sequence[Message],
        parameters: dict[str, Any],
        schema: dict[str, Any] | None,
        title: str,
        *,
        streamed: bool,
    ) -> Any:
        """A reply, or an open stream, after as many tries as it takes and the endpoint allows."""
        endpoint = self.endpoint
        self._check(messages)
        dialect, pace = dialect_of(endpoint), pace_of(endpoint)
        model = await self._model_name()
        started, used = time.perf_counter(), Usage()
        failures = adaptations = tries = 0
        while True:
            body = dialect.request(messages, parameters, schema, title)
            rung = dialect.rung
            tries += 1
            async with pace.slot():
                self.budget.reserve(endpoint)
                outcome = await self._line.send(model, body, streamed=streamed)
            if not isinstance(outcome, EndpointError):
                pace.succeeded()
                if not isinstance(outcome, Reply):
                    return outcome
                self.budget.record(outcome.usage)
                return replace(
                    outcome, usage=used + outcome.usage, seconds=time.perf_counter() - started, tries=tries
                )
            if outcome.reply is not None:
                self.budget.record(outcome.reply.usage)
                used = used + outcome.reply.usage
                outcome.reply = replace(
                    outcome.reply, usage=used, seconds=time.perf_counter() - started, tries=tries
                )
            if adaptations < _ADAPTATIONS and (dialect.rung != rung or _adapted(dialect, outcome, body)):
                adaptations += 1
                continue
            wait = _wait(outcome, failures)
            failures += 1
            if outcome.kind == "rate_limit":
                pace.slow_down(min(wait, LONGEST_WAIT))
            if not outcome.retryable or failures > endpoint.retries or wait > LONGEST_WAIT:
                raise outcome
            if outcome.kind != "rate_limit":  # the pace holds everyone back after a 429
                await asyncio.sleep(wait)

    def _check(self, messages: Sequence[Message]) -> None:
        check_messages(messages)
        require_consent(self.endpoint, self.data_set, allow_remote=self.allow_remote)
        most, pictures = self.endpoint.max_pictures, picture_count(messages)
        if most is not None and pictures > most:
            raise EndpointError(
                "image", f"{pictures} pictures, but it takes {most}", where=self.endpoint.place
            )

    async def _model_name(self) -> str:
        if self.endpoint.model:
            return self.endpoint.model
        names = await self.models()
        if len(names) != 1:
            raise EndpointError(
                "not_found",
                "no model was named" + (f"; the server offers {', '.join(names[:12])}" if names else ""),
                where=self.endpoint.place,
                hint="Set the endpoint's model (or OPENAI_MODEL).",
            )
        self.endpoint = self.endpoint.model_copy(update={"model": names[0]})
        return names[0]


def _adapted(dialect: Dialect, error: EndpointError, body: dict[str, Any]) -> bool:
    return error.kind in ("bad_request", "server", "image", "not_found", "provider") and dialect.adapt(
        error.what, body
    )


def _wait(error: EndpointError, failures: int) -> float:
    """Seconds before the next try: what the server asks for, else 0.5, 1, 2, … with jitter."""
    if error.retry_after is not None:
        return error.retry_after
    return float(min(30.0, 0.5 * 2**failures) * random.uniform(0.8, 1.2))
