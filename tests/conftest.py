"""Fixtures for all tests."""

from __future__ import annotations

import os
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytest_httpserver import HTTPServer

from napari_spatialmed.llm import dialect, keys

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("SPATIALMED_SHARED", REPOSITORY.parent / "shared"))

# The same examples every time, however slow the machine; `--hypothesis-profile=search` looks for new ones.
SLOW = [HealthCheck.too_slow]
settings.register_profile("search", deadline=None, suppress_health_check=SLOW)
settings.register_profile("steady", deadline=None, suppress_health_check=SLOW, derandomize=True)
settings.load_profile("steady")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has settings, data and cache of its own, no model endpoint from the environment, and knows of no server."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("SPATIALMED_HOME", str(home))
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(keys, "_session", {})
    monkeypatch.setattr(dialect, "_known", {})
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


@pytest.fixture
def silence(httpserver: HTTPServer) -> Iterator[threading.Event]:
    """What a server waits for that shall not answer as long as the test runs: ``silence.wait(60)``."""
    over = threading.Event()
    yield over
    over.set()
    # The server has one thread: it turns to this once everybody is served who gave up waiting, so none comes up later.
    with suppress(OSError):
        urllib.request.urlopen(httpserver.url_for("/"), timeout=60)
