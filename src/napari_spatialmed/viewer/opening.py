"""Reading a case in a thread, with all that takes time before it can be shown by `Session.set_case`; where a scan lies is noted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_warning

from napari_spatialmed.case import Case, CaseError, CaseFiles, CaseLibrary, open_case
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
    """A scan to be shown: its files, and the id it must turn out to have, where a question or a list says so.

    Of several label maps of one scan, `label_sha256` says which; empty where any will do.
    """

    files: CaseFiles
    case_id: str | None = None
    label_sha256: str = ""

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


def known_scan(case_id: str, label_sha256: str = "") -> Wanted | None:
    """Where a case's files were on this machine when it was last opened, or None if it never was.

    Of several label maps of one scan it is the one with this hash, if that is known.
    """
    known = CaseLibrary().find(case_id, label_sha256)
    if known is None:
        return None
    files, is_it = CaseFiles(known.labels, known.image), known.label_sha256 == label_sha256
    return Wanted(files, case_id, label_sha256 if is_it else "")


def read_wanted(job: Job, wanted: Wanted) -> Opened:
    """Read a scan: under the names it had last time, else under those that lie with it."""
    files, library = wanted.files, CaseLibrary()
    if wanted.case_id is not None:
        case_id, sha = wanted.case_id, wanted.label_sha256
        return open_prepared(job, lambda progress: library.open(case_id, progress, label_sha256=sha))
    known = library.by_files().get((files.labels.resolve(), files.image and files.image.resolve()))
    names, segmentation = (files.names, "unknown") if known is None else (known.names, known.segmentation)
    return open_prepared(
        job,
        lambda progress: open_case(
            files.labels, files.image, names=names, segmentation=segmentation, progress=progress
        ),
    )


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
