"""Rules U: undecidable means no question."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial

from napari_spatialmed.questions.askable import (
    check_direction,
    check_host,
    check_nameable,
    check_one_piece,
    check_size,
    check_whole,
)
from napari_spatialmed.questions.form import Demands, Form, UndecidableError, title_of
from napari_spatialmed.questions.model import Question
from napari_spatialmed.questions.naming import mentions
from napari_spatialmed.questions.rules.registry import OnScan, declare

_WHICH = re.compile(
    r"\b(?:total|all|together|combined|whole|largest|biggest|smallest|nearest|closest|farthest|any|each|"
    r"most (?:superior|inferior|anterior|posterior|left|right))\b",
    re.I,
)


def _first_broken(rule: str, calls: Iterable[Callable[[], object]]) -> str | None:
    for call in calls:
        try:
            call()
        except UndecidableError as error:
            if error.rule == rule:
                return error.reason
    return None


def _demands(seen: OnScan) -> Demands:
    return seen.form.demands(seen.question.key)


def _clear_direction(seen: OnScan) -> str | None:
    if seen.broken and seen.broken[0] == "U1":
        return seen.broken[1]
    return _first_broken(
        "U1", (partial(check_direction, seen.geometry, *d) for d in _demands(seen).directions)
    )


def _not_truncated(seen: OnScan) -> str | None:
    return _first_broken("U2", (partial(check_whole, seen.geometry, n) for n in _demands(seen).whole))


def _large_enough(seen: OnScan) -> str | None:
    checks = [partial(check_size, seen.geometry, n) for n in seen.question.key.structures]
    checks += [partial(check_one_piece, seen.geometry, n) for n in _demands(seen).one_piece]
    return _first_broken("U3", checks)


def _clear_host(seen: OnScan) -> str | None:
    if seen.broken and seen.broken[0] == "U4":
        return seen.broken[1]
    return _first_broken("U4", (partial(check_host, seen.geometry, n) for n in _demands(seen).hosted))


def _everything_named(question: Question, form: Form) -> str | None:
    key = question.key
    text = " ; ".join((question.stem, *question.options))
    missing = [
        title_of(key, name) for name in key.structures if not mentions(text, title_of(key, name), name)
    ]
    if missing:
        return f"The key is about {' and '.join(missing)}, which the question doesn't name."
    referents = key.params.get("referents")
    if isinstance(referents, dict) and referents and not _WHICH.search(question.stem):
        names = " and ".join(title_of(key, name) for name in referents)
        return f"There are several parts of {names}; the stem must say which, such as the largest, the nearest or all together."
    return None


def _named_things_are_clear(seen: OnScan) -> str | None:
    key, case = seen.question.key, seen.geometry.case
    checks: list[Callable[[], object]] = [
        partial(check_one_piece, seen.geometry, n) for n in _demands(seen).one_piece
    ]
    checks += [partial(check_nameable, case[n]) for n in key.structures]
    if why := _first_broken("U5", checks):
        return why
    named = [title_of(key, name) for name in key.structures]
    for structure in case:
        if structure.name in key.structures or structure.name in seen.form.may_name(key):
            continue
        # "kidney" inside "left kidney" is that kidney, and no other structure.
        inside = any(mentions(title, structure.title, structure.name) for title in named)
        if not inside and mentions(seen.question.stem, structure.title, structure.name, any_order=False):
            return f"The stem names the {structure.title}, which the answer key knows nothing of."
    return None


def _survives_uncertainty(seen: OnScan) -> str | None:
    if seen.found is None:
        return seen.broken[1] if seen.broken and seen.broken[0] == "U6" else None
    return seen.form.fragile(seen.question.key, seen.found)


declare(
    "U1", "A clear direction",
    "Two centres less than 5 mm apart along an axis lie at the same level: either answer would be a matter of one voxel.",
    ("truth",), truth=_clear_direction,
)  # fmt: skip
declare(
    "U2", "Not cut by the border",
    "Of a structure that leaves the scan nobody knows the volume, the extent or the centre.",
    ("truth",), truth=_not_truncated,
)  # fmt: skip
declare(
    "U3", "Large enough, and in one piece",
    "Under 50 voxels (lesions under 20) a structure is a few specks whose numbers mean nothing; an organ in several large pieces has no one centre.",
    ("truth",), truth=_large_enough,
)  # fmt: skip
declare(
    "U4", "A lesion's organ is unambiguous",
    "A lesion between two organs belongs to neither: at least half of its surroundings must be one organ, and no other more than 35 %.",
    ("truth",), truth=_clear_host,
)  # fmt: skip
declare(
    "U5", "Everything asked about is named",
    "A reader must know what is meant: every structure by its name and, of several lesions, which one.",
    ("text", "truth"), text=_everything_named, truth=_named_things_are_clear,
)  # fmt: skip
declare(
    "U6", "The answer survives the measurement's uncertainty",
    "If one voxel at the boundary could turn the answer round, it is no answer.",
    ("truth",), truth=_survives_uncertainty,
)  # fmt: skip
