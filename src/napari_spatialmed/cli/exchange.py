"""`spatialmed export` and `spatialmed import`: to and from the formats of others."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from napari_spatialmed import benchmark as journal
from napari_spatialmed.benchmark.export.folder import check_export_folder
from napari_spatialmed.benchmark.export.items import DEFAULT_SPLITS
from napari_spatialmed.benchmark.verification import open_by_label_hash
from napari_spatialmed.cli import EXIT_PARTLY_DONE
from napari_spatialmed.cli.actors import actor_option, who
from napari_spatialmed.cli.foreign import printable
from napari_spatialmed.cli.outputs import Output

if TYPE_CHECKING:
    from napari_spatialmed.benchmark import ImportPlan, State
    from napari_spatialmed.questions import Question

SCORING_MODULES = {
    "errors.py": "errors.py",
    "markup.py": "evaluation/markup.py",
    "model.py": "questions/model.py",
    "parsing.py": "evaluation/parsing.py",
    "quantities.py": "evaluation/quantities.py",
    "scoring.py": "evaluation/scoring.py",
}


def scoring_code() -> dict[str, str]:
    """The modules that read and score answers, as a package that stands without this program."""
    code = {
        "__init__.py": '"""How answers are read and scored; copied from napari-spatialmed (BSD-3-Clause)."""\n'
    }
    for name, module in SCORING_MODULES.items():
        source = files("napari_spatialmed").joinpath(*module.split("/")).read_text("utf-8")
        code[name] = re.sub(
            r"from napari_spatialmed\.(?:evaluation\.|questions\.)?(\w+) import", r"from .\1 import", source
        )
    return code


def _splits(_: click.Context, __: click.Parameter, text: str | None) -> dict[str, float]:
    if text is None:
        return dict(DEFAULT_SPLITS)
    try:
        pairs = [part.split("=") for part in text.split(",")]
        return {name.strip(): float(share) for name, share in pairs}
    except ValueError:
        raise click.BadParameter("Write it as validation=0.2,test=0.8.") from None


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "format_", type=click.Choice(journal.FORMATS), required=True)
@click.option("--out", type=Output(folder=True), required=True, help="Folder to write.")
@click.option(
    "--cases", type=click.Path(path_type=Path), help="Folder of scans: three pictures go with each question."
)
@click.option("--splits", callback=_splits, help="Share of the patients in each [validation=0.2,test=0.8].")
@click.option("--license", help="Identifier of the licence, for the card.")
def export_command(
    file: Path, format_: Any, out: Path, cases: Path | None, splits: dict[str, float], license: str | None
) -> None:
    """Export the kept questions of a benchmark: hf, jsonl, csv, inspect, vlmeval or lmms."""
    check_export_folder(out)
    found = Rendered() if cases is None else render_all(journal.read(file).state, cases)
    report = journal.export(
        file,
        out,
        format_,
        pictures=None if cases is None else lambda question: found.pictures.get(question.id, []),
        splits=splits,
        scoring=scoring_code(),
        license=license,
        recomputed=found.recomputed,
    )
    shares = ", ".join(f"{name} {count}" for name, count in report.splits.items()) or "none"
    click.echo(
        f"{report.kept} kept questions ({shares}), {report.set_aside} set aside, {report.pictures} pictures → {report.folder}"
    )
    if cases is None:
        click.echo("no pictures: give the scans with --cases FOLDER", err=True)
    if found.missing:
        names = ", ".join(found.missing)
        click.echo(
            f"no pictures, and answers not checked, for cases that are not in {cases}: {names}", err=True
        )
        raise SystemExit(EXIT_PARTLY_DONE)


@dataclass(slots=True)
class Rendered:
    """Pictures by question, how many answers were computed again, and the cases that weren't there."""

    pictures: dict[str, list[bytes]] = field(default_factory=dict)
    recomputed: int = 0
    missing: list[str] = field(default_factory=list)


def render_all(state: State, cases: Path) -> Rendered:
    """Compute every kept answer again and render its pictures, for all scans that lie in a folder.

    Raises
    ------
    BenchmarkError
        If an answer no longer follows from the labels (rule G2).
    """
    from napari_spatialmed.cli.evaluate import source_of
    from napari_spatialmed.evaluation import render_view
    from napari_spatialmed.evaluation.two_scans import open_second, render_two_scans
    from napari_spatialmed.geometry import CaseGeometry
    from napari_spatialmed.questions import FORMS, recompute

    wanted: dict[str, list[Question]] = {}
    for found in state.questions.values():
        if found.status == "kept":
            wanted.setdefault(found.question.label_sha256, []).append(found.question)
    result = Rendered()
    find = source_of((cases,), state)
    for case in open_by_label_hash(
        cases, set(wanted), state, progress=lambda text: click.echo(text, err=True)
    ):
        geometry = CaseGeometry(case)
        for question in wanted.pop(case.label_sha256()):
            second = open_second(question, find)
            if question.key.form in FORMS:
                others = None if second is None else {second.case.id: second}
                again = recompute(question, geometry, others=others)
                if not again.matches:
                    raise journal.BenchmarkError(
                        f"the labels no longer give the answer of {question.id}: {again.reason}",
                        where=cases,
                        hint="Nothing was exported. `spatialmed verify --cases` lists all; mark them stale and review them again.",
                    )
                result.recomputed += 1
            if second is None:
                view = render_view(geometry, question.key.structures)
            else:
                view = render_two_scans(geometry, second, question.key.structures)
            result.pictures[question.id] = [picture.png for picture in view.pictures]
    result.missing = sorted({question.case for left in wanted.values() for question in left})
    return result


@click.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--benchmark",
    "file",
    type=click.Path(path_type=Path),
    required=True,
    help="The benchmark file to add to.",
)
@click.option("--yes", is_flag=True, help="Write it; without this only the plan is shown.")
@click.option("--with-changes", is_flag=True, help="Also take changed texts, as new revisions.")
@actor_option
def import_command(source: Path, file: Path, yes: bool, with_changes: bool, actor: str | None) -> None:
    """Import questions from JSON, JSON Lines, CSV or Parquet, after a dry run.

    SOURCE is one of our own exports or a table with question, options, answer, task and scan.
    """
    held = journal.read(file) if file.exists() else None
    plan = journal.plan_import(source, held.state if held is not None else journal.State())
    show_plan(plan, with_changes)
    if yes:
        opened = journal.open(file, actor=who(actor))
        journal.import_(plan, opened, with_changes=with_changes)
        done = len(plan.added) + (len(plan.changed) if with_changes else 0)
        click.echo(f"wrote {done} questions to {file}")
    else:
        click.echo("nothing was written; add --yes to write it")
    if plan.invalid:
        raise SystemExit(EXIT_PARTLY_DONE)


def show_plan(plan: ImportPlan, with_changes: bool) -> None:
    """Added, changed and invalid, as counts and then one by one."""
    click.echo(
        f"added {len(plan.added)}, changed {len(plan.changed)}, unchanged {plan.unchanged}, invalid {len(plan.invalid)}"
    )
    if plan.unverified:
        click.echo(f"{plan.unverified} of the added have no answer key: nothing can recompute their answers")
    for question in plan.added:
        click.echo(f"  + {question.id} {question.task} {printable(question.stem)}")
    fate = "becomes a new revision" if with_changes else "left as it is; --with-changes takes it"
    for change in plan.changed:
        click.echo(f"  ~ {change.question} {', '.join(change.fields)} ({fate})")
    for row, reason in plan.invalid:
        click.echo(f"  ! row {row}: {printable(reason)}")
