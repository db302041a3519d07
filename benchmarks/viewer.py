"""Plain napari beside ours, on the same synthetic scan in the same run: open, switch to 3D, turn, memory, stalls; ours also proposes and asks.

Run under a display: ``xvfb-run -a -s "-screen 0 1920x1200x24" python benchmarks/viewer.py``.  Each side runs in a process
of its own, so that peaks of memory don't mix, and ``--rounds`` times in turn, of which the median counts.  Seconds of the
clock tell what a user waits; seconds of the processor tell it without the other programs of a busy machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

SPACING = (1.5, 0.8, 0.8)
TURNS = 7
LOOK_EVERY_MS = 1
"""Looking less often would take several turns for one."""
COUNT = 12
"""Questions to propose."""


def write_scan(folder: Path, shape: tuple[int, int, int], labels: int) -> None:
    """A torso's organs, and a CT that fits them."""
    sys.path.insert(0, str(Path(__file__).parent))
    from geometry_map import torso

    organs = torso(shape, labels)
    noise = np.random.default_rng(0).normal(0, 12, shape).astype(np.int16)
    np.save(folder / "labels.npy", organs)
    np.save(folder / "image.npy", (organs.astype(np.int16) * 2 - 60 + noise).astype(np.int16))


class EventLoopWatch:
    """The longest time between two turns of the event loop, with and without the drawing that falls into it.

    In seconds of the clock, and without drawing also in those of the processor: what it would be on a machine that has
    nothing else to do.  Drawing is what a canvas does, and putting canvases and widgets together to the window's picture:
    both are work for a graphics card, here for the processor.
    """

    def __init__(self, viewer: Any) -> None:
        from qtpy.QtCore import QTimer

        self.longest = self.longest_undrawn = self.longest_undrawn_cpu = 0.0
        self._last = self._draw_began = _now()
        self._drawn = np.zeros(2)
        canvas = viewer.window._qt_viewer.canvas._scene_canvas
        canvas.events.draw.connect(self._before_draw, position="first")
        canvas.events.draw.connect(self._after_draw, position="last")
        self._composing = composing_watch(viewer.window._qt_window, self)
        self._timer = QTimer()
        self._timer.setInterval(LOOK_EVERY_MS)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin anew."""
        self.longest = self.longest_undrawn = self.longest_undrawn_cpu = 0.0
        self._last, self._drawn = _now(), np.zeros(2)
        self._timer.start()

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """All of this counts as drawing, whatever is drawn within."""
        began, drawn = _now(), self._drawn
        yield
        self._drawn = drawn + _now() - began

    def _before_draw(self, event: object) -> None:
        self._draw_began = _now()

    def _after_draw(self, event: object) -> None:
        self._drawn += _now() - self._draw_began

    def _tick(self) -> None:
        now = _now()
        turn = now - self._last
        undrawn, undrawn_cpu = turn - self._drawn
        self.longest = max(self.longest, turn[0])
        self.longest_undrawn = max(self.longest_undrawn, undrawn)
        self.longest_undrawn_cpu = max(self.longest_undrawn_cpu, undrawn_cpu)
        self._last, self._drawn = now, np.zeros(2)


def composing_watch(window: Any, watch: EventLoopWatch) -> Any:
    """An event filter that counts a window's putting together of its picture as drawing."""
    from qtpy.QtCore import QEvent, QObject

    class Composing(QObject):
        def eventFilter(self, watched: Any, event: Any) -> bool:
            if event.type() != QEvent.Type.UpdateRequest:
                return False
            window.removeEventFilter(self)
            with watch.drawing():
                watched.event(event)
            window.installEventFilter(self)
            return True

    found = Composing(window)
    window.installEventFilter(found)
    return found


def _now() -> Any:
    """Seconds of the clock, and of the processor in this thread."""
    return np.array([time.perf_counter(), time.thread_time()])


class Stopwatch:
    """Seconds of the clock and of the processor since it was made."""

    def __init__(self) -> None:
        self._clock, self._processor = time.perf_counter(), time.process_time()

    def note(self, found: dict[str, float], what: str) -> None:
        """Write both down."""
        found[what] = time.perf_counter() - self._clock
        found[f"{what}, CPU"] = time.process_time() - self._processor


