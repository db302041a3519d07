"""Commands about a benchmark file itself: verify, repair, merge, log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from napari_spatialmed import benchmark as journal
from napari_spatialmed.cli import EXIT_BAD_INPUT, EXIT_PARTLY_DONE
from napari_spatialmed.cli.foreign import printable
from napari_spatialmed.cli.outputs import Output

file_argument = click.argument("file", type=click.Path(path_type=Path))
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_json(data: Any) -> None:
    """JSON for other programs."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=1))


def print_notices(opened: journal.Benchmark) -> None:
    """What was found torn or missing, on stderr."""
    for notice in opened.notices:
        click.echo(f"note: {notice}", err=True)


@click.command("verify")
@file_argument
@click.option(
    "--cases", type=click.Path(path_type=Path), help="Folder of label maps: every answer is computed again."
)
@click.option("--names", help="Names table for cases that were registered with one of your own.")
@json_option
def verify_command(file: Path, cases: Path | None, names: str | None, as_json: bool) -> None:
    """Check a benchmark file: chain, schema and, with --cases, every answer.

    Exit code 0 if all is well, 3 for damage or a wrong answer, 4 if some cases were not there to check.
    """
    found = journal.verify_file(
        file, cases=cases, names=names, progress=None if as_json else lambda text: click.echo(text, err=True)
    )
    if as_json:
        print_json(found.to_dict())
    else:
        _tell(found)
    if not found.ok:
        raise SystemExit(EXIT_BAD_INPUT)
    if not found.complete:
        raise SystemExit(EXIT_PARTLY_DONE)


def _tell(found: journal.Verification) -> None:
    click.echo(
        f"{found.events} events of {found.writers} writers in {found.files} file(s), {found.questions} questions"
    )
    for problem in found.problems:
        click.echo(
            f"DAMAGED {problem.file} line {problem.line}: {problem.text}"
            if problem.line
            else f"WRONG {problem.file}: {problem.text}"
        )
    for notice in found.notices:
        click.echo(f"note: {notice}")
    for wrong in found.mismatches:
        click.echo(
            f"MISMATCH {wrong.question}: stored {wrong.stored!r}, the labels give {wrong.recomputed!r}. {wrong.reason}"
        )
    if found.cases_given:
        click.echo(f"answers: {found.matched} of {found.checked} recomputed ones agree")
        if found.unverified:
            click.echo(
                f"{len(found.unverified)} imported questions have no answer key and can't be recomputed"
            )
        if found.missing_cases:
            click.echo(
                f"not checked, because their label maps are not in the folder: {', '.join(found.missing_cases)}"
            )
    if not found.problems:
        click.echo("chain and schema: ok")
    elif any(problem.line for problem in found.problems):
        click.echo("`spatialmed repair` sets damaged lines aside and keeps the rest.")


@click.command("repair")
@file_argument
def repair_command(file: Path) -> None:
    """Set damaged lines of a benchmark file aside and let the rest stand."""
    done = journal.repair(file)
    if done.original is None:
        click.echo(f"nothing to repair: {done.events} events")
        return
    for damage in done.set_aside:
        click.echo(f"line {damage.line}: {damage.reason}")
    click.echo(
        f"{len(done.set_aside)} lines set aside in {done.quarantine.name}, {done.rescued} of them rescued, "
        f"{done.missing} missing; {done.events} events stand"
    )
    click.echo(f"the file as it was: {done.original.name}")


@click.command("merge")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=Output(), required=True, help="File to write; may be one of FILES.")
def merge_command(files: tuple[Path, ...], out: Path) -> None:
    """Unite benchmark files of several writers; two edits of one text become a conflict that a person settles."""
    done = journal.merge(files, out)
    for path, events, new in done.files:
        click.echo(f"{path}: {events} events, {new} new")
    for notice in done.notices:
        click.echo(f"note: {notice}", err=True)
    if done.benchmarks > 1:
        click.echo(f"note: these are {done.benchmarks} benchmarks that were begun separately", err=True)
    click.echo(f"{done.events} events, {done.questions} questions, {len(done.conflicts)} conflicts → {out}")
    for question in done.conflicts:
        click.echo(f"  conflict: {question}")


@click.command("log")
@file_argument
@click.option("--question", help="Only one question's history.")
@click.option("--last", type=click.IntRange(min=1), help="Only the last N events.")
@json_option
def log_command(file: Path, question: str | None, last: int | None, as_json: bool) -> None:
    """Show a benchmark's history: who, when, what and why."""
    opened = journal.read(file)
    print_notices(opened)
    events = opened.state.events if question is None else opened.state.question(question).history
    shown = events[-last:] if last else events
    if as_json:
        fields = ("id", "time", "actor", "kind", "question", "revision")
        print_json(
            [
                {f: getattr(e, f) for f in fields} | {"payload": e.payload.model_dump(mode="json")}
                for e in shown
            ]
        )
        return
    for event in shown:
        about = f" {event.question} r{event.revision}" if event.question else ""
        line = f"{event.time}  {event.actor:16} {event.kind:18}{about}  {_gist(event)}"
        click.echo(printable(line).replace("\n", " ").rstrip())


def _gist(event: journal.Event) -> str:
    """What an event says, in one line."""
    said = event.payload
    match event.kind:
        case "question_proposed":
            return f"{said.question.task} {said.question.stem}" + ("" if said.accepted else "  (rejected)")
        case "question_edited":
            return f"{said.field}: {said.old!r} → {said.new!r}" + (
                f"  ({said.reason})" if said.reason else ""
            )
        case "review_submitted":
            score = "cannot judge" if said.score is None else said.score
            return " ".join([f"score {score}", *said.reasons, said.comment]).rstrip()
        case "adjudicated":
            return ("keep" if said.keep else "drop") + (f"  ({said.note})" if said.note else "")
        case "undone" | "redone":
            return str(said.target)
        case "note" | "commented" | "flagged":
            return str(said.text)
        case "made_stale" | "proposal_rejected":
            return str(said.reason)
        case "case_registered":
            return f"{said.case} {said.modality}, {len(said.structures)} structures"
        case "run_recorded":
            counts = ", ".join(f"{count} {name}" for name, count in said.run.get("outcomes", {}).items())
            arms = ", ".join(said.run.get("arms", ()))
            return f"{said.run.get('model')} ({said.run.get('layout')}, {arms}): {said.run.get('asked')} asked: {counts}"
        case "response_recorded":
            return f"{said.response.get('model')}: {said.response.get('outcome')}"
        case "repaired":
            return f"{len(said.lines)} lines set aside, {len(said.missing)} missing"
        case _:
            return ""
