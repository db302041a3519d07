"""One small family of errors: each says what is wrong, where, and what to do next.

Every floor derives its own from :class:`SpatialMedError`.  The command line prints them and leaves with exit code 3,
the docks show them at the place where they arose; neither ever shows a traceback for bad input.
"""

from __future__ import annotations

from pathlib import Path


class SpatialMedError(Exception):
    """Bad input or an impossible request, told so that a person can act on it.

    Parameters
    ----------
    what
        The problem in one sentence, without the place.
    where
        The file, structure, line or address it concerns.
    hint
        What to do next, in one sentence.
    """

    def __init__(self, what: str, *, where: str | Path | None = None, hint: str | None = None) -> None:
        self.what = what
        self.where = None if where is None else str(where)
        self.hint = hint
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        if not self.hint:
            return f"{place}{self.what}"
        stop = "" if self.what.endswith((".", "!", "?", "…")) else "."
        return f"{place}{self.what}{stop} {self.hint}"
