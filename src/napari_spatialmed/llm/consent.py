"""The gate before a remote endpoint: nothing about a data set leaves this machine until its user said yes, once.

Only rendered pixels and text we wrote are ever sent; the preview shows exactly those.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.folders import config_dir
from napari_spatialmed.llm.endpoint import Endpoint
from napari_spatialmed.llm.messages import Message, data_of, parts_of
from napari_spatialmed.whole import write_whole


class ConsentError(SpatialMedError):
    """A call that would send something of a data set to another machine, without a yes."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Exactly what a call would send: for the person who is asked.

    Attributes
    ----------
    host
        Where it would go.
    text
        All text, in order.
    pictures
        All pictures, as PNG or JPEG bytes, in order.
    size
        Bytes of text and pictures.
    tokens
        A rough estimate: four characters a token, 1000 tokens a picture.
    """

    host: str
    text: str
    pictures: tuple[bytes, ...]
    size: int
    tokens: int


def preview(endpoint: Endpoint, messages: Sequence[Message]) -> Outgoing:
    """What these messages would send to this endpoint."""
    texts: list[str] = []
    pictures: list[bytes] = []
    for message in messages:
        for part in parts_of(message):
            if part["type"] == "text":
                texts.append(f"[{message['role']}] {part['text']}")
            else:
                pictures.append(data_of(part))
    text = "\n\n".join(texts)
    size = len(text.encode()) + sum(map(len, pictures))
    return Outgoing(endpoint.host, text, tuple(pictures), size, len(text) // 4 + 1000 * len(pictures))


def has_consented(endpoint: Endpoint, data_set: str) -> bool:
    """Whether the user allowed this data set (a case's or benchmark's id) to go to this endpoint's host."""
    return not endpoint.is_remote or any(
        entry["host"] == endpoint.host and entry["data_set"] == data_set for entry in consents()
    )


def remember_consent(endpoint: Endpoint, data_set: str) -> None:
    """Record a yes for this data set and host."""
    if not data_set:
        raise ConsentError("a consent needs the data set it is for")
    if not has_consented(endpoint, data_set):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        _write([*consents(), {"host": endpoint.host, "data_set": data_set, "time": now}])


def withdraw_consent(host: str | None = None, data_set: str | None = None) -> int:
    """Forget what was allowed (all, of a host, of a data set); returns how many were forgotten."""
    before = consents()
    kept = [
        entry
        for entry in before
        if (host is not None and entry["host"] != host)
        or (data_set is not None and entry["data_set"] != data_set)
    ]
    _write(kept)
    return len(before) - len(kept)


def consents() -> list[dict[str, str]]:
    """All remembered consents: host, data set and time."""
    path = _file()
    try:
        entries: Any = json.loads(path.read_text("utf-8")) if path.exists() else []
    except (OSError, ValueError):
        entries = []  # an unreadable file allows nothing; the user is asked again
    wanted = {"host", "data_set"}
    return (
        [entry for entry in entries if isinstance(entry, dict) and wanted <= entry.keys()]
        if isinstance(entries, list)
        else []
    )


def require_consent(endpoint: Endpoint, data_set: str | None, *, allow_remote: bool = False) -> None:
    """Let local calls and allowed ones pass.

    Parameters
    ----------
    data_set
        The case's or benchmark's id.
    allow_remote
        The program's own yes (``--yes-send``), for this call only.

    Raises
    ------
    ConsentError
        If the endpoint is remote and nobody said yes.
    """
    if allow_remote or not endpoint.is_remote or (data_set and has_consented(endpoint, data_set)):
        return
    raise ConsentError(
        f"this would send questions or pictures of {data_set or 'this data set'} to {endpoint.host}",
        where=endpoint.place,
        hint="Look at what goes out and agree first (in the dock, or with --yes-send).",
    )


def _file() -> Path:
    return config_dir() / "consents.json"


def _write(entries: list[dict[str, str]]) -> None:
    path = _file()
    try:
        write_whole(path, json.dumps(entries, indent=1))
    except OSError as error:
        raise ConsentError(f"the consent can't be remembered: {error.strerror}", where=path) from None
