"""Failures of an endpoint that make further calls pointless: they stop the run instead of failing one proposal."""

from __future__ import annotations

from napari_spatialmed.llm import ErrorKind

FATAL: frozenset[ErrorKind] = frozenset(
    {"auth", "not_found", "quota", "connection", "redirect", "not_openai"}
)
