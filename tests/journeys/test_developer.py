"""A developer without a screen: Python first, then the same files on the command line; no Qt, no napari, no network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from napari_spatialmed.case import sample_folder

SCRIPT = """
import socket, sys

def refuse(*_, **__):
    raise AssertionError("something asked for the network")

socket.socket.connect = socket.create_connection = refuse

from napari_spatialmed import benchmark
from napari_spatialmed.agents import propose
from napari_spatialmed.agents.building import record_result
from napari_spatialmed.case import discover, open_case
from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.questions import recompute

opened = benchmark.create(sys.argv[2], actor="dev")
for files in discover(sys.argv[1]):
    case = open_case(files.labels, files.image, names=files.names)
    geometry = CaseGeometry(case)
    name = case.structures[0].name
    assert measure(geometry, "volume_ml", name).value > 0
    opened.register_case(case)
    result = propose(geometry, count=3, seed=1)
    record_result(opened, result)
    assert all(recompute(p.question, geometry).matches for p in result.accepted)
print(len(opened.state.questions))
loaded = {m.split(".")[0] for m in sys.modules} & {"napari", "qtpy", "PyQt6", "PySide6", "openai"}
assert not loaded, loaded
"""


@pytest.mark.alone
def test_a_developer_builds_and_checks_a_benchmark_without_a_window(tmp_path: Path) -> None:
    path, study = tmp_path / "b.spatialmed.jsonl", sample_folder()
    # No screen: whatever asks for one fails.
    world = {
        k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], env=world, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    questions = int(run("-c", SCRIPT, str(study), str(path)))
    assert questions >= 6
    spatialmed = ("-m", "napari_spatialmed")
    assert "chain and schema: ok" in run(*spatialmed, "verify", str(path), "--cases", str(study))
    found = json.loads(run(*spatialmed, "stats", str(path), "--json"))
    assert str(questions) in json.dumps(found)