def one_side(side: str, folder: Path) -> dict[str, float]:
    """Open, switch to 3D, turn; seconds, and peak memory in MB."""
    import napari
    from qtpy.QtCore import QEventLoop, QTimer

    # Before the arrays: napari keeps hold of all that is named where a viewer is made.
    viewer = napari.Viewer()
    labels, image = np.load(folder / "labels.npy"), np.load(folder / "image.npy")
    viewer.window.resize(1200, 900)
    watch = EventLoopWatch(viewer)

    def live(until: Callable[[], bool], least: float = 0.0) -> None:
        end = time.perf_counter() + least
        loop, timer = QEventLoop(), QTimer()
        timer.timeout.connect(lambda: loop.quit() if time.perf_counter() >= end and until() else None)
        timer.start(LOOK_EVERY_MS)
        loop.exec()

    def picture() -> Any:
        with watch.drawing():
            return viewer.screenshot(canvas_only=True, flash=False)

    def watched(what: str) -> None:
        live(lambda: True, 0.3)
        found[f"longest stall, {what}"] = watch.longest
        found[f"the same without drawing, {what}"] = watch.longest_undrawn
        found[f"the same without drawing, {what}, CPU"] = watch.longest_undrawn_cpu

    found: dict[str, float] = {}
    if side == "ours":
        from napari_spatialmed.case import make_case, name_tables
        from napari_spatialmed.viewer.opening import open_prepared
        from napari_spatialmed.viewer.session import session_for

        affine = np.zeros((4, 4))
        affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = -SPACING[0], -SPACING[1], -SPACING[2], 1.0
        table = name_tables()["totalsegmentator_total"].names
        names = {int(n): table.get(int(n), f"organ_{n}") for n in np.unique(labels) if n}
        case = make_case(labels, affine, names=names, image=image, modality="CT")
        # A case that is read from files has one copy of its arrays, as plain napari has here.
        del labels, image
        session = session_for(viewer)
        live(lambda: True, 1.0)
        watch.start()
        clock = Stopwatch()
        session.opening.run("Opening", open_prepared, lambda progress: case)
        live(lambda: session.case is not None)
        picture()
        clock.note(found, "open")
        watched("opening")
        watch.start()
        clock = Stopwatch()
        viewer.dims.ndisplay = 3
        picture()
        clock.note(found, "3D")
        live(lambda: session.scene.surfaces.complete)
        picture()
        clock.note(found, "3D with every surface")
        watched("3D")
    else:
        live(lambda: True, 1.0)
        watch.start()
        clock = Stopwatch()
        shown = viewer.add_image(image, scale=SPACING, contrast_limits=(-135, 215), colormap="gray")
        viewer.add_labels(labels, scale=SPACING, opacity=0.45)
        picture()
        clock.note(found, "open")
        watched("opening")
        # The kinder comparison: the label map alone.
        shown.visible = False
        watch.start()
        clock = Stopwatch()
        viewer.dims.ndisplay = 3
        picture()
        clock.note(found, "3D")
        watched("3D")
    turns: list[dict[str, float]] = []
    for turn in range(TURNS):
        turns.append({})
        clock = Stopwatch()
        viewer.scene.camera.angles = (0.0, 15.0 * turn, 90.0)
        picture()
        clock.note(turns[-1], "rotated frame")
    found |= {what: statistics.median(t[what] for t in turns) for what in turns[0]}
    found["peak memory, MB"] = peak_mb()
    if side == "ours":
        viewer.dims.ndisplay = 2
        live(lambda: True, 0.5)
        reviewing(session, picture, found)
        proposing_and_asking(session, watch, live, watched, folder, found)
    viewer.close()
    return found


def peak_mb() -> float:
    """The most memory that this process had; `getrusage` would begin with that of the process which started it."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def reviewing(session: Any, picture: Callable[[], Any], found: dict[str, float]) -> None:
    """What a reviewer waits for in 2D: the next question's evidence drawn, and a case that was read ahead."""
    from napari_spatialmed.geometry import measure
    from napari_spatialmed.viewer.opening import open_prepared
    from napari_spatialmed.viewer.work import Job

    names = [s.name for s in session.case][3 : 3 + 2 * TURNS]
    pairs = list(zip(names[::2], names[1::2], strict=True))
    evidence = [measure(session.geometry, "surface_distance_mm", *pair) for pair in pairs]
    times: list[dict[str, float]] = []
    for pair, distance in zip(pairs, evidence, strict=True):
        times.append({})
        clock = Stopwatch()
        session.select(pair)
        session.scene.draw_only((distance,), pair)
        picture()
        clock.note(times[-1], "next question, evidence drawn")
    # The first adds the layers that all others draw in.
    found |= {what: statistics.median(t[what] for t in times[1:]) for what in times[0]}
    ahead = open_prepared(Job(session.opening, -1), lambda progress: session.case)
    clock = Stopwatch()
    session.set_case(*ahead)
    picture()
    clock.note(found, "next case, read ahead")


