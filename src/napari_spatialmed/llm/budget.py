"""How much a job may spend on calls, tokens and money, counted together for all its endpoints."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.llm.endpoint import Endpoint
from napari_spatialmed.llm.reply import Usage


class BudgetError(SpatialMedError):
    """A call that the budget doesn't allow any more."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was used up: calls, prompt and reply tokens, cost (of endpoints with a price)."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0

    @property
    def tokens(self) -> int:
        """Prompt and reply together."""
        return self.tokens_in + self.tokens_out


class Budget:
    """A stop for calls, tokens or cost; shared by any number of clients and threads.

    A call in flight isn't stopped: tokens and cost may exceed the limit by what is under way, the number of calls never.

    Parameters
    ----------
    calls, tokens, cost
        The most allowed; None for no limit.  `cost` is in the currency of the endpoints' prices.
    """

    def __init__(
        self, *, calls: int | None = None, tokens: int | None = None, cost: float | None = None
    ) -> None:
        self.calls, self.tokens, self.cost = calls, tokens, cost
        self._spent = Spent()
        self._lock = threading.Lock()

    @property
    def spent(self) -> Spent:
        """What was used up so far."""
        return self._spent

    def reserve(self, endpoint: Endpoint) -> None:
        """Count a call that is about to be made.

        Raises
        ------
        BudgetError
            If a limit is reached, or a cost limit meets an endpoint without a price.
        """
        with self._lock:
            spent = self._spent
            if self.cost is not None and endpoint.is_remote and endpoint.price_in is None:
                raise BudgetError(
                    "a cost limit needs the endpoint's prices",
                    where=endpoint.place,
                    hint="Set price_in and price_out (per million tokens) in endpoints.toml.",
                )
            for what, used, limit in (
                ("calls", spent.calls, self.calls),
                ("tokens", spent.tokens, self.tokens),
                ("cost", spent.cost, self.cost),
            ):
                if limit is not None and used >= limit:
                    raise BudgetError(
                        f"the budget's {what} are used up: {used:g} of {limit:g}",
                        hint="Raise it and start again to go on.",
                    )
            self._spent = Spent(spent.calls + 1, spent.tokens_in, spent.tokens_out, spent.cost)

    def record(self, usage: Usage) -> None:
        """Add what a call used."""
        with self._lock:
            spent = self._spent
            self._spent = Spent(
                spent.calls,
                spent.tokens_in + usage.tokens_in,
                spent.tokens_out + usage.tokens_out,
                spent.cost + (usage.cost or 0.0),
            )
