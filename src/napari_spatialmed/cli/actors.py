"""Whose name stands in a benchmark file for what a command does."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import Any

import click

from napari_spatialmed.errors import SpatialMedError


def actor_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--actor NAME`` to a command."""
    option = click.option("--actor", help="Whose name stands in the file; your login if not given.")
    return option(function)


def who(actor: str | None) -> str:
    """The name given, or that of the login.

    Raises
    ------
    SpatialMedError
        If there is neither.
    """
    if actor:
        return actor
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise SpatialMedError(
            "this machine does not say who you are", hint="Give a name with --actor."
        ) from None
