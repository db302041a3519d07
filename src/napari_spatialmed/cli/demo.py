"""`spatialmed demo`: the main job on a real scan, in a window or, without a display, as pictures."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from napari_spatialmed.diagnosis import has_display
from napari_spatialmed.errors import SpatialMedError

VIRTUAL_DISPLAY = ("xvfb-run", "-a", "-s", "-screen 0 1920x1200x24")
PAGE = "index.html"


@click.command("demo")
@click.option(
    "--sample",
    type=click.Choice(["real", "phantom"]),
    default="real",
    show_default=True,
    help="The real scan is fetched once; offline the phantom is shown.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-output"),
    show_default=True,
    help="Where pictures go without a display.",
)
@click.option(
    "--pictures", is_flag=True, help="Leave pictures instead of a window even where there is a display."
)
def demo_command(sample: str, output: Path, pictures: bool) -> None:
    """Run the main job: open a labelled scan, measure, propose, curate, ask.

    With a display napari opens with everything set up.  Without one the same journey runs on a virtual display and leaves
    the benchmark file, screenshots and a page that shows them.  For research; not a medical device.
    """
    key = "totalsegmentator-abdomen" if sample == "real" else "phantom-abdomen"
    if not has_display():
        raise SystemExit(_under_a_virtual_display(sample, output))
    if pictures:
        _leave_pictures(key, output)
    else:
        _open_window(key)


def _under_a_virtual_display(sample: str, output: Path) -> int:
    if shutil.which(VIRTUAL_DISPLAY[0]) is None:
        raise SpatialMedError(
            "there is no display, and no virtual one", hint="Install it: sudo apt-get install xvfb xauth"
        )
    again = [
        sys.executable,
        "-m",
        "napari_spatialmed",
        "demo",
        "--pictures",
        "--sample",
        sample,
        "--output",
        str(output),
    ]
    # A virtual screen has no graphics card: one software renderer thread a core, and no desktop settings asked for.
    environment = {**os.environ, "QT_QPA_PLATFORM": "xcb", "LIBGL_ALWAYS_SOFTWARE": "1"}
    return subprocess.run([*VIRTUAL_DISPLAY, *again], env=environment, check=False).returncode


def _viewer() -> Any:
    try:
        import napari
    except ImportError:
        raise SpatialMedError(
            "napari is not installed", hint='pip install "napari-spatialmed[all]"'
        ) from None
    return napari.Viewer(title="napari-spatialmed")


def _run(command: str, *arguments: Any) -> Any:
    """Call a command of the plugin's manifest: the viewer's floor is reached through napari alone."""
    from npe2 import PluginManager

    return PluginManager.instance().commands.execute(f"napari-spatialmed.{command}", args=arguments)


def _leave_pictures(sample: str, output: Path) -> None:
    viewer = _viewer()
    viewer.window.resize(1900, 1160)
    try:
        journey = _run("run_journey", viewer, output, sample, click.echo)
    finally:
        viewer.close()
    click.echo(f"\nBenchmark   {journey.benchmark}\nPictures    {journey.folder}\nPage        {journey.page}")


def _open_window(sample: str) -> None:
    import napari

    viewer = _viewer()
    path = _run("prepare_demo", viewer, sample, click.echo)
    click.echo(f"The demo's benchmark is {path}. Close the window to end.")
    napari.run()
    click.echo(f"Benchmark   {path}")
