"""`spatialmed demo` on the phantom: every step happens, and what it leaves is what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from napari_spatialmed import benchmark

pytestmark = [pytest.mark.gui, pytest.mark.timeout(1200)]


def test_demo_leaves_a_benchmark_pictures_and_a_page(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "napari_spatialmed",
        "demo",
        "--pictures",
        "--sample",
        "phantom",
        "--output",
        str(tmp_path),
    ]
    # A model that is set up and isn't there: the demo asks its own.
    env = os.environ | {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_MODEL": "gone"}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=1100, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr

    state = benchmark.read(tmp_path / "demo.spatialmed.jsonl").state
    accepted = [q for q in state.questions.values() if q.status != "rejected"]
    assert len(accepted) >= 10
    assert {q.question.task for q in accepted} == {"DIR", "DIST", "EXT", "VOL", "COMP", "VOLEST"}
    assert [q.revision for q in accepted].count(2) == 1, "one stem was edited"
    assert sum(len(q.reviews) for q in accepted) == 1

    pictures = sorted(tmp_path.glob("*.png"))
    assert [p.name for p in pictures] == [
        "1-case-2d.png",
        "2-measure.png",
        "3-case-3d.png",
        "4-propose.png",
        "5-curate.png",
        "6-ask.png",
        "7-report.png",
        "8-light.png",
    ]
    for picture in pictures:
        colors = Image.open(picture).convert("RGB").resize((64, 40)).getcolors(64 * 40)
        assert len(colors or ()) > 20, f"{picture.name} is blank"
    page = (tmp_path / "index.html").read_text("utf-8")
    assert accepted[-1].question.answer_text in page
    assert "Not a medical device" in page
    assert str(tmp_path / "index.html") in done.stdout
