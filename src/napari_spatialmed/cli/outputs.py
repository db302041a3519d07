"""Where a command will write at its end: refused before the work if that can't be."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import click

from napari_spatialmed.errors import SpatialMedError


class Output(click.Path):
    """The type of an option that names a file (or folder) to write.

    It is tried while the options are read: the file that is there is opened for writing and left as it is, and the nearest
    folder above must take a new file, since files are written aside and moved into place.
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


def _try(path: Path) -> None:
    if path.is_file():
        with path.open("ab"):
            pass
        path = path.parent
    folder = next(above for above in (path, *path.absolute().parents) if above.exists())
    with tempfile.TemporaryFile(dir=folder):
        pass
