"""Right answer for the right reason?  The paper's 2 × 2 of answer and explanation, and what kind of error was made.

A curator may overrule the class of an error; the overrule is a note in the benchmark's journal, and the last one holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from napari_spatialmed.benchmark import Benchmark, Event, State
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation.claims import Claim

Explanation = Literal["right", "wrong", "nothing to check"]
ErrorClass = Literal["visual perception", "linguistic", "relational", "numeric"]
ERROR_CLASSES: tuple[ErrorClass, ...] = get_args(ErrorClass)

_NUMERIC_TASKS = frozenset({"DIST", "EXT", "VOL", "VOLEST", "COUNT", "SHAPE", "MARG"})
_NOTE = "error class"


def judge_explanation(claims: Sequence[Claim]) -> Explanation:
    """*wrong* if a claim is, *right* if some were checked and all hold."""
    checked = [claim.holds for claim in claims if claim.holds is not None]
    if not checked:
        return "nothing to check"
    return "right" if all(checked) else "wrong"


def classify_error(
    task: str, outcome: str, claims: Sequence[Claim], visible: Mapping[str, int] | None = None
) -> ErrorClass | None:
    """The kind of error behind a wrong or unusable answer; None for a right one, a refusal or a failed call.

    A false or missing sight comes first, then false relations, then false numbers; without any checkable claim the task
    says which of the two it must have been, and an answer that can't be parsed is linguistic.
    """
    if outcome in ("unparsed", "truncated"):
        return "linguistic"
    if outcome != "wrong":
        return None
    failed = {claim.kind for claim in claims if claim.holds is False}
    denied = any(claim.kind == "seen" and "not seen" in claim.said for claim in claims)
    if "seen" in failed or denied or (visible and min(visible.values()) == 0):
        return "visual perception"
    if failed & {"direction", "comparison"}:
        return "relational"
    if "number" in failed:
        return "numeric"
    return "numeric" if task in _NUMERIC_TASKS else "relational"


def override_error(
    benchmark: Benchmark, response_key: str, error: ErrorClass | None, reason: str = ""
) -> Event:
    """Record that a curator sees another kind of error than the machine; None takes an earlier choice back.

    Raises
    ------
    SpatialMedError
        If there is no such class.
    """
    if error is not None and error not in ERROR_CLASSES:
        raise SpatialMedError(f"no error class {error!r}", hint=f"There are: {', '.join(ERROR_CLASSES)}.")
    said = {"text": reason, "about": _NOTE, "response": response_key, "class": error or ""}
    return benchmark.append("note", said)


def overrides(state: State) -> dict[str, ErrorClass]:
    """Response's key → class that a curator chose."""
    found: dict[str, ErrorClass] = {}
    for event in state.notes:
        said: Mapping[str, Any] = event.payload.model_dump()
        if said.get("about") != _NOTE:
            continue
        if said.get("class") in ERROR_CLASSES:
            found[str(said.get("response"))] = said["class"]
        elif said.get("class") == "":
            found.pop(str(said.get("response")), None)
    return found
