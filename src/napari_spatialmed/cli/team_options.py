"""Who is in the agent team, as options that `propose` and `build` share: declared once, handed over as one value."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from napari_spatialmed import benchmark as journal
from napari_spatialmed.agents import TeamSettings
from napari_spatialmed.agents.models import ModelTeam
from napari_spatialmed.benchmark import Benchmark, BenchmarkError
from napari_spatialmed.cli.actors import actor_option, who
from napari_spatialmed.llm import Budget, resolve_endpoint
from napari_spatialmed.questions import TASKS, Task


@dataclass(frozen=True, slots=True)
class TeamOptions:
    """What was chosen of the options below; its attributes are named as they are."""

    path: Path
    seed: int
    tasks: tuple[Task, ...] | None
    endpoint: str | None
    judge: str | None
    panel: tuple[str, ...]
    email: str | None
    max_calls: int | None
    max_cost: float | None
    max_tokens: int
    yes_send: bool
    paper_panel: bool
    actor: str | None

    def settings(self, *, concurrency: int = 1) -> TeamSettings:
        """How the team works."""
        return TeamSettings(panel_rule="paper" if self.paper_panel else "majority", concurrency=concurrency)

    def members(self, settings: TeamSettings, *, data_set: str | None = None) -> ModelTeam:
        """The team that the options name; its paid calls are kept beside the benchmark.

        Raises
        ------
        SpatialMedError
            If there is no such endpoint.
        """
        return ModelTeam(
            generator=None if self.endpoint is None else resolve_endpoint(self.endpoint),
            judge=None if self.judge is None else resolve_endpoint(self.judge),
            readers=[resolve_endpoint(name) for name in self.panel],
            email=self.email,
            data_set=data_set,
            allow_remote=self.yes_send,
            budget=Budget(calls=self.max_calls, cost=self.max_cost),
            journal=self.path.absolute().with_suffix(".calls.jsonl"),
            settings=settings,
            seed=self.seed,
            max_tokens=self.max_tokens,
        )

    def open_benchmark(self) -> Benchmark:
        """Open the benchmark file, or make it.

        Raises
        ------
        BenchmarkError
            If its name has another ending.
        """
        path = self.path
        if not path.is_dir() and not path.name.endswith(journal.SUFFIX):
            raise BenchmarkError(
                "a benchmark file has another name",
                where=path,
                hint=f"Call it {path.stem.split('.')[0]}{journal.SUFFIX}.",
            )
        name = who(self.actor)
        return journal.open(path, actor=name) if path.exists() else journal.create(path, actor=name)


def _tasks_named(
    context: click.Context, option: click.Parameter, text: str | None
) -> tuple[Task, ...] | None:
    """The tasks a comma-separated list names; None where none was given."""
    if text is None:
        return None
    known: dict[str, Task] = {task: task for task in TASKS}
    chosen = [task.strip().upper() for task in text.split(",") if task.strip()]
    unknown = [task for task in chosen if task not in known]
    if unknown or not chosen:
        raise click.BadParameter(
            f"There is no task {', '.join(unknown) or text!r}; there are {', '.join(TASKS)}.",
            context,
            option,
        )
    return tuple(known[task] for task in chosen)


def team_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of both commands; the command gets them together as its argument `team`, a `TeamOptions`."""

    @functools.wraps(function)
    def command(**given: Any) -> Any:
        chosen = {field.name: given.pop(field.name) for field in fields(TeamOptions)}
        return function(**given, team=TeamOptions(**chosen))

    found: Callable[..., Any] = command
    for decorate in (
        actor_option,
        click.option(
            "--paper-panel",
            is_flag=True,
            help="Ask each blind reader once, as the paper does, instead of under three orders.",
        ),
        click.option(
            "--yes-send",
            is_flag=True,
            help="Allow measurements and questions of the cases to go to remote endpoints.",
        ),
        click.option(
            "--max-tokens",
            type=click.IntRange(16),
            default=1000,
            show_default=True,
            help="Of a model's reply; models that think need more.",
        ),
        click.option(
            "--max-cost",
            type=click.FloatRange(0, min_open=True),
            help="Stop at this cost (needs the endpoints' prices).",
        ),
        click.option("--max-calls", type=click.IntRange(1), help="Stop after so many calls to models."),
        click.option(
            "--pubmed",
            "email",
            metavar="EMAIL",
            help="Look passages up in PubMed; NCBI wants your e-mail address.",
        ),
        click.option(
            "--panel",
            multiple=True,
            help="Endpoint of a blind reader; give at least three times to replace the offline panel.",
        ),
        click.option("--judge", help="Endpoint of a model that judges clinical sense after the rules."),
        click.option(
            "--endpoint",
            help="Let a language model propose: an endpoint's name, or its base URL (#model).",
        ),
        click.option(
            "--tasks",
            callback=_tasks_named,
            help=f"Comma-separated; the paper's six if not given. There are: {', '.join(TASKS)}.",
        ),
        click.option(
            "--seed", type=int, default=0, show_default=True, help="Same case and seed: same questions."
        ),
        click.option(
            "--benchmark",
            "path",
            required=True,
            type=click.Path(path_type=Path),
            help="NAME.spatialmed.jsonl; made if it isn't there.",
        ),
    ):
        found = decorate(found)
    return found
