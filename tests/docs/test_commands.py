"""Every command and option that a page shows exists."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from napari_spatialmed.cli import cli

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    *sorted((REPOSITORY / "docs").rglob("*.md")),
]
CONSOLE = re.compile(r"^ *```(?:bash|console|sh)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(spatialmed [^`]+)`")


def shown_commands(page: Path) -> list[list[str]]:
    """The words after `spatialmed` of every command on a page; placeholders and comments stay out."""
    text = page.read_text("utf-8")
    lines = [line for block in CONSOLE.findall(text) for line in re.sub(r"\\\n", " ", block).splitlines()]
    commands = []
    for line in [*lines, *INLINE.findall(text)]:
        for part in re.split(r"&&|;|\||  +#", line):
            words = part.replace("$ ", "").split()
            if words[:1] == ["spatialmed"] and words[1:]:
                commands.append(words[1:])
    return commands


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the first words name, and the rest."""
    command: click.Command = cli
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(click.Context(command), rest[0])
        assert found is not None, f"there is no command {rest[0]!r}"
        command, rest = found, rest[1:]
    return command, rest


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_commands_and_options_on_the_page_exist(page: Path) -> None:
    wrong = []
    for words in shown_commands(page):
        if words[0] in ("COMMAND", "…"):
            continue
        try:
            command, rest = command_of(words)
        except AssertionError as problem:
            wrong.append(f"{' '.join(words)}: {problem}")
            continue
        known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help", "-h"}
        wrong += [
            f"{' '.join(words)}: {w}" for w in rest if w.startswith("--") and w.split("=")[0] not in known
        ]
    assert wrong == []


def test_the_tutorial_is_read_for_commands() -> None:
    first = [words[0] for words in shown_commands(REPOSITORY / "docs/tutorial/first-benchmark.md")]
    assert {"doctor", "review", "stats", "verify", "export"} <= set(first)
