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
    labels
        Case id → hash of the label map that its questions were made from.
    opened
        Cases that are open already, such as the viewer's.
    library
        The user's index of cases opened before, looked at first.
    keep
        How many cases stay in memory: 2 where questions compare two scans.

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
        labels: Mapping[str, str] | None = None,
        opened: Iterable[CaseGeometry] = (),
        library: CaseLibrary | None = None,
        keep: int = 1,
    ) -> None:
        self._library = library
        self._unseen: Iterator[CaseFiles] = iter([files for folder in folders for files in discover(folder)])
        self._names, self._labels = dict(names or {}), dict(labels or {})
        self._others: set[str] = set()
        self._known: dict[str, CaseFiles] = {}
        self._given = {geometry.case.id: geometry for geometry in opened}
        self._recent: dict[str, CaseGeometry] = {}
        self._keep = keep
        self.unreadable: list[str] = []

    def __call__(self, case_id: str) -> CaseGeometry:
        """The case's geometry; among several label maps of one scan, the one that the questions were made from.

        Raises
        ------
        CaseNotFoundError
            If none of the files is this case with these labels.
        """
        if case_id in self._given:
            return self._given[case_id]
        if case_id in self._recent:
            found = self._recent.pop(case_id)
        else:
            while len(self._recent) >= self._keep:  # make room before the next one is read
                del self._recent[next(iter(self._recent))]
            found = CaseGeometry(self._find(case_id))
        self._recent[case_id] = found
        return found

    def _find(self, case_id: str) -> Case:
        if case_id in self._known:
            return self._open(self._known[case_id], case_id)
        labels = self._labels.get(case_id, "")
        if self._library is not None and self._library.find(case_id, labels) is not None:
            try:
                case = self._library.open(case_id, label_sha256=labels)
                if self._is_wanted(case):
                    return case
            except SpatialMedError as error:  # moved or changed: look in the folders
                self.unreadable.append(str(error))
        for files in self._unseen:
            try:
                case = self._open(files, case_id)
            except SpatialMedError as error:
                self.unreadable.append(str(error))
                continue
            if not self._is_wanted(case):
                self._others.add(case.id)
                continue
            self._known[case.id] = files
            if case.id == case_id:
                return case
        if case_id in self._others:
            raise CaseNotFoundError(
                f"the scan of {case_id} is here, but not the labels its questions were made from",
                hint="Put that label map beside it, or recompute the benchmark from these labels (`spatialmed verify --cases`).",
            )
        told = f" {len(self.unreadable)} files can't be read: {self.unreadable[0]}" if self.unreadable else ""
        raise CaseNotFoundError(
            f"no file for {case_id}",
            hint=f"Name the folder that holds its scan and labels with --cases.{told}",
        )

    def _is_wanted(self, case: Case) -> bool:
        wanted = self._labels.get(case.id)
        return wanted is None or case.label_sha256() == wanted

    def _open(self, files: CaseFiles, case_id: str) -> Case:
        known = self._names.get(case_id)
        return open_case(
            files.labels, files.image, names=files.names or (known if known in name_tables() else None)
        )
