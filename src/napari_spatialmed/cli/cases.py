"""How every command is told which scan it is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from napari_spatialmed.case import Case, CaseError, CaseLibrary, open_case


def case_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``LABELS [--image IMAGE] [--names NAME]`` to a command."""
    for decorate in (
        click.option(
            "--names",
            help="Names table: one of `spatialmed doctor --names`, or a JSON, CSV or ITK-SNAP file.",
        ),
        click.option("--image", type=click.Path(path_type=Path), help="The scan the labels belong to."),
        click.argument("labels", type=click.Path(path_type=Path)),
    ):
        function = decorate(function)
    return function


def load_case(labels: Path, image: Path | None, names: str | None) -> Case:
    """Open a case and tell on stderr what was guessed or changed on the way in."""
    case = open_case(labels, image, names=names)
    names, reason = case.provenance.names, case.provenance.names_reason
    if reason != "given":
        how = " with --names" if names == "none" else ""
        click.echo(f"names: {names} ({reason}{how})", err=True)
    for note in case.provenance.notes:
        click.echo(f"note: {note}", err=True)
    return case


def note_place(case: Case) -> None:
    """Note where a case lies, so that the window finds it for questions about it; tell on stderr where that fails."""
    try:
        CaseLibrary().remember(case)
    except CaseError as error:
        click.echo(f"note: {error}", err=True)
