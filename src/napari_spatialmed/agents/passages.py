"""Passages: retrieved text with its source, always handed on as data, never as an instruction."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

LONGEST = 600
"""Characters of a passage or name that are ever put into a prompt."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of text from the corpus or from PubMed.

    Attributes
    ----------
    id
        ``corpus:…`` or ``PMID:…``.
    text, title
        What it says.
    source
        Its citation.
    """

    id: str
    text: str
    title: str = ""
    source: str = ""

    def to_dict(self) -> dict[str, str]:
        """As JSON data, for provenance."""
        return asdict(self)


class Retriever(Protocol):
    """Finds passages on a subject."""

    name: str

    async def search(self, query: str, limit: int = 4) -> list[Passage]:
        """The passages that fit best, best first."""
        ...


def quoted(passages: Sequence[Passage]) -> str:
    """Passages as JSON lines: a model sees strings in a list, with everything that could close the list escaped."""
    return "\n".join(
        json.dumps({"id": plain(p.id), "source": plain(p.source), "text": plain(p.text)}, ensure_ascii=True)
        for p in passages
    )


def plain(text: str, longest: int = LONGEST) -> str:
    """Foreign text as one short line without control or formatting characters."""
    kept = "".join(
        " " if c.isspace() else c for c in text if not unicodedata.category(c).startswith("C") or c.isspace()
    )
    kept = re.sub(r"\s+", " ", kept).strip()
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"
