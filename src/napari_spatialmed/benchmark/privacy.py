"""The last gate before the disk: a benchmark is mailed and published, so nothing secret may reach it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath

from napari_spatialmed.benchmark.errors import BenchmarkError
from napari_spatialmed.benchmark.events import Payload, ResponseRecorded, RunRecorded

_SECRET_NAME = re.compile(
    r'"(?:api[_-]?key|authorization|password|access[_-]?token|secret)"\s*:\s*"[^"]', re.I
)
_SECRET_VALUE = re.compile(r"\bBearer [\w.~+/-]{8,}|\bsk-[\w-]{16,}|\bhf_[A-Za-z0-9]{20,}")


def refuse_secrets(payload: Payload) -> None:
    """Stop a record of a model that carries a key.

    Raises
    ------
    BenchmarkError
        If a response or run holds something that is or is named like a key; the key itself is not repeated.
    """
    if not isinstance(payload, ResponseRecorded | RunRecorded):
        return
    text = payload.model_dump_json()
    if _SECRET_NAME.search(text) or _SECRET_VALUE.search(text):
        raise BenchmarkError(
            "the record of a model's answer holds an API key or password",
            hint="Nothing was saved. Keys belong in the environment or the keyring.",
        )


def table_name(names: str) -> str:
    """A names table's identifier; a table of the user's own is `custom`, because its path could name a patient."""
    looks_like_file = (
        len(PurePosixPath(names).parts) > 1
        or len(PureWindowsPath(names).parts) > 1
        or bool(PurePosixPath(names).suffix)
    )
    return "custom" if looks_like_file else names
