"""The team's prompts, as plain text that anyone can read; a prompt's hash stands in every message it was used for."""

from __future__ import annotations

import functools
import hashlib
import importlib.resources


@functools.cache
def prompt(name: str) -> str:
    """A prompt by its file's name without ending: ``generator``, ``judge`` or ``reader``."""
    return importlib.resources.files(__name__).joinpath(f"{name}.txt").read_text("utf-8").strip()


def prompt_hash(name: str) -> str:
    """The first 12 digits of a prompt's sha256."""
    return hashlib.sha256(prompt(name).encode()).hexdigest()[:12]
