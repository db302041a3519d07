"""`spatialmed open`: a labelled scan in napari, with the workspace around it."""

from __future__ import annotations

from pathlib import Path

import click

from napari_spatialmed.cli.cases import case_options, load_case


@click.command("open")
@case_options
@click.option("--benchmark", type=click.Path(path_type=Path), help="A benchmark file to curate beside it.")
def open_command(labels: Path, image: Path | None, names: str | None, benchmark: Path | None) -> None:
    """Open a labelled scan in napari.

    LABELS is the label map; --image is the scan it belongs to.  The scan is read before the window opens, so that bad
    input ends here, with a sentence and exit code 3.
    """
    case = load_case(labels, image, names)
    # napari and its window system are imported only by the commands that open a window.
    import napari
    from npe2 import PluginManager

    viewer = napari.Viewer(title="SpatialMed")
    PluginManager.instance().commands.execute("napari-spatialmed.show_case", args=(viewer, case, benchmark))
    napari.run()
