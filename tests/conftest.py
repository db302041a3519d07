"""Fixtures for all tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("SPATIALMED_SHARED", REPOSITORY.parent / "shared"))


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has settings, data and cache of its own, and no model endpoint from the environment."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("SPATIALMED_HOME", str(home))
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """A real scan or oracle by its path below the shared folder; skips where that isn't on this machine."""

    def find(path: str) -> Path:
        found = SHARED / path
        if not found.exists():
            pytest.skip(f"real data not on this machine: {path}")
        return found

    return find
