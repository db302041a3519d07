"""Where the program keeps its own files on this machine: settings, data and cache.

``SPATIALMED_HOME`` moves all three under one folder, for tests and for shared machines.  Nothing here is ever part of a
benchmark.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_APP = "napari-spatialmed"


def config_dir() -> Path:
    """Settings: endpoints, consents, what the docks remember."""
    return _home("config") or Path(platformdirs.user_config_dir(_APP, appauthor=False))


def data_dir() -> Path:
    """What was fetched or indexed: sample scans, where a case's files lie."""
    return _home("data") or Path(platformdirs.user_data_dir(_APP, appauthor=False))


def cache_dir() -> Path:
    """What can be computed again."""
    return _home("cache") or Path(platformdirs.user_cache_dir(_APP, appauthor=False))


def _home(part: str) -> Path | None:
    home = os.environ.get("SPATIALMED_HOME")
    return Path(home) / part if home else None
