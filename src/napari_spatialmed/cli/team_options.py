"""Who is in the agent team, as options that `propose` and `build` share, and what both print at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from napari_spatialmed import benchmark as journal
from napari_spatialmed.agents import TeamSettings
from napari_spatialmed.agents.models import ModelTeam
from napari_spatialmed.benchmark import Benchmark, BenchmarkError, Funnel
from napari_spatialmed.cli.actors import actor_option, who
from napari_spatialmed.llm import Budget, resolve_endpoint
from napari_spatialmed.questions import TASKS, Task


def team_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of both commands; those about models come together as one argument, `models`."""
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
            "--tasks", help=f"Comma-separated; the paper's six if not given. There are: {', '.join(TASKS)}."
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
        function = decorate(function)
    return function


def model_team(
    *,
    path: Path,
    settings: TeamSettings,
    seed: int,
    endpoint: str | None,
    judge: str | None,
    panel: Sequence[str],
    email: str | None,
    max_calls: int | None,
    max_cost: float | None,
    max_tokens: int,
    yes_send: bool,
    data_set: str | None = None,
) -> ModelTeam:
    """The team that the options name; its paid calls are kept beside the benchmark.

    Raises
    ------
    SpatialMedError
        If there is no such endpoint.
    """
    return ModelTeam(
        generator=None if endpoint is None else resolve_endpoint(endpoint),
        judge=None if judge is None else resolve_endpoint(judge),
        readers=[resolve_endpoint(name) for name in panel],
        email=email,
        data_set=data_set,
        allow_remote=yes_send,
        budget=Budget(calls=max_calls, cost=max_cost),
        journal=path.with_suffix(".calls.jsonl"),
        settings=settings,
        seed=seed,
        max_tokens=max_tokens,
    )


def open_benchmark(path: Path, actor: str | None) -> Benchmark:
    """Open a benchmark file, or make it.

    Raises
    ------
    BenchmarkError
        If its name has another ending.
    """
    if not path.is_dir() and not path.name.endswith(journal.SUFFIX):
        raise BenchmarkError(
            "a benchmark file has another name",
            where=path,
            hint=f"Call it {path.stem.split('.')[0]}{journal.SUFFIX}.",
        )
    name = who(actor)
    return journal.open(path, actor=name) if path.exists() else journal.create(path, actor=name)


def tasks_named(text: str | None) -> tuple[Task, ...] | None:
    """The tasks a comma-separated list names; None where none was given."""
    if text is None:
        return None
    known: dict[str, Task] = {task: task for task in TASKS}
    chosen = [task.strip().upper() for task in text.split(",") if task.strip()]
    unknown = [task for task in chosen if task not in known]
    if unknown or not chosen:
        raise click.BadParameter(
            f"there is no task {', '.join(unknown) or text!r}; there are {', '.join(TASKS)}",
            param_hint="--tasks",
        )
    return tuple(known[task] for task in chosen)


def print_funnel(funnel: Funnel) -> None:
    """How many proposals each stage let through (rule H4)."""
    columns = ("proposed", "rules", "validator", "panel", "waiting", "kept", "dropped", "withdrawn")
    click.echo("task    " + " ".join(f"{name:>9}" for name in columns))
    for task, row in [*funnel.tasks.items(), ("all", funnel.total)]:
        click.echo(f"{task:8}" + " ".join(f"{getattr(row, name):9d}" for name in columns))
    if funnel.by_rule:
        click.echo(
            "turned down by rule: " + ", ".join(f"{rule} {count}" for rule, count in funnel.by_rule.items())
        )
