"""How long the Curate dock's list takes to load, filter, search and sort.

    python benchmarks/curate_dock.py [--questions 10000] [--repeats 20]

No window is opened: what is timed is the list's model and the view on it, as the dock uses them.  Bar: filter and sort of
10,000 questions < 100 ms.  An edit of one question re-reads the list; that is timed as well.
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


def main() -> None:
    """Fill a benchmark, load it into the list, and time what a reviewer does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=20)
    arguments = parser.parse_args()
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
