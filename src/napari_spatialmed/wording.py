"""Words that every floor says in the same way."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """How many there are, with the plural where it belongs: ``1 case``, ``12,000 questions``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
