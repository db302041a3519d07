"""One event as one line of the journal, and back.

The line ends in ``,"sha":"…"}`` where the hash covers every byte before it, so no other spelling of the same JSON can pass
for it.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json

from napari_spatialmed.benchmark.errors import BenchmarkError
from napari_spatialmed.benchmark.events import PAYLOADS, SCHEMA_VERSION, Event, Payload, first_problem

_TAIL = b',"sha":"'
_TAIL_LENGTH = len(_TAIL) + 64 + 2


def seal(
    kind: str,
    payload: Payload,
    *,
    writer: str,
    seq: int,
    clock: int,
    prev: str | None,
    after: str | None,
    actor: str,
    question: str | None = None,
    revision: int | None = None,
) -> tuple[bytes, Event]:
    """Make an event and its line (with the line end) out of what is to be said and where it stands in the chain.

    Raises
    ------
    BenchmarkError
        If a text can't be written as UTF-8.
    """
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    fields = {
        "id": f"{writer}-{seq}",
        "prev": prev,
        "after": after,
        "writer": writer,
        "seq": seq,
        "clock": clock,
        "time": now,
        "actor": actor,
        "v": SCHEMA_VERSION,
        "kind": kind,
        "question": question,
        "revision": revision,
    }
    head = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    try:
        text = f'{head[:-1]},"payload":{payload.model_dump_json()}'.encode()
    except (UnicodeEncodeError, PydanticSerializationError):
        raise BenchmarkError(
            "a text holds half a character (a lone surrogate), which no file can hold",
            hint="Nothing was saved. Write the text again without it.",
        ) from None
    sha = hashlib.sha256(text).hexdigest()
    event = Event(
        str(fields["id"]),
        prev,
        after,
        writer,
        seq,
        clock,
        now,
        actor,
        SCHEMA_VERSION,
        kind,
        question,
        revision,
        payload,
        sha,
    )
    return text + _TAIL + sha.encode() + b'"}\n', event


def line_is_intact(line: bytes) -> bool:
    """Whether a line (without its line end) carries the hash of its own bytes."""
    tail = line[-_TAIL_LENGTH:]
    if len(line) <= _TAIL_LENGTH or not tail.startswith(_TAIL) or not tail.endswith(b'"}'):
        return False
    return hashlib.sha256(line[:-_TAIL_LENGTH]).hexdigest().encode() == tail[len(_TAIL) : -2]


def unwrapped(line: bytes) -> bytes:
    """A line without what text editors and version control put around it."""
    return line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r")


def parse_line(line: bytes) -> Event:
    """Read an intact line.

    Raises
    ------
    ValueError
        With a sentence that says what doesn't fit, e.g. a kind of a later version.
    """
    data = from_json(line)
    kind = data["kind"]
    model = PAYLOADS.get(kind)
    if model is None:
        newer = f" (schema {data.get('v')}, this program reads {SCHEMA_VERSION})"
        raise ValueError(f"unknown kind of event {kind!r}{newer}; a newer spatialmed wrote it")
    try:
        payload = model.model_validate(data["payload"])
    except ValidationError as error:
        raise ValueError(f"{kind}: {first_problem(error)}") from error
    return Event(
        data["id"], data["prev"], data["after"], data["writer"], data["seq"], data["clock"], data["time"],
        data["actor"], data["v"], kind, data["question"], data["revision"], payload, data["sha"],
    )  # fmt: skip
