"""Which patient a scan is of: found in its path, kept as a pseudonym only."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from napari_spatialmed.benchmark import BenchmarkError


def patient_of(path: Path, pattern: str | None) -> str | None:
    """A pseudonym for the patient whose identifier `pattern` (one group) finds in a path; never the identifier itself."""
    if pattern is None:
        return None
    try:
        found = re.search(pattern, str(path))
    except re.error as error:
        raise BenchmarkError(
            f"the patient's pattern {pattern!r} is no regular expression ({error})",
            hint="For example '(sub-\\d+)'.",
        ) from None
    if found is None:
        raise BenchmarkError(
            f"the pattern {pattern!r} finds no patient",
            where=path,
            hint="It needs one group, e.g. '(sub-\\d+)'.",
        )
    identifier = found.group(1) if found.groups() else found.group(0)
    return pseudonym(identifier or "")


def pseudonym(identifier: str) -> str:
    """What stands in a benchmark for a patient's identifier; a path's bytes that are no UTF-8 count as they are."""
    return "patient-" + hashlib.sha256(identifier.encode("utf-8", "surrogateescape")).hexdigest()[:12]
