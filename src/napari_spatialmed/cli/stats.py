"""Commands that say what a benchmark comes to: stats (counts, funnel, agreement) and audit (the corpus rules)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from napari_spatialmed import benchmark as journal
from napari_spatialmed.cli import EXIT_BAD_INPUT
from napari_spatialmed.cli.foreign import printable
from napari_spatialmed.cli.journal import file_argument, json_option, print_json, print_notices
from napari_spatialmed.wording import counted


@click.command("audit")
@file_argument
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="All questions that reached the reviewers, not only the kept ones.",
)
@json_option
def audit_command(file: Path, everything: bool, as_json: bool) -> None:
    """Check a benchmark's corpus rules: letters, ranks, constant relations, blind baselines.

    Exit code 0 if none is broken, 3 otherwise.
    """
    from napari_spatialmed.questions import audit

    state = journal.read(file).state
    chosen = [
        q.question
        for q in state.questions.values()
        if q.status == "kept" or (everything and q.status != "rejected")
    ]
    if not chosen:
        raise journal.BenchmarkError(
            "no question is kept yet" if not everything else "no question reached the reviewers",
            where=file,
            hint="Try --all." if not everything else None,
        )
    found = audit(chosen)
    if as_json:
        print_json(found.to_dict())
    else:
        click.echo(found.text())
    if not found.passed:
        raise SystemExit(EXIT_BAD_INPUT)


@click.command("stats")
@file_argument
@click.option("--questions", "each", is_flag=True, help="List every question with where it stands.")
@json_option
def stats_command(file: Path, each: bool, as_json: bool) -> None:
    """Counts, funnel and reviewers' agreement."""
    opened = journal.read(file)
    print_notices(opened)
    state = opened.state
    statuses: dict[str, int] = {}
    for question in state.questions.values():
        statuses[question.status] = statuses.get(question.status, 0) + 1
    funnel, agreed = state.funnel(), journal.agreement(state)
    if as_json:
        data: dict[str, Any] = {
            "title": state.title,
            "events": len(state.events),
            "cases": len(state.cases),
            "questions": len(state.questions),
            "statuses": statuses,
            "funnel": funnel.to_dict(),
            "agreement": agreed.to_dict(),
            "responses": len(state.responses),
            "runs": len(state.runs),
        }
        if each:
            data["each"] = [
                {
                    "id": q.id,
                    "case": q.case,
                    "task": q.question.task,
                    "status": q.status,
                    "revision": q.revision,
                }
                for q in state.questions.values()
            ]
        print_json(data)
        return
    click.echo(
        f"{printable(state.title or file.name)}: {counted(len(state.events), 'event')}, {counted(len(state.cases), 'case')}, "
        f"{counted(len(state.questions), 'question')}"
    )
    click.echo("  ".join(f"{name} {count}" for name, count in sorted(statuses.items())))
    click.echo()
    print_funnel(funnel)
    click.echo()
    print_agreement(agreed)
    if each:
        click.echo()
        for q in state.questions.values():
            click.echo(
                f"{q.id}  {q.case}  {q.question.task:6} {q.status:11} r{q.revision}  {printable(q.question.stem)}"
            )


def print_funnel(funnel: journal.Funnel) -> None:
    """The funnel as a table."""
    columns = ("proposed", "rules", "validator", "panel", "withdrawn", "waiting", "dropped", "kept")
    click.echo("task    " + "".join(f"{name:>11}" for name in columns))
    for name, row in [*funnel.tasks.items(), ("all", funnel.total)]:
        click.echo(f"{name:8}" + "".join(f"{getattr(row, column):>11}" for column in columns))
    if funnel.by_rule:
        click.echo(
            "rejected by rule: " + ", ".join(f"{rule} {count}" for rule, count in funnel.by_rule.items())
        )


def print_agreement(agreed: journal.Agreement) -> None:
    """α with its interval, overall, by task and by pair, and each reviewer's part."""

    def line(name: str, alpha: journal.Alpha) -> None:
        value = f"undefined ({alpha.why})" if alpha.value is None else f"α {alpha.value:.3f}"
        interval = (
            f" [{alpha.low:.3f}, {alpha.high:.3f}]"
            if alpha.low is not None and alpha.high is not None
            else ""
        )
        raw = "" if alpha.raw is None else f"  raw {alpha.raw:.3f}"
        click.echo(f"  {name:24} {value}{interval}{raw}  n {alpha.n_used}, left out {alpha.n_left_out}")

    click.echo("agreement (Krippendorff's α, ordinal, 95 % bootstrap)")
    line("all", agreed.overall)
    for task, alpha in agreed.tasks.items():
        line(task, alpha)
    for (a, b), alpha in agreed.pairs.items():
        line(f"{a} × {b}", alpha)
    for name, work in agreed.reviewers.items():
        scores = ", ".join(f"{score}: {count}" for score, count in work.distribution.items())
        click.echo(
            f"  {name}: {work.completed} of {work.assigned} done ({scores}; cannot judge {work.cannot_judge}; stale {work.stale})"
        )
