"""Plain napari beside ours, on the same synthetic scan in the same run: open, switch to 3D, turn, memory, stalls.

Run under a display: ``xvfb-run -a -s "-screen 0 1920x1200x24" python benchmarks/viewer.py``; ``--shape 400 512 512
--labels 117`` is the full size.  Each side runs in a process of its own, so that peaks of memory don't mix.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SPACING = (1.5, 0.8, 0.8)
TURNS = 5


def write_scan(folder: Path, shape: tuple[int, int, int], labels: int) -> None:
    """A torso's organs, and a CT that fits them."""
    sys.path.insert(0, str(Path(__file__).parent))
    from geometry_map import torso

    organs = torso(shape, labels)
    noise = np.random.default_rng(0).normal(0, 12, shape).astype(np.int16)
    np.save(folder / "labels.npy", organs)
    np.save(folder / "image.npy", (organs.astype(np.int16) * 2 - 60 + noise).astype(np.int16))


class EventLoopWatch:
    """The longest time between two turns of the event loop."""

    def __init__(self) -> None:
        from qtpy.QtCore import QTimer

        self.longest = 0.0
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setInterval(1)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin anew."""
        self.longest, self._last = 0.0, time.perf_counter()
        self._timer.start()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.longest, self._last = max(self.longest, now - self._last), now


def one_side(side: str, folder: Path) -> dict[str, float]:
    """Open, switch to 3D, turn; seconds, and peak memory in MB."""
    import napari
    from qtpy.QtWidgets import QApplication

    labels, image = np.load(folder / "labels.npy"), np.load(folder / "image.npy")
    viewer = napari.Viewer()
    viewer.window.resize(1200, 900)
    watch = EventLoopWatch()

    def live(until: Callable[[], bool], least: float = 0.0) -> None:
        end = time.perf_counter() + least
        while time.perf_counter() < end or not until():
            QApplication.processEvents()
            time.sleep(0.001)

    def picture() -> Any:
        return viewer.screenshot(canvas_only=True, flash=False)

    live(lambda: True, 1.0)
    found: dict[str, float] = {}
    if side == "ours":
        from napari_spatialmed.case import Case, make_case
        from napari_spatialmed.viewer.opening import open_prepared
        from napari_spatialmed.viewer.session import session_for

        affine = np.zeros((4, 4))
        affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = -SPACING[0], -SPACING[1], -SPACING[2], 1.0
        names = {int(n): f"organ_{n}" for n in np.unique(labels) if n}
        case: Case = make_case(labels, affine, names=names, image=image, modality="CT")
        session = session_for(viewer)
        watch.start()
        started = time.perf_counter()
        session.opening.run("Opening", open_prepared, lambda progress: case)
        live(lambda: session.case is not None)
        picture()
        found["open"] = time.perf_counter() - started
        found["longest stall while opening"] = watch.longest
        watch.start()
        started = time.perf_counter()
        viewer.dims.ndisplay = 3
        picture()
        found["3D"] = time.perf_counter() - started
        live(lambda: session.scene.surfaces.complete)
        picture()
        found["3D with every surface"] = time.perf_counter() - started
        found["longest stall in 3D"] = watch.longest
    else:
        started = time.perf_counter()
        shown = viewer.add_image(image, scale=SPACING, contrast_limits=(-135, 215), colormap="gray")
        viewer.add_labels(labels, scale=SPACING, opacity=0.45)
        picture()
        found["open"] = time.perf_counter() - started
        # The kinder comparison: the label map alone.
        shown.visible = False
        started = time.perf_counter()
        viewer.dims.ndisplay = 3
        picture()
        found["3D"] = time.perf_counter() - started
    frames = []
    for turn in range(TURNS):
        started = time.perf_counter()
        viewer.camera.angles = (0.0, 15.0 * turn, 90.0)
        picture()
        frames.append(time.perf_counter() - started)
    found["rotated frame"] = statistics.median(frames)
    found["peak memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    viewer.close()
    return found


def main() -> None:
    """Measure both sides and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", type=int, nargs=3, default=(400, 512, 512))
    parser.add_argument("--labels", type=int, default=117)
    parser.add_argument("--side", choices=("plain", "ours"))
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.side:
        print("RESULT " + json.dumps(one_side(given.side, given.folder)))
        return
    with tempfile.TemporaryDirectory() as name:
        write_scan(Path(name), tuple(given.shape), given.labels)
        results = {}
        for side in ("plain", "ours"):
            command = [sys.executable, __file__, "--side", side, "--folder", name]
            run = subprocess.run(command, capture_output=True, text=True, check=True)
            line = next(line for line in run.stdout.splitlines() if line.startswith("RESULT "))
            results[side] = json.loads(line.removeprefix("RESULT "))
    print(f"{' × '.join(map(str, given.shape))} voxels, {given.labels} labels; seconds, MB")
    for key, ours in results["ours"].items():
        plain = results["plain"].get(key)
        ratio = "" if plain is None else f"plain {plain:9.2f}   ratio {ours / plain:5.2f}"
        print(f"{key:30} ours {ours:9.2f}   {ratio}")


if __name__ == "__main__":
    main()
