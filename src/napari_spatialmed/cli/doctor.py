"""`spatialmed doctor`: what is missing on this machine."""

from __future__ import annotations

import click

from napari_spatialmed import diagnosis


@click.command("doctor")
@click.option("--names", is_flag=True, help="List the names tables instead.")
def doctor_command(names: bool) -> None:
    """Say what this machine has and what is missing, without secrets: paste it into a bug report."""
    if names:
        from napari_spatialmed.case import name_tables

        for key, table in sorted(name_tables().items()):
            click.echo(f"{key:32} {len(table.labels):4} structures   {table.source}")
        return
    if not diagnosis.report(click.echo):
        raise SystemExit(3)
