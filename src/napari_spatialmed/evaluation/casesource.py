"""Where a run finds the scans of its questions: cases are known by a hash, so every file found is opened once to see
which it is, and only the one in use is kept in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from napari_spatialmed.case import Case, CaseFiles, CaseLibrary, discover, name_tables, open_case
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry


class CaseNotFoundError(SpatialMedError):
    """No file for a question's case (rule V4: an error row, never a silently blind run)."""


class CaseSource:
    """Cases by id.

    Parameters
    ----------
    folders
        Where to look for label maps and their scans.
    names
        Case id → names table, for files that don't bring one.
    opened
        Cases that are open already, such as the viewer's.
    library
        The user's index of cases opened before, looked at first.

    Raises
    ------
    CaseError
        If a folder holds no label map at all.
    """

    def __init__(
        self,
        folders: Iterable[Path] = (),
        *,
        names: Mapping[str, str] | None = None,
        opened: Iterable[CaseGeometry] = (),
        library: CaseLibrary | None = None,
    ) -> None:
        self._library = library
        self._unseen: Iterator[CaseFiles] = iter([files for folder in folders for files in discover(folder)])
        self._names = dict(names or {})
        self._known: dict[str, CaseFiles] = {}
        self._given = {geometry.case.id: geometry for geometry in opened}
        self._current: CaseGeometry | None = None
        self.unreadable: list[str] = []

    def __call__(self, case_id: str) -> CaseGeometry:
        """The case's geometry.

        Raises
        ------
        CaseNotFoundError
            If none of the files is this case.
        """
        if case_id in self._given:
            return self._given[case_id]
        if self._current is not None and self._current.case.id == case_id:
            return self._current
        if case_id in self._known:
            self._current = CaseGeometry(self._open(self._known[case_id], case_id))
            return self._current
        if self._library is not None and self._library.files(case_id) is not None:
            try:
                self._current = CaseGeometry(self._library.open(case_id))
                return self._current
            except SpatialMedError as error:  # moved or changed: look in the folders
                self.unreadable.append(str(error))
        for files in self._unseen:
            try:
                case = self._open(files, case_id)
            except SpatialMedError as error:
                self.unreadable.append(str(error))
                continue
            self._known[case.id] = files
            if case.id == case_id:
                self._current = CaseGeometry(case)
                return self._current
        raise CaseNotFoundError(
            f"no file for {case_id}",
            hint="Name the folder that holds its scan and labels with --cases."
            + (
                f" {len(self.unreadable)} files there can't be read: {self.unreadable[0]}"
                if self.unreadable
                else ""
            ),
        )

    def _open(self, files: CaseFiles, case_id: str) -> Case:
        known = self._names.get(case_id)
        return open_case(
            files.labels, files.image, names=files.names or (known if known in name_tables() else None)
        )
