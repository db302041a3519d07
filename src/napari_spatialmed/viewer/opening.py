"""Reading a case in a thread, with all that takes time before it can be shown by `Session.set_case`; where a scan lies is noted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_warning

from napari_spatialmed.case import Case, CaseError, CaseFiles, CaseLibrary, must_be, open_case
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.viewer.case_pictures import Prepared
from napari_spatialmed.viewer.work import Job

if TYPE_CHECKING:
    from napari_spatialmed.viewer.session import Session

Opened = tuple[Case, CaseGeometry, Prepared]

_told: set[Path] = set()
"""Indexes of which was said that they can't be written."""


@dataclass(frozen=True)
class Wanted:
    """A scan to be shown: its files, and the id it must turn out to have, where a question or a list says so."""

    files: CaseFiles
    case_id: str | None = None

    def fits(self, opened: Opened) -> bool:
        """Whether this is what was wanted."""
        return self.case_id in (None, opened[0].id)


def show_open(session: Session, case: Case) -> None:
    """Show a case that was read already, and note where it lies."""
    session.set_case(case)
    note_place(case)


def note_place(case: Case) -> None:
    """Note where a case lies: questions about it find it again the next time.

    Where that can't be noted it is told once, and the case is shown all the same.  May run in a thread.
    """
    library = CaseLibrary()
    try:
        library.remember(case)
    except CaseError as error:
        if library.path not in _told:
            _told.add(library.path)
            show_warning(str(error))


def read_wanted(job: Job, wanted: Wanted) -> Opened:
    """Read a scan: under the names it had last time, else under those that lie with it."""
    files = wanted.files
    known = CaseLibrary().by_files().get((files.labels.resolve(), files.image and files.image.resolve()))
    names, segmentation = (files.names, "unknown") if known is None else (known.names, known.segmentation)

    def read(progress: Callable[[str, float], None]) -> Case:
        case = open_case(files.labels, files.image, names=names, segmentation=segmentation, progress=progress)
        if wanted.case_id is not None:
            must_be(case, wanted.case_id)
        return case

    return open_prepared(job, read)


def open_prepared(job: Job, opening: Callable[[Callable[[str, float], None]], Case]) -> Opened:
    """Read, measure every structure once, make the layers, and note where it lies."""

    def progress(text: str, fraction: float) -> None:
        job.check()
        job.progress(0.7 * fraction, text)

    case = opening(progress)
    job.check()
    job.progress(0.7, "Measuring structures")
    geometry = CaseGeometry(case, keep=True)
    geometry.save()
    job.check()
    job.progress(0.9, "Preparing the picture")
    note_place(case)
    return case, geometry, Prepared(case)
