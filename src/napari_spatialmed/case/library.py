"""Which files on this machine belong to a case id.

A benchmark names its cases by hashes only.  So that a reviewer who reopens one finds the scans again, this index keeps
id → files in the user's own data folder, for each label map of a scan; it is never part of a benchmark.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from napari_spatialmed.case.model import Case, CaseError, Modality
from napari_spatialmed.case.names import name_tables
from napari_spatialmed.case.opening import open_case
from napari_spatialmed.case.renaming import is_named, kept_in, save_names
from napari_spatialmed.case.volume import Progress
from napari_spatialmed.folders import data_dir
from napari_spatialmed.whole import written_whole


@dataclass(frozen=True)
class KnownCase:
    """A label map with its scan that were opened before.

    Attributes
    ----------
    id
        The case's id when they were last opened.
    labels, image
        Where they lie.
    label_sha256
        Hash of the label map then; empty in an index of an earlier version.
    names
        Table's id or names file to open them with; None guesses.
    modality, segmentation
        As of the case.
    structures
        How many it has; None in an index of an earlier version.
    """

    id: str
    labels: Path
    image: Path | None
    label_sha256: str
    names: str | None
    modality: Modality
    segmentation: str
    structures: int | None

    @property
    def place(self) -> tuple[Path, Path | None]:
        """Label map and scan."""
        return self.labels, self.image


class CaseLibrary:
    """The index of known cases.

    Parameters
    ----------
    path
        The index file; by default ``cases.json`` in :func:`napari_spatialmed.folders.data_dir`.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or data_dir() / "cases.json"

    def remember(self, case: Case) -> None:
        """Note where a case was read from; cases made from arrays have no files and are left out.

        Raises
        ------
        CaseError
            If the index can't be written.
        """
        labels, image = case.provenance.labels_path, case.provenance.image_path
        if labels is None:
            return
        entry = {
            "labels": str(labels.resolve()),
            "image": None if image is None else str(image.resolve()),
            "label_sha256": case.label_sha256(),
            "names": _names_of(case),
            "modality": case.modality,
            "segmentation": case.provenance.segmentation,
            "structures": len(case.structures),
        }
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self.path}.lock", timeout=10):
                # The last one opened stands last: files that were written anew belong to their latest case.
                index = self._read()
                others = [e for e in index.pop(case.id, []) if _place(e) != _place(entry)]
                self._write({**index, case.id: [*others, entry]})
        except (OSError, TimeoutError) as error:
            raise CaseError(
                f"the index of cases can't be written ({error})",
                where=self.path,
                hint="Set SPATIALMED_HOME to a folder you can write to.",
            ) from error

    def keep_names(self, case: Case) -> Case:
        """Remember a case under the names it has now; names that stand in no file are written beside the index.

        Returns
        -------
        Case
            The case, knowing the file of its names.

        Raises
        ------
        CaseError
            If they can't be written.
        """
        if (
            case.provenance.labels_path is not None
            and _names_of(case) is None
            and any(is_named(s) for s in case)
        ):
            kept = self.path.parent / "names" / f"{case.id}.json"
            case = kept_in(case, save_names(case, kept, overwrite=True))
        self.remember(case)
        return case

    def find(self, case_id: str, label_sha256: str = "") -> KnownCase | None:
        """What is known of a case, or None if it was never opened here.

        Of several label maps of one scan it is the one with this hash; where none is, the one opened last.
        """
        known = [_known(case_id, entry) for entry in self._read().get(case_id, [])]
        latest = known[-1] if known else None
        same = (k for k in known if label_sha256 and k.label_sha256 == label_sha256)
        return next(same, latest)

    def by_files(self) -> dict[tuple[Path, Path | None], KnownCase]:
        """Label map and scan → the case they were when last opened."""
        known = (_known(case_id, entry) for case_id, entries in self._read().items() for entry in entries)
        return {k.place: k for k in known}

    def ids(self) -> tuple[str, ...]:
        """All known case ids."""
        return tuple(case_id for case_id, entries in self._read().items() if entries)

    def open(self, case_id: str, progress: Progress | None = None, *, label_sha256: str = "") -> Case:
        """Open a known case again; of several label maps of one scan, the one that `find` tells.

        Raises
        ------
        CaseError
            If it isn't known here, its files are gone, or they now hold another scan.
        """
        known = self.find(case_id, label_sha256)
        if known is None:
            raise CaseError(
                f"no files are known here for {case_id}",
                hint="Open its label map and scan once; they are recognised by their content.",
            )
        case = open_case(
            known.labels, known.image, names=known.names, segmentation=known.segmentation, progress=progress
        )
        must_be(case, case_id)
        return case

    def _read(self) -> dict[str, list[dict[str, Any]]]:
        """Case id → one entry per label map; an unreadable index counts as empty, since opening a case again rebuilds it."""
        with suppress(OSError, ValueError):
            raw = json.loads(self.path.read_text(encoding="utf-8"))
            if isinstance(raw, dict):
                # An earlier version kept one label map per scan.
                lists = {key: entry if isinstance(entry, list) else [entry] for key, entry in raw.items()}
                return {key: list(filter(_is_entry, entries)) for key, entries in lists.items()}
        return {}

    def _write(self, entries: dict[str, list[dict[str, Any]]]) -> None:
        """Replace the index in one step, so that a crash leaves the old one."""
        with written_whole(self.path) as beside:
            beside.touch(0o600)  # where scans lie may name patients: for the owner alone
            beside.write_text(json.dumps(entries, indent=1), "utf-8")


def must_be(case: Case, case_id: str) -> None:
    """Refuse files that were written anew since they were this case.

    Raises
    ------
    CaseError
        If they hold another scan now.
    """
    if case.id != case_id:
        raise CaseError(
            f"the files now hold another scan than {case_id}",
            where=case.provenance.image_path or case.provenance.labels_path,
            hint="Find the original files and open them once.",
        )


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("labels"), str)


def _place(entry: dict[str, Any]) -> tuple[Any, Any]:
    return entry["labels"], entry.get("image")


def _known(case_id: str, entry: dict[str, Any]) -> KnownCase:
    image, structures = entry.get("image"), entry.get("structures")
    return KnownCase(
        case_id,
        Path(entry["labels"]),
        None if image is None else Path(image),
        entry.get("label_sha256") or "",
        entry.get("names"),
        entry.get("modality") or "unknown",
        entry.get("segmentation") or "unknown",
        structures if isinstance(structures, int) else None,
    )


def _names_of(case: Case) -> str | None:
    """What to give as names next time: the table's id, the names file, or None to guess again."""
    if case.provenance.names_path is not None:
        return str(case.provenance.names_path.resolve())
    return case.provenance.names if case.provenance.names in name_tables() else None
