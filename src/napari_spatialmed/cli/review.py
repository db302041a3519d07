"""`spatialmed review`: score questions in the terminal, one key each; nothing of others is shown before."""

from __future__ import annotations

import sys
import textwrap
from datetime import datetime
from pathlib import Path

import click

from napari_spatialmed import benchmark as journal
from napari_spatialmed.benchmark.events import Score
from napari_spatialmed.cli.actors import actor_option, who
from napari_spatialmed.cli.foreign import printable
from napari_spatialmed.cli.journal import print_json, print_notices
from napari_spatialmed.cli.stats import print_agreement, print_funnel
from napari_spatialmed.evaluation.prompts import measured_facts
from napari_spatialmed.questions import LETTERS
from napari_spatialmed.wording import counted

KEYS = {
    "0": "score 0: unqualified",
    "1": "score 1: acceptable",
    "2": "score 2: well qualified",
    "x": "cannot judge (not a 0)",
    "s": "skip for now",
    "f": "raise a flag",
    "c": "write a comment",
    "u": "undo your last act",
    "?": "show these keys",
    "q": "stop; you can go on later",
}


@click.command("review")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--summary", is_flag=True, help="Only say what waits for you and how far the reviews are.")
@click.option("--skipped", is_flag=True, help="Also show what you skipped.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@actor_option
def review_command(file: Path, summary: bool, skipped: bool, as_json: bool, actor: str | None) -> None:
    """Review the questions of a benchmark file in the terminal.

    Answers may also be piped in, one a line, as they would be typed.
    """
    reviewer = who(actor)
    if summary or as_json:
        _summary(journal.read(file), reviewer, as_json)
        return
    opened = journal.open(file, actor=reviewer, new=False)
    print_notices(opened)
    wanted = {"pending", "draft", "stale"} | ({"skipped"} if skipped else set())
    seen: set[str] = set()
    case = ""
    while True:
        waiting = [i for i in opened.state.queue(reviewer) if i.state in wanted and i.question not in seen]
        if not waiting:
            click.echo("nothing is left to review")
            break
        item = waiting[0]
        if item.case != case:
            case = item.case
            left = sum(i.case == case for i in waiting)
            click.secho(f"\n{case}: {counted(left, 'question')}", bold=True)
        _show(opened, item)
        if not _judge(opened, item.question, seen):
            break
    done = sum(i.state == "scored" for i in opened.state.queue(reviewer))
    click.echo(f"{reviewer}: {done} of {len(opened.state.queue(reviewer))} scored")


def _show(opened: journal.Benchmark, item: journal.QueueItem) -> None:
    shown = journal.visible_to(opened.actor, opened.state.question(item.question))
    question = shown.question
    click.echo(
        f"\n{item.question}  {question.task}  revision {shown.revision}"
        + (f"  {item.note}" if item.note else "")
    )
    click.echo(textwrap.fill(printable(question.stem), 100, initial_indent="  ", subsequent_indent="  "))
    for letter, option in zip(LETTERS, question.options, strict=False):
        mark = "*" if letter == question.answer else " "
        click.echo(f"   {mark} {letter}. {printable(option)}")
    if question.is_open:
        click.echo(f"   * {printable(question.answer_text)}")
    for fact in measured_facts(question):
        click.echo(f"     {printable(fact)}")


def _judge(opened: journal.Benchmark, question: str, seen: set[str]) -> bool:
    """Do what the reviewer says about one question; False to stop."""
    while True:
        key = _ask("0 1 2 x s f c u ? q")
        if key is None or key == "q":
            return False
        if key in ("0", "1", "2", "x"):
            score: Score | None = None if key == "x" else {"0": 0, "1": 1, "2": 2}[key]  # type: ignore[assignment]
            reasons = _reasons() if score is None or score < 2 else ()
            event = opened.review(question, score, reasons)
            click.echo(f"  saved {datetime.fromisoformat(event.time).astimezone():%H:%M:%S}")
            return True
        if key == "s":
            opened.skip(question)
            seen.add(question)
            return True
        if key in ("f", "c"):
            text = _ask("why" if key == "f" else "comment") or ""
            if key == "f":
                opened.flag(question, text)
            elif text:
                opened.comment(question, text)
            click.echo("  saved")
        elif key == "u":
            try:
                undone = opened.state.event(opened.undo().payload.target)
            except journal.BenchmarkError as error:
                click.echo(f"  {error}")
                continue
            click.echo(f"  took back {undone.kind} on {undone.question}")
            seen.discard(undone.question or "")
            return True
        else:
            for name, meaning in KEYS.items():
                click.echo(f"  {name}  {meaning}")


def _reasons() -> tuple[str, ...]:
    codes = list(journal.REASONS)
    listed = "  ".join(f"{number} {code}" for number, code in enumerate(codes, start=1))
    while True:
        given = _ask(f"reasons, by number, or nothing ({listed})") or ""
        parts = given.replace(",", " ").split()
        if all(part.isdecimal() and 1 <= int(part) <= len(codes) for part in parts):
            return tuple(dict.fromkeys(codes[int(part) - 1] for part in parts))
        click.echo("  numbers only")


def _ask(prompt: str) -> str | None:
    """One line from the terminal or a pipe; None when there is no more."""
    click.echo(f"  {prompt} > ", nl=False)
    line = sys.stdin.readline()
    if not sys.stdin.isatty():
        click.echo(line.rstrip("\n"))
    return line.strip() if line else None


def _summary(opened: journal.Benchmark, reviewer: str, as_json: bool) -> None:
    print_notices(opened)
    state = opened.state
    queue = state.queue(reviewer)
    counts = {
        name: sum(i.state == name for i in queue)
        for name in ("pending", "draft", "scored", "skipped", "stale", "conflict")
    }
    agreed = journal.agreement(state)
    if as_json:
        print_json(
            {
                "reviewer": reviewer,
                "queue": counts,
                "funnel": state.funnel().to_dict(),
                "agreement": agreed.to_dict(),
            }
        )
        return
    click.echo(f"{reviewer}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    for item in queue:
        if item.state in ("stale", "conflict"):
            click.echo(f"  {item.question} {item.note}")
    click.echo()
    print_funnel(state.funnel())
    click.echo()
    print_agreement(agreed)
