"""Finding the cases of a folder in a thread, and finding out which of them are those of a benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_spatialmed.case import CaseError, CaseFiles, CaseLibrary, discover, glance, open_case
from napari_spatialmed.viewer.work import Job

_PART = 50
"""Cases handed over at a time."""


@dataclass(frozen=True)
class Found:
    """What a look at a case's files says: the modality, or why they can't be read."""

    files: CaseFiles
    modality: str = "unknown"
    problem: str = ""
    missing: bool = False


def find_cases(job: Job, where: str) -> int:
    """Hand over a list of `CaseFiles`, then lists of `Found`; returns how many cases there are.

    Raises
    ------
    CaseError
        If no case lies there.
    """

    def told(folder: Path, before: int) -> None:
        job.check()
        job.progress(None, f"Looking in {folder.name} · {before} folders done")

    files = discover(Path(where).expanduser(), told)
    job.part(files)
    part: list[Found] = []
    for n, case in enumerate(files, start=1):
        job.check()
        job.progress(n / len(files), f"Looking at case {n} of {len(files)}")
        part.append(_look_at(case))
        if len(part) == _PART or n == len(files):
            job.part(part)
            part = []
    return len(files)


def recognise_cases(job: Job, files: Sequence[CaseFiles], sought: frozenset[str]) -> int:
    """Read case after case, until those sought are among them; returns how many of those were found.

    A scan is recognised by its voxels, so all of it must be read.  Each is entered into the index of known cases.
    """
    found: set[str] = set()
    for n, case_files in enumerate(files):
        job.check()
        job.progress(n / len(files), f"Reading {case_files.key} · {len(found)} of {len(sought)} found")
        try:
            case = open_case(case_files.labels, case_files.image, names=case_files.names)
        except CaseError as error:
            job.part([Found(case_files, problem=str(error))])
            continue
        CaseLibrary().remember(case)
        job.part([Found(case_files, case.modality)])
        found |= {case.id} & sought
        if found == sought:
            break
    return len(found)


def _look_at(files: CaseFiles) -> Found:
    try:
        return Found(files, glance(files).modality)
    except CaseError as error:
        gone = not files.labels.exists() or (files.image is not None and not files.image.exists())
        return Found(files, problem=str(error), missing=gone)
