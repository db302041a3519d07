"""Files that appear whole or not at all: written aside, then moved into place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from napari_spatialmed.errors import SpatialMedError


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; when the block ends without error, that file is on the disk and becomes `path`.

    It ends as `path` does, because some writers look at that, and keeps the rights of the file that it replaces.  Whatever
    goes wrong, the old file stays and the new one is removed.

    Raises
    ------
    OSError
        If the folder isn't there or the file can't be written.
    """
    beside = path.with_name(f".{uuid4().hex[:8]}.{path.name}")
    try:
        yield beside
        with beside.open("rb+") as written:
            os.fsync(written.fileno())
        with suppress(FileNotFoundError):
            shutil.copymode(path, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a text in one step, so that a crash leaves the old one, and the folders above it.

    Raises
    ------
    OSError
        If the folder can't be made or the file can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as beside:
        beside.write_text(text, "utf-8", newline="\n")


def write_result(path: Path, text: str) -> None:
    """Write what a person asked for where they said; as :func:`write_whole` does.

    Raises
    ------
    SpatialMedError
        If it can't be written.
    """
    try:
        write_whole(path, text)
    except OSError as error:
        raise SpatialMedError(
            f"it can't be written ({error.strerror})", where=path, hint="Choose another place."
        ) from None
