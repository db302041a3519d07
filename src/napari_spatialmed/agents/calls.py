"""A journal of paid calls: what a model answered is never asked again, also after a crash.

One JSON object a line, keyed by everything that was sent; flushed to the disk before the answer is used.  Errors are not
kept.  It holds prompts' hashes and replies, never a key.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from napari_spatialmed.agents.proposal import Message
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.llm import Client, Reply, Usage
from napari_spatialmed.llm import Message as Turn
from napari_spatialmed.llm.schema import Model, read_model


class CallJournalError(SpatialMedError):
    """The journal of calls can't be written."""


class CallJournal:
    """Replies by the hash of what was asked.

    Parameters
    ----------
    path
        Its file, made at the first call; None keeps replies in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, Any]] = {}
        if path is not None and path.exists():
            for line in path.read_bytes().split(b"\n"):  # not splitlines of a text: a reply may hold U+2028
                try:
                    entry = json.loads(line)
                    self._known[entry["key"]] = entry["reply"]
                except (ValueError, KeyError, TypeError):
                    continue  # a line torn by a crash: that call is asked again

    def __len__(self) -> int:
        return len(self._known)

    def find(self, key: str) -> dict[str, Any] | None:
        """A reply that was paid for before."""
        return self._known.get(key)

    def keep(self, key: str, reply: dict[str, Any]) -> None:
        """Write a reply down; it is on the disk when this returns."""
        with self._lock:
            self._known[key] = reply
            if self.path is None:
                return
            try:
                fresh = not self.path.exists()
                with self.path.open("ab") as file:
                    if not fresh and file.tell() and not _ends_with_newline(self.path):
                        file.write(b"\n")
                    file.write(json.dumps({"key": key, "reply": reply}, ensure_ascii=False).encode() + b"\n")
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise CallJournalError(
                    f"the journal of calls can't be written: {error.strerror}",
                    where=self.path,
                    hint="Free some space, or choose another folder.",
                ) from None


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked and how: what all calls of one member share.

    `seed` is passed to the server, where it knows one.
    """

    client: Client
    journal: CallJournal
    member: str
    prompt_hash: str
    seed: int = 0
    max_tokens: int = 1000
    temperature: float = 0.0

    async def structured(
        self,
        turns: Sequence[Turn],
        model: type[Model],
        schema: dict[str, Any] | None = None,
        *,
        seed: int | None = None,
    ) -> tuple[Model, list[Message]]:
        """Ask for an instance of a model, from the journal where the same was asked before.

        Returns
        -------
        tuple
            The instance, and the prompt and reply as messages for provenance.
        """
        endpoint, seed = self.client.endpoint, self.seed if seed is None else seed
        sent = [
            endpoint.base_url,
            endpoint.model,
            list(turns),
            model.__name__,
            schema,
            seed,
            self.max_tokens,
            self.temperature,
        ]
        key = hashlib.sha256(json.dumps(sent, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
        kept = self.journal.find(key)
        if kept is None:
            instance, reply = await self.client.structured(
                turns,
                model,
                schema=schema,
                seed=seed,
                max_tokens=self.max_tokens,
                temperature=self.temperature,
            )
            self.journal.keep(key, reply.to_dict())
        else:
            instance, reply = read_model(str(kept["text"]), model), _from_dict(kept)
        data: dict[str, JsonValue] = {
            "model": reply.model,
            "endpoint": endpoint.name,
            "prompt_sha256": self.prompt_hash,
            "call": key[:16],
            "tokens_in": reply.usage.tokens_in,
            "tokens_out": reply.usage.tokens_out,
            "cost": reply.usage.cost,
            "from_journal": kept is not None,
        }
        said = [
            Message(self.member, "prompt", str(turns[-1]["content"]), {"prompt_sha256": self.prompt_hash}),
            Message(self.member, "reply", reply.text, data),
        ]
        return instance, said


def _from_dict(kept: dict[str, Any]) -> Reply:
    usage = Usage(int(kept.get("tokens_in", 0)), int(kept.get("tokens_out", 0)), kept.get("cost"))
    return Reply(
        str(kept["text"]),
        str(kept.get("reasoning", "")),
        str(kept.get("finish_reason", "stop")),
        usage,
        str(kept.get("model", "")),
    )


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
