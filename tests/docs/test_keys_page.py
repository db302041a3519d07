"""The keys page says what is bound, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

from napari.utils.shortcuts import default_shortcuts

from napari_spatialmed.cli.review import KEYS as TERMINAL_KEYS
from napari_spatialmed.viewer.keys import CASE_KEYS, KEYS, LIST_KEYS, VIEW_KEYS, Keys

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/keys.md").read_text("utf-8")


def section(title: str) -> list[tuple[str, str]]:
    """The rows of the table under a heading."""
    text = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(.+?)` \| (.+?) \|$", text, flags=re.MULTILINE)


def bound(keys: Keys) -> list[tuple[str, str]]:
    return [(sequences[0].replace("Return", "Enter"), does) for sequences, does in keys.values()]


def test_every_key_of_the_curate_dock_is_listed_as_bound() -> None:
    assert section("The Curate dock") == bound(KEYS)


def test_every_key_of_the_picture_is_listed_and_none_is_a_tool_of_naparis() -> None:
    listed = section("In the picture")
    assert listed[: len(VIEW_KEYS)] == bound(VIEW_KEYS)
    tools = {
        str(key): action
        for action, keys in default_shortcuts.items()
        for key in keys
        if not any(word in action for word in ("polygon_lasso", "polyline", "append_all"))  # see WorkspaceBar
    }
    assert {key for key, _ in bound(VIEW_KEYS)}.isdisjoint(tools)


def test_every_key_of_the_case_list_is_listed_as_bound() -> None:
    assert section("From case to case") == bound(CASE_KEYS)
    assert section("The case list") == bound(LIST_KEYS)


def test_every_key_of_the_terminal_is_listed() -> None:
    assert section("The terminal") == list(TERMINAL_KEYS.items())
