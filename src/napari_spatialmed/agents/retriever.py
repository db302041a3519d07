"""The offline retriever: our own small corpus of anatomy and measurement, each passage with its source, in a full-text index."""

from __future__ import annotations

import functools
import importlib.resources
import json
import re
import sqlite3

from napari_spatialmed.agents.passages import Passage
from napari_spatialmed.agents.ranges import references

_STOP = frozenset(
    ["a", "an", "and", "by", "for", "in", "is", "of", "on", "the", "to", "with", "or", "how", "what", "which"]
)


class CorpusRetriever:
    """Searches the corpus in the package; needs no network and no model.

    The index is SQLite's FTS5 in memory with its BM25 ranking and the Porter stemmer.
    """

    name = "offline corpus"

    def __init__(self) -> None:
        self._passages = corpus()
        self._index = sqlite3.connect(":memory:", check_same_thread=False)
        self._index.execute(
            "CREATE VIRTUAL TABLE passages USING fts5(title, text, tokenize='porter unicode61')"
        )
        rows = [(p.title, p.text) for p in self._passages]
        self._index.executemany("INSERT INTO passages(title, text) VALUES (?, ?)", rows)

    async def search(self, query: str, limit: int = 4) -> list[Passage]:
        """Passages that share words with the query, best first; words are quoted, so a query can't be a command."""
        words = [w for w in re.findall(r"[A-Za-z0-9]+", query.casefold()) if w not in _STOP][:40]
        if not words:
            return []
        match = " OR ".join(f'"{word}"' for word in dict.fromkeys(words))
        found = self._index.execute(
            "SELECT rowid FROM passages WHERE passages MATCH ? ORDER BY bm25(passages, 3.0, 1.0), rowid LIMIT ?",
            (match, limit),
        )
        return [self._passages[rowid - 1] for (rowid,) in found]


@functools.cache
def corpus() -> tuple[Passage, ...]:
    """All passages: what was written for the corpus, and one for each row of published volumes."""
    written = json.loads(
        importlib.resources.files("napari_spatialmed.agents").joinpath("data/corpus.json").read_text("utf-8")
    )
    passages = [Passage(f"corpus:{p['id']}", p["text"], p["title"], p["source"]) for p in written["passages"]]
    for number, row in enumerate(references(), start=1):
        who = " ".join(filter(None, [row.side, row.concept.replace("_", " ")]))
        sex = {"M": " in men", "F": " in women"}.get(row.sex, "")
        stated = []
        if row.central is not None:
            stated.append(f"central value {row.central:g} mL")
        if row.low is not None and row.high is not None:
            stated.append(f"{row.basis} {row.low:g} to {row.high:g} mL")
        if stated:
            passages.append(
                Passage(
                    f"corpus:volume-{number}",
                    f"Published volume of the adult {who}{sex}: {'; '.join(stated)}.",
                    f"typical volume of the {who}",
                    row.cite(),
                )
            )
    return tuple(passages)
