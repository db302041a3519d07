"""Open and close windows, plain napari's and ours in one process, and count what stays behind.

Run under a display: ``xvfb-run -a -s "-screen 0 1920x1200x24" python benchmarks/viewer_leaks.py --windows 20``.  napari
keeps something of every window itself, so each figure stands beside plain napari's.  A test runs it with fewer windows.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import sys
import tempfile
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication

from napari_spatialmed import benchmark as benchmarks
from napari_spatialmed.case import Case, make_case
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.workspace import open_workspace, show_dock

WARM_UP = 2
"""Windows at the start that fill caches: fonts, shaders, compiled expressions."""
PATIENCE_S = 120


def small_case() -> Case:
    """Two blocks in a scan of 4 MB: a kept copy would show in the memory at once."""
    labels = np.zeros((128, 128, 128), np.uint8)
    labels[80:120, 70:110, 40:90] = 1
    labels[10:40, 10:40, 40:90] = 2
    image = np.where(labels == 1, 200, np.where(labels == 2, 60, -100)).astype(np.int16)
    return make_case(labels, np.eye(4), names={1: "liver", 2: "kidney_left"}, image=image, modality="CT")


def live(until: Callable[[], bool] = lambda: True, least: float = 0.1) -> None:
    """Let the event loop run."""
    end = time.perf_counter() + least
    last = time.perf_counter() + PATIENCE_S
    while time.perf_counter() < end or not until():
        QApplication.processEvents()
        if time.perf_counter() > last:
            raise TimeoutError("the window did not come to rest")
        time.sleep(0.002)


def clean() -> None:
    """What Python and Qt delete later is deleted now."""
    for _ in range(3):
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        QApplication.processEvents()
        gc.collect()


def plain_window() -> dict[str, weakref.ref[Any]]:
    """A scan and its labels as napari shows them, in 2D and 3D."""
    case = small_case()
    viewer = napari.Viewer()
    viewer.window.resize(800, 600)
    viewer.add_image(case.image)
    viewer.add_labels(case.labels)
    live()
    viewer.dims.ndisplay = 3
    live()
    viewer.close()
    return {"viewer": weakref.ref(viewer)}


def our_window() -> dict[str, weakref.ref[Any]]:
    """The workspace with every dock, a case in 2D and 3D, measured and drawn, questions proposed, one to be curated."""
    viewer = napari.Viewer()
    viewer.window.resize(800, 600)
    open_workspace(viewer)
    session, case = session_for(viewer), small_case()
    session.set_case(case, CaseGeometry(case))
    session.select(["liver", "kidney_left"])
    measure: Any = show_dock(viewer, "Measure")
    measure.calculators.tick(["volume_ml", "surface_distance_mm"])
    measure.measure()
    live(lambda: bool(session.measurements))
    session.scene.draw(session.measurements, go=True)
    session.scene.view_from("A")
    live(lambda: session.scene.surfaces.complete)
    kept = {name: weakref.ref(widget) for name, widget in viewer.window.dock_widgets.items()}
    kept |= {
        "viewer": weakref.ref(viewer),
        "session": weakref.ref(session),
        "scene": weakref.ref(session.scene),
        "geometry": weakref.ref(session.geometry),
    }
    with tempfile.TemporaryDirectory() as folder:
        session.set_benchmark(benchmarks.create(Path(folder) / "b.spatialmed.jsonl", actor="me"))
        propose: Any = show_dock(viewer, "Propose")
        propose.count_box.setValue(2)
        propose.propose()
        live(lambda: propose.result is not None)
        show_dock(viewer, "Curate")
        session.set_question(next(iter(session.benchmark.state.questions), None))
        live()
        viewer.close()
    return kept


def ours_alive() -> Counter[str]:
    """Living objects of our own classes, by class."""
    names = (f"{type(o).__module__}.{type(o).__qualname__}" for o in gc.get_objects())
    return Counter(name for name in names if name.startswith("napari_spatialmed.viewer."))


def resident_mb() -> float:
    """Memory of this process."""
    pages = Path("/proc/self/statm")
    if pages.exists():
        return int(pages.read_text().split()[1]) * resource.getpagesize() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def one_side(window: Callable[[], dict[str, weakref.ref[Any]]], windows: int) -> dict[str, Any]:
    """Open and close; what stays behind after the windows that warm up."""
    memory, survivors, alive = [], Counter[str](), []
    threads: list[int] = []
    for _ in range(WARM_UP + windows):
        kept = window()
        live()
        clean()
        survivors.update(name for name, ref in kept.items() if ref() is not None)
        memory.append(resident_mb())
        alive.append(ours_alive())
        threads.append(sum(1 for t in threading.enumerate() if not t.name.startswith("spatialmed")))
        print(f"{window.__name__} {len(memory)}: {memory[-1]:.0f} MB", file=sys.stderr, flush=True)
    return {
        "survivors": dict(survivors),
        "widgets": len(QApplication.allWidgets()),
        "threads": threads[-1],
        "objects of ours more": dict(alive[-1] - alive[WARM_UP - 1]),
        "MB after warm-up": memory[WARM_UP - 1],
        "MB at the end": memory[-1],
        "MB per window": (memory[-1] - memory[WARM_UP - 1]) / windows,
    }


def main() -> None:
    """Measure both sides and print them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=20)
    windows = parser.parse_args().windows
    found = {"plain": one_side(plain_window, windows), "ours": one_side(our_window, windows)}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
