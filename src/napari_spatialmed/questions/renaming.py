"""What becomes of a question when the structures of its scan get other names.

A question names structures in its key, evidence and stem.  Where a label only got another spelling of the same anatomy,
the names in it are carried over, as an edit that stands in the journal.  Where a label is now said to be something else, the
question was about something else than it says: it is stale, even if its letter should still fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from napari_spatialmed.case.model import Case
from napari_spatialmed.questions.answering import what_depends_on
from napari_spatialmed.questions.model import Question


@dataclass(frozen=True, slots=True)
class Renaming:
    """What is to be done with one question.

    Attributes
    ----------
    fields
        Field → new value, where names are only spelled otherwise; empty if nothing is to be rewritten.
    stale
        Why it no longer holds; "" if it does.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    stale: str = ""


def after_renaming(question: Question, meant: Mapping[str, tuple[int, str]], after: Case) -> Renaming | None:
    """What the new names of its scan do to a question; None if nothing.

    Parameters
    ----------
    question
        About `after`'s scan.
    meant
        Name → (label, title) as they stood when the question was made.
    after
        The scan under its new names.
    """
    spelled: dict[str, str] = {}
    for name in sorted(what_depends_on(question)):
        if name not in meant:
            continue
        label, title = meant[name]
        if label not in after:
            continue
        now = after[label]
        if now.title != title:
            return Renaming(stale=f"names corrected: what was called {title} (label {label}) is {now.title}")
        if now.name != name:
            spelled[name] = now.name
    if not spelled:
        return None
    old = question.model_dump(mode="json")
    # The key as a whole is one field of a question.
    new = {name: _respelled(old[name], spelled) for name in ("key", "truth", "evidence")}
    return Renaming({name: value for name, value in new.items() if value != old[name]})


def _respelled(value: Any, spelled: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return spelled.get(value, value)
    if isinstance(value, list):
        return [_respelled(item, spelled) for item in value]
    if isinstance(value, dict):
        return {spelled.get(key, key): _respelled(item, spelled) for key, item in value.items()}
    return value
