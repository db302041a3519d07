"""What a command writes at its end: refused before the work if it can't be written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import click

from napari_spatialmed.errors import SpatialMedError


class Output(click.Path):
    """The type of an option that names a file (or folder) to write.

    It is tried while the options are read: the file that is there is opened for writing and left as it is; where there is
    none, the nearest folder above must take a new file.
    """

    def __init__(self, *, folder: bool = False) -> None:
        super().__init__(path_type=Path, file_okay=not folder, dir_okay=folder)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """The path.

        Raises
        ------
        SpatialMedError
            If it can't be written.
        """
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        try:
            _try(path)
        except OSError as error:
            raise SpatialMedError(
                f"it can't be written ({error.strerror})",
                where=path,
                hint="Choose another place. Nothing was done yet.",
            ) from None
        return path


def write_text(path: Path, text: str) -> None:
    """Write a file, and the folders above it.

    Raises
    ------
    SpatialMedError
        If it can't be written after all.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise SpatialMedError(
            f"it can't be written ({error.strerror})", where=path, hint="Choose another place."
        ) from None


def _try(path: Path) -> None:
    if path.is_file():
        with path.open("ab"):
            return
    folder = next(above for above in (path, *path.absolute().parents) if above.exists())
    with tempfile.TemporaryFile(dir=folder):
        pass
