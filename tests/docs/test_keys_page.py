"""The keys page says what is bound, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

from napari_spatialmed.cli.review import KEYS as TERMINAL_KEYS
from napari_spatialmed.viewer.keys import KEYS

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/keys.md").read_text("utf-8")


def section(title: str) -> list[tuple[str, str]]:
    """The rows of the table under a heading."""
    text = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(.+?)` \| (.+?) \|$", text, flags=re.MULTILINE)


def test_every_key_of_the_curate_dock_is_listed_as_bound() -> None:
    bound = [(keys[0].replace("Return", "Enter"), does) for keys, does in KEYS.values()]
    assert section("The Curate dock") == bound


def test_every_key_of_the_terminal_is_listed() -> None:
    assert section("The terminal") == list(TERMINAL_KEYS.items())
