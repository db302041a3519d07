"""How many calls an endpoint gets at a time: bounded, halved when the server says "too many", raised again slowly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from napari_spatialmed.llm.endpoint import Endpoint


class Pace:
    """A gate for calls to one server.

    The limit rises by one after as many successes as it has places, and halves after a 429 (additive increase,
    multiplicative decrease, as in TCP); after a 429 nothing starts before the server's Retry-After.

    Parameters
    ----------
    most
        Calls at a time when all is well.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(most)
        self.active = 0
        self.highest = 0
        self._not_before = 0.0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a place, and for the server's pause to end."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.active < max(1, int(self.limit)))
            self.active += 1
            self.highest = max(self.highest, self.active)
        try:
            while (pause := self._not_before - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            yield
        finally:
            async with self._changed:
                self.active -= 1
                self._changed.notify_all()

    def succeeded(self) -> None:
        """Give back a little of what a 429 took."""
        self.limit = min(float(self.most), self.limit + 1.0 / max(1.0, self.limit))

    def slow_down(self, seconds: float) -> None:
        """After a 429: half as many calls, none of them before `seconds` from now."""
        self.limit = max(1.0, self.limit / 2.0)
        self._not_before = max(self._not_before, time.monotonic() + seconds)


_paces: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Pace]] = WeakKeyDictionary()


def pace_of(endpoint: Endpoint) -> Pace:
    """The gate that all clients of a base URL share within the running event loop."""
    paces = _paces.setdefault(asyncio.get_running_loop(), {})
    return paces.setdefault(endpoint.base_url, Pace(endpoint.concurrency))
