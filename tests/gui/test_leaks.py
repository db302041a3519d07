"""Closed workspaces leave nothing behind: in a process of their own, beside plain napari's windows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.gui, pytest.mark.timeout(1800)]
PROGRAM = Path(__file__).resolve().parents[2] / "benchmarks" / "viewer_leaks.py"
NOISE_MB = 20
"""A window's canvas comes and goes with the driver's own caches; a kept window holds some 100 MB."""


def test_closed_workspaces_leave_nothing_behind() -> None:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "--windows", "1"], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    ours, plain = found["ours"], found["plain"]
    assert ours["survivors"] == {}
    assert ours["objects of ours more"] == {}
    assert ours["widgets"] <= plain["widgets"]
    assert ours["threads"] <= plain["threads"]
    assert ours["MB per window"] <= max(plain["MB per window"], 0) + NOISE_MB
