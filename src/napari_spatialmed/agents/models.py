"""A team with language models: any member may be one, each with its own endpoint, all within one budget and journal."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from napari_spatialmed.agents.calls import Asked, CallJournal
from napari_spatialmed.agents.generator import Generator, OfflineGenerator
from napari_spatialmed.agents.judge import LLMJudge
from napari_spatialmed.agents.llm_generator import LLMGenerator
from napari_spatialmed.agents.llm_reader import LLMReader
from napari_spatialmed.agents.panel import FEWEST, Panel, PanelError
from napari_spatialmed.agents.passages import Retriever
from napari_spatialmed.agents.prompts import prompt_hash
from napari_spatialmed.agents.pubmed import PubMedRetriever
from napari_spatialmed.agents.retriever import CorpusRetriever
from napari_spatialmed.agents.stopping import FATAL
from napari_spatialmed.agents.team import TeamSettings
from napari_spatialmed.agents.validator import ClinicalRules, Validator
from napari_spatialmed.llm import Budget, Client, Endpoint, EndpointError, require_consent
from napari_spatialmed.questions import Others

T = TypeVar("T")


@dataclass(frozen=True)
class ModelTeam:
    """Members as endpoints; those not given are the offline ones.

    Attributes
    ----------
    generator, judge, readers
        Endpoints.  Readers replace the offline panel and must then be three or more.
    email, ncbi_key
        For PubMed; without an e-mail address the offline corpus is searched.
    data_set
        The case's id, for consent.
    journal
        Paid calls, or the file they are kept in.
    retriever
        Shared by several cases; made by `choose_retriever` if not given.
    max_tokens
        Of each reply; models that think need more.
    """

    generator: Endpoint | None = None
    judge: Endpoint | None = None
    readers: Sequence[Endpoint] = ()
    email: str | None = None
    ncbi_key: str | None = None
    data_set: str | None = None
    allow_remote: bool = False
    budget: Budget | None = None
    journal: Path | CallJournal | None = None
    retriever: Retriever | None = None
    settings: TeamSettings = field(default_factory=TeamSettings)
    seed: int = 0
    max_tokens: int = 1000

    @property
    def endpoints(self) -> list[Endpoint]:
        """All of them, once."""
        named = [self.generator, self.judge, *self.readers]
        return list({e.name: e for e in named if e is not None}.values())

    async def check(self) -> None:
        """Ask every server for its models, so that a wrong key or address shows before anything is written.

        Raises
        ------
        EndpointError, ConsentError, PubMedError
        PanelError
            If there are readers, but too few.
        """
        if self.readers and len(self.readers) < FEWEST:
            raise PanelError(
                f"a blind panel needs {FEWEST} readers, not {len(self.readers)}",
                hint="Name more endpoints, or none for the offline panel.",
            )
        if self.email:
            self.choose_retriever()  # says what is wrong with the address, or what is not installed
        for endpoint in self.endpoints:
            require_consent(endpoint, self.data_set, allow_remote=self.allow_remote)
            async with Client(endpoint) as client:
                try:
                    await client.models()
                except EndpointError as error:
                    # not every server lists its models
                    if error.kind in FATAL - {"not_found"} or error.kind == "timeout":
                        raise

    def choose_retriever(self) -> Retriever:
        """PubMed where there is an e-mail address, else the offline corpus."""
        return PubMedRetriever(self.email, key=self.ncbi_key) if self.email else CorpusRetriever()

    async def run(
        self,
        work: Callable[..., Coroutine[Any, Any, T]],
        *arguments: Any,
        others: Others | None = None,
        **named: Any,
    ) -> T:
        """Run `propose_async` with these members, closing their connections afterwards."""
        journal = self.journal if isinstance(self.journal, CallJournal) else CallJournal(self.journal)
        budget = self.budget or Budget()
        retriever = self.retriever or self.choose_retriever()
        async with AsyncExitStack() as stack:

            async def asked(endpoint: Endpoint, member: str, prompt: str, temperature: float = 0.0) -> Asked:
                client = Client(
                    endpoint, data_set=self.data_set, allow_remote=self.allow_remote, budget=budget
                )
                await stack.enter_async_context(client)
                return Asked(
                    client, journal, member, prompt_hash(prompt), self.seed, self.max_tokens, temperature
                )

            generator: Generator = OfflineGenerator(self.seed, retriever, others)
            if self.generator is not None:
                generator = LLMGenerator(
                    await asked(self.generator, "generator", "generator", 0.7), retriever, others
                )
            validators: list[Validator] = [ClinicalRules(others)]
            if self.judge is not None:
                validators.append(LLMJudge(await asked(self.judge, LLMJudge.name, "judge"), retriever))
            panel = None
            if self.readers:
                readers = [
                    LLMReader(await asked(e, f"blind: {e.name}", "reader"), retriever) for e in self.readers
                ]
                panel = Panel(
                    readers,
                    rule=self.settings.panel_rule,
                    permutations=self.settings.permutations,
                    seed=self.seed,
                )
            return await work(
                *arguments,
                retriever=retriever,
                generator=generator,
                validators=validators,
                panel=panel,
                others=others,
                **named,
            )
