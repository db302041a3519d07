"""Bytes on the disk: files that appear whole or not at all, and what the system's refusals mean in words."""

from __future__ import annotations

import errno
import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

from napari_spatialmed.benchmark.errors import BenchmarkError, NotABenchmarkError

SUFFIX = ".spatialmed.jsonl"
_HINT_SPACE = "Nothing was saved. Free some space or choose another folder, then try again."


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it appears whole or not at all, and is on the disk when this returns."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            with beside.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error


def check_name(path: Path) -> None:
    """Refuse to begin a file that the window and a shared folder would not take for a benchmark.

    Raises
    ------
    BenchmarkError
        If its name doesn't end in .spatialmed.jsonl.
    """
    if not path.name.endswith(SUFFIX):
        raise BenchmarkError(
            "a benchmark file has another name",
            where=path,
            hint=f"Call it {path.stem.split('.')[0]}{SUFFIX}; to begin one in a folder, make the folder first.",
        )


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a power cut; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def put_in_quarantine(path: Path, line: int, data: bytes, reason: str) -> None:
    """Append damaged bytes, as they were, under a heading; on the disk when this returns."""
    stamp = datetime.now(UTC).isoformat(timespec="seconds")
    heading = (
        f"--- {stamp} line {line} {len(data)} bytes sha256 {hashlib.sha256(data).hexdigest()}: {reason}\n"
    )
    with path.open("ab") as stream:
        stream.write(heading.encode() + data + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def not_a_benchmark(path: Path, data: bytes) -> BenchmarkError:
    if not data.strip():
        return NotABenchmarkError(
            "the file is empty", where=path, hint="Delete it and create the benchmark anew."
        )
    return NotABenchmarkError(
        "this is not a benchmark file",
        where=path,
        hint=f"Benchmarks are named *{SUFFIX}; `spatialmed import` reads other formats.",
    )


def cannot_read(path: Path, error: OSError) -> BenchmarkError:
    if isinstance(error, FileNotFoundError):
        return BenchmarkError("there is no such file", where=path, hint="Check the name.")
    if path.is_dir():
        return BenchmarkError("this is a folder", where=path, hint="Name one file in it.")
    return BenchmarkError(
        f"it cannot be read ({error.strerror})", where=path, hint="Check the name and your rights to it."
    )


def cannot_write(path: Path, error: OSError) -> BenchmarkError:
    if isinstance(error, FileNotFoundError):
        return BenchmarkError(f"the folder {path.parent} does not exist", where=path, hint="Create it first.")
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return BenchmarkError(
            "the folder or file is read-only",
            where=path,
            hint="Nothing was saved. Choose a folder you may write to.",
        )
    return BenchmarkError(f"it could not be saved ({error.strerror})", where=path, hint=_HINT_SPACE)
