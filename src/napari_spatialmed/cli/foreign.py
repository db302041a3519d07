"""Text that somebody else wrote – a model, a reviewer, a file – on its way to the terminal."""

from __future__ import annotations

_CONTROLS = dict.fromkeys(c for c in (*range(0x20), *range(0x7F, 0xA0)) if chr(c) not in "\n\t")


def printable(text: object) -> str:
    """Text without control characters: they could move the cursor, hide lines or fill the clipboard."""
    return str(text).translate(_CONTROLS)
