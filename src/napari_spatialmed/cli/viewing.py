"""`spatialmed open`: a labelled scan in napari, with the workspace around it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from napari_spatialmed.benchmark import BenchmarkError, read
from napari_spatialmed.cli.cases import case_options, load_case
from napari_spatialmed.diagnosis import has_display
from napari_spatialmed.errors import SpatialMedError


@click.command("open")
@case_options
@click.option("--benchmark", type=click.Path(path_type=Path), help="A benchmark file to curate beside it.")
@click.option("--question", help="With --benchmark: the id of the question to turn to.")
def open_command(
    labels: Path, image: Path | None, names: str | None, benchmark: Path | None, question: str | None
) -> None:
    """Open a labelled scan in napari.

    LABELS is the label map; --image is the scan it belongs to.  The scan is read before the window opens, so that bad
    input ends here, with a sentence and exit code 3.
    """
    if question is not None and benchmark is None:
        raise click.UsageError("--question needs --benchmark, the file that holds it.")
    case = load_case(labels, image, names)
    if benchmark is not None:
        held = read(benchmark).state.questions
        if question is not None and question not in held:
            raise BenchmarkError(
                f"there is no question {question}",
                where=benchmark,
                hint="`spatialmed stats FILE --questions` lists them.",
            )
    if not has_display() and "QT_QPA_PLATFORM" not in os.environ:
        # Qt would end the program with a signal.
        raise SpatialMedError(
            "there is no display to open a window on",
            hint="Run it in a desktop session. `spatialmed measure` and `propose` need no display.",
        )
    # napari and its window system are imported only by the commands that open a window.
    import napari
    from npe2 import PluginManager

    viewer = napari.Viewer(title="SpatialMed")
    PluginManager.instance().commands.execute(
        "napari-spatialmed.show_case", args=(viewer, case, benchmark, question)
    )
    napari.run()
