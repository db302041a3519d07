"""The online retriever: PubMed through NCBI's E-utilities (Biopython's Entrez), only where the user gave an e-mail address.

Rate limit and retries are NCBI's rules; answers are cached for the session and on disk; every passage keeps its PMID.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import json
import re
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from napari_spatialmed.agents.passages import Passage, plain
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.folders import cache_dir
from napari_spatialmed.whole import write_whole

LONGEST_WAIT = 60.0
"""Seconds for one request with its retries; Biopython keeps NCBI's rate limit (3 a second, 10 with a key)."""


class PubMedError(SpatialMedError):
    """PubMed can't be searched."""


class PubMedRetriever:
    """Searches PubMed.

    Parameters
    ----------
    email
        NCBI asks for it and may write to it.
    key
        An NCBI API key, for ten requests a second; kept in memory only.
    cache
        Folder for answers; the user's cache folder if not given.
    """

    name = "PubMed"

    def __init__(self, email: str, *, key: str | None = None, cache: Path | None = None) -> None:
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
            raise PubMedError(
                f"{email!r} is no e-mail address", hint="NCBI wants one for every program that asks."
            )
        if importlib.util.find_spec("Bio") is None:
            raise PubMedError("Biopython is not installed", hint="pip install 'napari-spatialmed[pubmed]'")
        self.email = email
        self._key = key
        self._cache = cache or cache_dir() / "pubmed"
        self._turn = asyncio.Lock()

    async def search(self, query: str, limit: int = 4) -> list[Passage]:
        """Abstracts on a subject, by PubMed's relevance.

        Raises
        ------
        PubMedError
            If NCBI can't be reached or answers with an error.
        """
        query = plain(re.sub(r"[^\w\s-]", " ", query), 200)
        file = self._cache / f"{hashlib.sha256(f'{query}|{limit}'.encode()).hexdigest()[:24]}.json"
        with suppress(OSError, ValueError, TypeError):  # not there, or not readable: it is asked again
            return [Passage(**entry) for entry in json.loads(file.read_text("utf-8"))]
        async with self._turn:
            found = await self._call("esearch", db="pubmed", term=query, retmax=limit, sort="relevance")
            ids = [str(node.text) for node in found.findall(".//IdList/Id")][:limit]
            passages = []
            if ids:
                articles = await self._call("efetch", db="pubmed", id=",".join(ids), retmode="xml")
                passages = [
                    p for node in articles.findall(".//PubmedArticle") if (p := _passage(node)) is not None
                ]
        with suppress(OSError):  # a cache that can't be written costs time only
            write_whole(file, json.dumps([p.to_dict() for p in passages], ensure_ascii=False))
        return passages

    async def _call(self, tool: str, **parameters: Any) -> ElementTree.Element:
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                return await asyncio.to_thread(self._request, tool, parameters)
        except TimeoutError:
            raise PubMedError(
                f"PubMed didn't answer within {LONGEST_WAIT:g} s",
                hint="Try again later, or leave PubMed off.",
            ) from None

    def _request(self, tool: str, parameters: dict[str, Any]) -> ElementTree.Element:
        from Bio import Entrez

        Entrez.email, Entrez.tool, Entrez.api_key = self.email, "napari-spatialmed", self._key
        try:
            with getattr(Entrez, tool)(**parameters) as handle:
                return ElementTree.fromstring(handle.read())
        except (OSError, HTTPException, ElementTree.ParseError) as error:
            said = plain(str(error).replace(self._key or "\x00", "***"), 200)
            raise PubMedError(
                f"PubMed didn't answer: {said}", hint="Try again later, or leave PubMed off."
            ) from None


def _passage(article: ElementTree.Element) -> Passage | None:
    """Title, abstract and PMID of a record; None without an abstract."""
    abstract = " ".join("".join(node.itertext()) for node in article.findall(".//Abstract/AbstractText"))
    pmid = article.findtext(".//MedlineCitation/PMID", "")
    if not abstract.strip() or not pmid.isdigit():
        return None
    title = article.find(".//ArticleTitle")
    journal = article.findtext(".//Journal/ISOAbbreviation", "")
    named = "" if title is None else plain("".join(title.itertext()), 200)
    return Passage(f"PMID:{pmid}", plain(abstract), named, f"{plain(journal, 80)} PMID {pmid}".strip())
