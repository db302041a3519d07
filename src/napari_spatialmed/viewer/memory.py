"""What the viewer remembers between sessions on this machine: a reviewer's name, the last folders, the last choices.

A small JSON file in the user's settings folder.  Never keys, never anything of a patient except paths, which stay here.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from napari_spatialmed.folders import config_dir
from napari_spatialmed.whole import write_whole


def memory_path() -> Path:
    """Where it is kept."""
    return config_dir() / "viewer.json"


def _read() -> dict[str, Any]:
    try:
        found = json.loads(memory_path().read_text("utf-8"))
    except (OSError, ValueError):
        return {}  # nothing remembered, or not readable: start afresh
    return found if isinstance(found, dict) else {}


def recall(key: str, default: Any = None) -> Any:
    """What was remembered under `key`."""
    return _read().get(key, default)


def remember(key: str, value: Any) -> None:
    """Keep a JSON value; a settings folder that can't be written is not worth an error."""
    kept = _read() | {key: value}
    with suppress(OSError):
        write_whole(memory_path(), json.dumps(kept, indent=1))
