"""The `spatialmed` command: thin, one file per group of commands.

Commands load when they are called, so that `spatialmed --help` is quick.  Exit codes: 0 done, 2 usage, 3 bad input,
4 partly done.
"""

from __future__ import annotations

import importlib
import sys

import click

from napari_spatialmed import __version__
from napari_spatialmed.cli.foreign import printable
from napari_spatialmed.errors import SpatialMedError

EXIT_BAD_INPUT = 3
EXIT_PARTLY_DONE = 4

COMMANDS = {
    "open": ("viewing", "Open a labelled scan in napari."),
    "demo": ("demo", "Run the main job on a real scan (or the phantom) and show it."),
    "measure": ("measure", "Measure structures and pairs of structures."),
    "propose": ("propose", "Let the agent team propose questions into a benchmark file."),
    "build": ("build", "Propose questions over many cases."),
    "review": ("review", "Review the questions of a benchmark file in the terminal."),
    "ask": ("asking", "Ask a multimodal model about a case."),
    "evaluate": ("evaluate", "Run a model over a benchmark."),
    "score": ("reporting", "Score answers made elsewhere."),
    "report": ("reporting", "Write the report of one or more runs."),
    "verify": ("journal", "Check a benchmark file: chain, schema and, with --cases, every answer."),
    "audit": (
        "stats",
        "Check a benchmark's corpus rules: letters, ranks, constant relations, blind baselines.",
    ),
    "repair": ("journal", "Set damaged lines of a benchmark file aside."),
    "merge": ("journal", "Unite benchmark files of several writers."),
    "log": ("journal", "Show a benchmark's history."),
    "stats": ("stats", "Counts, funnel and reviewers' agreement."),
    "export": ("exchange", "Export a benchmark for Hugging Face and evaluation harnesses."),
    "import": ("exchange", "Import questions, after a dry run."),
    "serve-local": ("serve", "Start a small real model server on this machine, for trying the path."),
    "endpoint": ("serve", "List, add, test and remove model endpoints."),
    "doctor": ("doctor", "Say what is missing on this machine."),
}
"""Command → (module of this folder, one line of help)."""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"{__name__}.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_") + "_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="spatialmed")
def cli() -> None:
    """Spatial questions from labelled scans, with answers that anyone can recompute.

    For research; not a medical device.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; bad input ends in one clear sentence and exit code 3."""
    try:
        cli.main(args=arguments, prog_name="spatialmed")
    except SpatialMedError as error:
        click.echo(printable(f"spatialmed: {error}"), err=True)
        sys.exit(EXIT_BAD_INPUT)
    except OSError as error:
        # Where files are read and written the floors say it better; this is for the name that no system takes.
        told = SpatialMedError(
            (error.strerror or str(error)).lower(),
            where=error.filename,
            hint="Check the name, your rights there, and the space on the disk.",
        )
        click.echo(f"spatialmed: {told}", err=True)
        sys.exit(EXIT_BAD_INPUT)
