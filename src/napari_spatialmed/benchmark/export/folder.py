"""The folder of an export: it appears whole or not at all, with a checksum for every file."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_spatialmed.benchmark.errors import BenchmarkError

CHECKSUMS = "SHA256SUMS"


@contextmanager
def export_folder(out: Path) -> Iterator[Path]:
    """A folder to write into; when the block ends without error it becomes `out`.

    Raises
    ------
    BenchmarkError
        If `out` holds something that isn't an earlier export, or can't be written.
    """
    check_export_folder(out)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as made:
            inside = Path(made) / "export"
            inside.mkdir()
            yield inside
            _write_checksums(inside)
            if out.exists():
                shutil.move(out, Path(made) / "earlier")
            os.replace(inside, out)
    except OSError as error:
        raise BenchmarkError(
            f"the export cannot be written ({error.strerror})",
            where=out,
            hint="Nothing was left half done. Choose another folder.",
        ) from error


def check_export_folder(out: Path) -> None:
    """Refuse, before anything is rendered, a folder that an export can't become.

    Raises
    ------
    BenchmarkError
        If `out` holds something that isn't an earlier export, or lies in no folder.
    """
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / CHECKSUMS).exists())):
        raise BenchmarkError(
            "there is something else here already",
            where=out,
            hint="Choose an empty folder, or that of an earlier export.",
        )
    if not out.parent.is_dir():
        raise BenchmarkError(f"the folder {out.parent} does not exist", where=out, hint="Create it first.")


def write_text(path: Path, text: str) -> None:
    """UTF-8 with plain line ends on every system, so that two exports are the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Write files by their path below the folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def sha256_of(path: Path) -> str:
    """Hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_checksums(folder: Path) -> None:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    lines = [f"{sha256_of(p)}  {p.relative_to(folder).as_posix()}\n" for p in files]
    write_text(folder / CHECKSUMS, "".join(lines))
