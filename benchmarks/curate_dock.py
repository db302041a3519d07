"""How long the Curate dock's list takes to load, filter, search and sort; and, in a window, how long the next question takes.

    python benchmarks/curate_dock.py [--questions 10000] [--repeats 20]
    xvfb-run -a python benchmarks/curate_dock.py --window

Without ``--window`` what is timed is the list's model and the view on it, as the dock uses them.  Wanted: filter and sort of
10,000 questions < 100 ms.  An edit of one question re-reads the list; that is timed as well.

With it, the workspace is laid out around a phantom and turned from question to question, then to a case that was read ahead.
Wanted: the evidence drawn within 150 ms, the next case within 1 s.  Given in wall and in processor time, up to the moment
when the scene holds the evidence, and up to the first frame of the main picture.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import journal_speed

from napari_spatialmed import benchmark


def median_ms(action: Callable[[], object], repeats: int) -> float:
    """Median time of one call."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return round(statistics.median(times) * 1000, 1)


def in_a_window() -> dict[str, object]:
    """Turn through the questions of one case, then to the next case, in a real window."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SPATIALMED_HOME"] = folder
        import napari
        from qtpy.QtWidgets import QApplication

        from napari_spatialmed.agents import propose
        from napari_spatialmed.agents.building import record_result
        from napari_spatialmed.case import CaseLibrary, open_sample
        from napari_spatialmed.geometry import CaseGeometry
        from napari_spatialmed.viewer.session import session_for
        from napari_spatialmed.viewer.workspace import open_workspace, show_dock

        def rest(seconds: float) -> None:
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                QApplication.processEvents()
                time.sleep(0.002)

        def timed(action: Callable[[], object]) -> tuple[list[float], list[float]]:
            """Wall and processor ms, when the action returned and when the main picture was drawn."""
            drawn: list[tuple[float, float]] = []
            canvas = viewer.window._qt_viewer.canvas._scene_canvas
            canvas.events.draw.connect(
                lambda _event: drawn.append((time.perf_counter(), time.process_time())), position="last"
            )
            rest(1.0)
            drawn.clear()
            wall, processor = time.perf_counter(), time.process_time()
            action()
            called = time.perf_counter() - wall, time.process_time() - processor
            drawn.clear()  # napari may have drawn the case before
            while not drawn:
                QApplication.processEvents()
            all_of_it = drawn[0][0] - wall, drawn[0][1] - processor
            return [1000 * called[0], 1000 * called[1]], [1000 * all_of_it[0], 1000 * all_of_it[1]]

        viewer = napari.Viewer(show=True)
        viewer.window._qt_window.resize(1366, 768)
        open_workspace(viewer)
        session = session_for(viewer)
        session.set_reviewer("anna")
        path = Path(folder) / "b.spatialmed.jsonl"
        opened = benchmark.create(path, actor="team")
        abdomen, brain = open_sample("phantom-abdomen"), open_sample("phantom-brain")
        for case in (abdomen, brain):
            opened.register_case(case)
            record_result(opened, propose(CaseGeometry(case), count=12, seed=1))
            CaseLibrary().remember(case)
        session.set_case(abdomen)
        dock = show_dock(viewer, "Curate")
        dock.open_benchmark(path)
        rest(5.0)
        questions = [q for q in session.benchmark.state.questions.values() if q.status != "rejected"]
        here = [q.id for q in questions if q.case == abdomen.id]
        times = [timed(lambda q=q: session.set_question(q)) for q in here[1:]]
        session.set_question(here[-1])
        while session.ahead.ready != brain.id:
            rest(0.1)
        there = next(q.id for q in questions if q.case == brain.id)
        next_case = timed(lambda: session.set_question(there))
        assert session.case.id == brain.id
        result = {
            "load": os.getloadavg()[0],
            **{
                f"next question, {what}, {clock} ms": round(statistics.median(t[n][k] for t in times))
                for n, what in enumerate(("evidence in the scene", "main picture drawn"))
                for k, clock in enumerate(("wall", "processor"))
            },
            **{
                f"next case read ahead, {what}, {clock} ms": round(next_case[n][k])
                for n, what in enumerate(("evidence in the scene", "main picture drawn"))
                for k, clock in enumerate(("wall", "processor"))
            },
        }
        viewer.close()
    return result


def main() -> None:
    """Fill a benchmark, load it into the list, and time what a reviewer does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--window", action="store_true")
    arguments = parser.parse_args()
    if arguments.window:
        print(json.dumps(in_a_window(), indent=1))
        return
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QApplication

    from napari_spatialmed.viewer.queue_panel import QueuePanel

    program = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.spatialmed.jsonl"
        events = journal_speed.fill(path, arguments.questions)
        opened = benchmark.open(path, actor="anna")
        panel = QueuePanel()
        panel.resize(440, 400)
        panel.show()
        started = time.perf_counter()
        panel.load(opened.state, "anna", {})
        first = round((time.perf_counter() - started) * 1000, 1)
        some = next(iter(opened.state.questions))
        panel.select(some)

        def edited() -> None:
            opened.edit(some, "stem", f"Edited at {time.perf_counter()}")
            panel.load(opened.state, "anna", {})

        def filtered(name: str) -> Callable[[], None]:
            def act() -> None:
                panel.filter_box.setCurrentText("All")
                panel.filter_box.setCurrentText(name)

            return act

        def searched() -> None:
            panel.search.setText("")
            panel.search.setText("liver 99")

        def sorted_by(column: int) -> Callable[[], None]:
            def act() -> None:
                panel.model.sort(column, Qt.SortOrder.DescendingOrder)

            return act

        repeats = arguments.repeats
        result = {
            "questions": arguments.questions,
            "events": events,
            "load, first time": first,
            "save an edit and load again": median_ms(edited, repeats),
            "filter: to do (after all)": median_ms(filtered("To do"), repeats),
            "filter: to adjudicate (after all)": median_ms(filtered("To adjudicate"), repeats),
            "search (after none)": median_ms(searched, repeats),
        }
        panel.filter_box.setCurrentText("All")
        panel.search.setText("")
        result |= {
            f"sort by {name}": median_ms(sorted_by(column), repeats)
            for column, name in ((1, "task"), (2, "question"), (3, "case"))
        }
        result["next question"] = median_ms(lambda: panel.select(panel.beside(1)), repeats)
    program.quit()
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
