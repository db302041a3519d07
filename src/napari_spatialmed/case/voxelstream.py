"""Voxels as a stream of pieces: inflated as they are needed, never more of them than the header declares.

A label map of 64-bit floats is so turned into bytes piece by piece, a bad value is found without holding the rest,
and a small file that would inflate to gigabytes ends at the number of bytes its own header promised.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case.model import CaseError

inflater: Any = zlib
with suppress(ImportError):
    from isal import isal_zlib

    inflater = isal_zlib

Compression = Literal["none", "whole", "gzip", "zlib"]
"""``whole``: the file is gzipped, header and all (NIfTI); ``gzip``, ``zlib``: only the voxels are (NRRD, MetaImage)."""
PIECE = 1 << 23
"""Bytes per piece (a multiple of every voxel's size): large enough to be quick, small enough for the cache."""
_READ = 1 << 20
_LARGE = 1 << 26
_SUSPICIOUS_RATIO = 200
_INFLATE_ERRORS = tuple({zlib.error, inflater.error})


def raw_pieces(file: BinaryIO, compression: Compression) -> Iterator[bytes]:
    """The file's bytes from where it stands, inflated; each piece at most about 1 MiB (8 MiB inflated).

    Raises
    ------
    EOFError
        If a compressed stream stops before its end.
    zlib.error
        If it is damaged (the library's own error, as in :data:`_INFLATE_ERRORS`).
    """
    if compression == "none":
        while piece := file.read(PIECE):
            yield piece
        return
    bits = 15 if compression == "zlib" else 31
    stream = inflater.decompressobj(wbits=bits)
    data = file.read(_READ)
    while data:
        if piece := stream.decompress(data, PIECE):
            yield piece
        if stream.eof:
            # A gzip file may be several streams one after another; zero bytes behind it are padding.
            rest = (stream.unused_data or b"") + file.read(_READ)
            if compression == "zlib" or not rest.startswith(b"\x1f\x8b"):
                return
            stream, data = inflater.decompressobj(wbits=bits), rest
        else:
            data = stream.unconsumed_tail or file.read(_READ)
    while piece := stream.decompress(b"", PIECE):
        yield piece
    if not stream.eof:
        raise EOFError


def leading_bytes(path: Path, count: int) -> bytes:
    """The first bytes of a file, inflated if it is gzipped; fewer if it is shorter.

    Raises
    ------
    CaseError
        If the file is missing, empty, unreadable or damaged within these bytes.
    """
    try:
        with path.open("rb") as file:
            start = file.read(2)
            if not start:
                raise CaseError("the file is empty", where=path, hint="Copy or save it again.")
            file.seek(0)
            if start != b"\x1f\x8b":
                return file.read(count)
            found = bytearray()
            for piece in raw_pieces(file, "whole"):
                found += piece
                if len(found) >= count:
                    break
            return bytes(found[:count])
    except FileNotFoundError as error:
        raise CaseError("no such file", where=path, hint="Check the path and its spelling.") from error
    except EOFError as error:
        raise CaseError(
            "the compressed file breaks off inside its header", where=path, hint="Copy it again."
        ) from error
    except _INFLATE_ERRORS as error:
        raise CaseError(
            f"the compressed file is damaged ({error})", where=path, hint="Copy it again."
        ) from error
    except OSError as error:
        raise CaseError(f"the file can't be read ({error.strerror or error})", where=path) from error


def voxel_pieces(
    path: Path, *, offset: int, compression: Compression, dtype: np.dtype[Any], count: int
) -> Iterator[NDArray[Any]]:
    """The voxels of a file in storage order, piece by piece, as stored (before any scale factor).

    Parameters
    ----------
    path
        The file with the voxels.
    offset
        Bytes before the first voxel: of the inflated data for ``whole``, of the file otherwise.
    compression
        How the voxels are packed.
    dtype, count
        Type with byte order, and how many voxels the header declares.  No more are ever inflated.

    Raises
    ------
    CaseError
        If the file ends early or is damaged.
    """
    wanted, skip = count * dtype.itemsize, offset
    if _may_be_short(path, compression, offset, wanted):
        held = _held(path, compression, offset, wanted)
        if held < wanted:
            raise _broken_off(path, wanted, held)
    given, rest = 0, b""
    try:
        with path.open("rb") as file:
            if compression != "whole":
                file.seek(offset)
                skip = 0
            for piece in raw_pieces(file, compression):
                if skip >= len(piece):
                    skip -= len(piece)
                    continue
                data = rest + piece[skip:] if rest or skip else piece
                skip = 0
                data = data[: wanted - given]
                whole = len(data) - len(data) % dtype.itemsize
                rest = data[whole:]
                if whole:
                    given += whole
                    yield np.frombuffer(data, dtype, whole // dtype.itemsize)
                if given == wanted:
                    return
    except EOFError:
        pass
    except _INFLATE_ERRORS as error:
        raise CaseError(
            f"the compressed voxels are damaged after {given / 1e6:.1f} MB ({error})",
            where=path,
            hint="Copy the file again.",
        ) from error
    except OSError as error:
        raise CaseError(f"the file can't be read ({error.strerror or error})", where=path) from error
    raise _broken_off(path, wanted, given)


def _may_be_short(path: Path, compression: Compression, offset: int, wanted: int) -> bool:
    """Whether a large file's end doesn't bear out what its header promises.

    A gzip stream ends in its length modulo 2³²; where that is another, the file is inflated once without keeping
    anything.  A zlib stream tells nothing, so there only a suspicious ratio is looked into.
    """
    if compression == "none" or wanted < _LARGE:
        return False
    with path.open("rb") as file:
        length = file.seek(0, 2)
        file.seek(max(0, length - 4))
        stated = int.from_bytes(file.read(4), "little")
    if compression == "zlib":
        return wanted > _SUSPICIOUS_RATIO * length
    return stated != (wanted + (offset if compression == "whole" else 0)) % 2**32


def _held(path: Path, compression: Compression, offset: int, wanted: int) -> int:
    """How many bytes of voxels a compressed file holds, at most ``wanted``."""
    with path.open("rb") as file:
        held = 0
        if compression == "whole":
            held = -offset
        else:
            file.seek(offset)
        with suppress(EOFError, *_INFLATE_ERRORS):
            for piece in raw_pieces(file, compression):
                held += len(piece)
                if held >= wanted:
                    break
    return max(0, min(held, wanted))


def _broken_off(path: Path, wanted: int, given: int) -> CaseError:
    return CaseError(
        f"the file breaks off: its header declares {wanted / 1e6:.1f} MB of voxels and it holds {given / 1e6:.1f} MB",
        where=path,
        hint="Copy or download it again.",
    )
