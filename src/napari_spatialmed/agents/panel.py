"""The blind panel: readers who never see the scan; what enough of them get right asks about anatomy, not about the scan."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, Literal, TypeVar

from pydantic import JsonValue

from napari_spatialmed.agents.blind import Answerer, BlindAnswer, blind_item, is_right, orders
from napari_spatialmed.agents.proposal import Message
from napari_spatialmed.agents.stopping import FATAL
from napari_spatialmed.case import Case
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.llm import BudgetError, ConsentError, EndpointError
from napari_spatialmed.questions import RULES, Question, Verdict

T = TypeVar("T")

MEMBER = "blind panel"
PanelRule = Literal["majority", "paper"]

ENOUGH = 2
"""So many readers who know the answer make a question trivial."""
FEWEST = 3
"""A panel has at least so many readers."""
LEAST_LEFT = 3
"""So many options must be left of those that the panel doesn't agree on; ours."""
BLIND_TOLERANCE = 0.10
"""A blind estimate of an open number counts as right within this share of the truth; ours."""


class PanelError(SpatialMedError):
    """A panel that can't judge by the rules."""


class Panel:
    """Asks each reader and counts.

    Parameters
    ----------
    answerers
        At least three.
    rule
        ``majority``: each reader is asked under `permutations` orders of the options and knows the answer if most of
        them are right.  ``paper``: each is asked once.
    permutations
        At least three with ``majority``.
    seed
        Chooses the orders.
    """

    def __init__(
        self,
        answerers: Sequence[Answerer],
        *,
        rule: PanelRule = "majority",
        permutations: int = 3,
        seed: int = 0,
    ) -> None:
        if len(answerers) < FEWEST:
            raise PanelError(
                f"a blind panel needs {FEWEST} readers, not {len(answerers)}",
                hint="Add endpoints, or use the offline panel.",
            )
        if rule == "majority" and permutations < 3:
            raise PanelError("each reader is asked under at least three orders of the options")
        self.answerers = list(answerers)
        self.rule = rule
        self.permutations = permutations if rule == "majority" else 1
        self.seed = seed

    async def judge(self, question: Question, case: Case) -> tuple[Verdict, list[Message]]:
        """One verdict by rule P2 (or P4, if readers failed), with each reader's votes in its detail.

        That a question passed tells that what the readers agree on is wrong.  Where the other options are too few, this
        tells the answer to whoever knows what blind readers say: such a question is trivial, too.
        """
        results = await _all_of(self._ask(answerer, question, case) for answerer in self.answerers)
        votes: dict[str, JsonValue] = {}
        messages: list[Message] = []
        knowing, failing = [], []
        believed: Counter[int] = Counter()
        for answerer, (chosen, right, asked, failed, said) in zip(self.answerers, results, strict=True):
            believed.update(option for option, times in chosen.items() if 2 * times > asked)
            votes[answerer.name] = {
                "right": right,
                "asked": asked,
                "failed": failed,
                "said": list[JsonValue](said),
            }
            messages.append(
                Message(
                    answerer.name,
                    "reply",
                    "; ".join(said),
                    {"right": right, "asked": asked, "failed": failed},
                )
            )
            if 2 * right > asked:
                knowing.append(answerer.name)
            elif failed:
                failing.append(answerer.name)
        detail: dict[str, JsonValue] = {"rule": self.rule, "votes": votes}
        count = len(self.answerers)
        if len(knowing) >= ENOUGH:
            reason = (
                f"{len(knowing)} of {count} readers who never saw the scan answered it: {', '.join(knowing)}."
            )
            return RULES["P2"].verdict(False, reason, member=MEMBER, detail=detail), messages
        if failing:
            reason = f"Not validated: {', '.join(failing)} gave no usable answer."
            return RULES["P4"].verdict(None, reason, member=MEMBER, detail=detail), messages
        agreed = [option for option, readers in believed.items() if readers >= ENOUGH]
        if self.rule == "majority" and agreed and len(question.options) - len(agreed) < LEAST_LEFT:
            reason = (
                f"{believed[agreed[0]]} of {count} readers who never saw the scan agree on {question.options[agreed[0]]!r}. Only "
                "where that is wrong could it be asked, so that its being asked would tell the answer or leave too few options."
            )
            return RULES["P2"].verdict(False, reason, member=MEMBER, detail=detail), messages
        reason = f"{len(knowing)} of {count} readers who never saw the scan answered it."
        return RULES["P2"].verdict(True, reason, member=MEMBER, detail=detail), messages

    async def _ask(
        self, answerer: Answerer, question: Question, case: Case
    ) -> tuple[Counter[int], int, int, int, list[str]]:
        """How often which option was chosen; right answers, orders asked, failures, and what was said."""
        chosen = orders(question, self.permutations, self.seed)
        outcomes = await _all_of(_one(answerer, question, case, order) for order in chosen)
        right = failed = 0
        options: Counter[int] = Counter()
        said = []
        for order, outcome in zip(chosen, outcomes, strict=True):
            if isinstance(outcome, str):
                failed += 1
                said.append(f"failed: {outcome}")
            else:
                right += is_right(question, order, outcome, tolerance=BLIND_TOLERANCE)
                if outcome.option is not None:
                    options[order[outcome.option]] += 1
                said.append(outcome.said)
        return options, right, len(chosen), failed, said


async def _all_of(calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Everything's outcome; a failure is raised only when all have ended, so that no reply on its way is lost (and paid again)."""
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    found: list[T] = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
        found.append(outcome)
    return found


async def _one(
    answerer: Answerer, question: Question, case: Case, order: tuple[int, ...]
) -> BlindAnswer | str:
    """The answer, or why there is none."""
    try:
        return await answerer.answer(blind_item(question, case, order))
    except (BudgetError, ConsentError):
        raise  # not the reader's failure: the whole run stops
    except SpatialMedError as error:
        if isinstance(error, EndpointError) and error.kind in FATAL:
            raise
        return error.what