def proposing_and_asking(
    session: Any,
    watch: EventLoopWatch,
    live: Callable[..., None],
    watched: Callable[[str], None],
    folder: Path,
    found: dict[str, float],
) -> None:
    """A round of proposals over the whole label map, then a model on this machine that answers at once."""
    from napari_spatialmed import benchmark
    from napari_spatialmed.llm import Endpoint, save_endpoint
    from napari_spatialmed.viewer.workspace import show_dock

    path = folder / f"{os.getpid()}.spatialmed.jsonl"
    opened = benchmark.create(path, actor="me")
    opened.register_case(session.case)
    opened.propose(first_question(session.geometry), accepted=True)
    session.set_benchmark(opened)
    propose = show_dock(session.scene.viewer, "Propose")
    propose.count_box.setValue(COUNT)
    live(lambda: True, 1.0)
    watch.start()
    propose.propose()
    live(lambda: propose.result is not None)
    watched("proposing")
    found["questions proposed"] = float(len(propose.result.accepted))
    with model_at_hand() as address:
        save_endpoint(Endpoint(name="here", base_url=address, model="a-vlm"))
        ask = show_dock(session.scene.viewer, "Ask")
        live(lambda: ask.view is not None, 1.0)
        watch.start()
        ask.ask()
        live(lambda: bool(ask.responses) or ask.message.tone == "error")
        watched("asking")
        if not ask.responses:
            raise RuntimeError(ask.message.text())


def first_question(geometry: Any) -> Any:
    """The first structure's volume that may be asked: what is cut by the scan's border may not."""
    from napari_spatialmed.errors import SpatialMedError
    from napari_spatialmed.questions import build_question

    for structure in geometry.case:
        with suppress(SpatialMedError):
            return build_question(geometry, "volest.absolute", (structure.name,), seed=3)
    raise RuntimeError("no structure's volume may be asked")


@contextmanager
def model_at_hand() -> Iterator[str]:
    """Address of a server, in a process of its own, that answers every question with A."""
    with subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        finally:
            server.kill()


_SERVER = """
import json
from http.server import BaseHTTPRequestHandler, HTTPServer

class Model(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        message = {"role": "assistant", "content": "ANSWER: A"}
        body = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

server = HTTPServer(("127.0.0.1", 0), Model)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


def main() -> None:
    """Measure both sides and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", type=int, nargs=3, default=(400, 512, 512))
    parser.add_argument("--labels", type=int, default=117)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=("plain", "ours"))
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.side:
        print("RESULT " + json.dumps(one_side(given.side, given.folder)))
        return
    runs: dict[str, list[dict[str, float]]] = {"plain": [], "ours": []}
    loads = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory() as name:
        write_scan(Path(name), tuple(given.shape), given.labels)
        for _ in range(given.rounds):
            for side, results in runs.items():
                command = [sys.executable, __file__, "--side", side, "--folder", name]
                # Settings of its own: those of whoever measures are none of its business.
                home = os.environ | {"SPATIALMED_HOME": str(Path(name, f"home-{len(loads)}"))}
                run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=home)
                line = next(line for line in run.stdout.splitlines() if line.startswith("RESULT "))
                results.append(json.loads(line.removeprefix("RESULT ")))
                loads.append(os.getloadavg()[0])
    print(
        f"{' × '.join(map(str, given.shape))} voxels, {given.labels} labels; median of {given.rounds}; "
        f"load {min(loads):.1f} to {max(loads):.1f} on {os.cpu_count()} processors"
    )
    for what in runs["ours"][0]:
        ours = statistics.median(run[what] for run in runs["ours"])
        text = f"{what:40} ours {ours:9.2f}"
        if what in runs["plain"][0]:
            plain = statistics.median(run[what] for run in runs["plain"])
            text += f"   plain {plain:9.2f}" + (f"   ratio {ours / plain:5.2f}" if plain > 0.005 else "")
        print(text)


if __name__ == "__main__":
    main()
