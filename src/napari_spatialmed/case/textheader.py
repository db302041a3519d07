"""What NRRD and MetaImage share: headers of text, with the voxels behind them or in a file beside them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from napari_spatialmed.case.model import CaseError

_LONGEST_HEADER = 1 << 20


def header_lines(path: Path, *, stop_at_blank: bool) -> tuple[list[str], int]:
    """The header's lines and the byte at which the voxels start."""
    lines, length = [], 0
    try:
        with path.open("rb") as file:
            while raw := file.readline(_LONGEST_HEADER):
                length += len(raw)
                if length >= _LONGEST_HEADER:
                    raise CaseError(
                        "its header is longer than 1 MiB", where=path, hint="Is its ending right?"
                    )
                line = raw.decode("utf-8", "replace").strip()
                if stop_at_blank and not line:
                    break
                lines.append(line)
                if len(lines) == 1 and "\x00" in line:
                    break
                if not stop_at_blank and line.startswith("ElementDataFile"):
                    break
    except FileNotFoundError as error:
        raise CaseError("no such file", where=path, hint="Check the path and its spelling.") from error
    except OSError as error:
        raise CaseError(f"the file can't be read ({error.strerror or error})", where=path) from error
    if not length:
        raise CaseError("the file is empty", where=path, hint="Copy or save it again.")
    return lines, length


def data_file(path: Path, name: str | None, end: int) -> tuple[Path, int]:
    """The file with the voxels.  A header may only name a file that lies beside it."""
    if name is None:
        return path, end
    name = name.removeprefix("./")
    if name != Path(name).name or "\\" in name or "%" in name or name.split()[:1] in ([], ["LIST"]):
        raise CaseError(
            f"its header points to the data file {name!r}",
            where=path,
            hint="Only one data file in the same folder is read.",
        )
    found = path.with_name(name)
    if not found.is_file():
        raise CaseError(
            f"the voxels are missing: there is no {name} beside this header",
            where=path,
            hint="Copy both files.",
        )
    return found, 0


def reals(text: str, what: str, path: Path) -> list[float]:
    try:
        return [float(t) for t in re.split(r"[\s,]+", text.strip("() ")) if t]
    except ValueError as error:
        raise CaseError(
            f"its {what} {text[:60]!r} can't be read", where=path, hint="Save the file again."
        ) from error


def integers(text: str, what: str, path: Path) -> list[int]:
    numbers = reals(text, what, path)
    if not numbers or any(not np.isfinite(n) or n != int(n) for n in numbers):
        raise CaseError(f"its {what} {text[:60]!r} can't be read", where=path, hint="Save the file again.")
    return [int(n) for n in numbers]
