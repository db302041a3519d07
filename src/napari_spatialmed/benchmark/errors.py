"""What can be wrong with a benchmark."""

from __future__ import annotations

from napari_spatialmed.errors import SpatialMedError


class BenchmarkError(SpatialMedError):
    """A benchmark that can't be read or written as asked."""


class NotABenchmarkError(BenchmarkError):
    """A file of another kind."""


class DamagedError(BenchmarkError):
    """Damage inside a journal; `line` is the first damaged line, counted from 1."""

    def __init__(self, what: str, *, where: str, line: int) -> None:
        self.line = line
        super().__init__(
            f"line {line} is damaged: {what}",
            where=where,
            hint="Nothing is written until `spatialmed repair` has set the damaged lines aside.",
        )
