"""Which files on this machine belong to a case id.

A benchmark names its cases by hashes only.  So that a reviewer who reopens one finds the scans again, this index keeps
id → files in the user's own data folder; it is never part of a benchmark.
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
    """What is known of files that were opened before.

    Attributes
    ----------
    id
        The case's id when they were last opened.
    names
        Table's id or names file to open them with; None guesses.
    modality, segmentation
        As of the case.
    structures
        How many it has; None in an index of an earlier version.
    """

    id: str
    names: str | None
    modality: Modality
    segmentation: str
    structures: int | None


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
            "names": _names_of(case),
            "modality": case.modality,
            "segmentation": case.provenance.segmentation,
            "structures": len(case.structures),
        }
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self.path}.lock", timeout=10):
                # The last one opened stands last: files that were written anew belong to their latest case.
                known = self._read()
                known.pop(case.id, None)
                self._write({**known, case.id: entry})
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

    def files(self, case_id: str) -> dict[str, str | None] | None:
        """Labels, image, names, modality and segmentation of a case, or None if it was never opened here."""
        entry = self._read().get(case_id)
        if not isinstance(entry, dict) or not isinstance(entry.get("labels"), str):
            return None
        return {key: entry.get(key) for key in ("labels", "image", "names", "modality", "segmentation")}

    def by_files(self) -> dict[tuple[Path, Path | None], KnownCase]:
        """Label map and scan → the case they were when last opened."""
        found: dict[tuple[Path, Path | None], KnownCase] = {}
        for case_id, entry in self._read().items():
            if isinstance(entry, dict) and isinstance(entry.get("labels"), str):
                image, structures = entry.get("image"), entry.get("structures")
                found[Path(entry["labels"]), None if image is None else Path(image)] = KnownCase(
                    case_id,
                    entry.get("names"),
                    entry.get("modality") or "unknown",
                    entry.get("segmentation") or "unknown",
                    structures if isinstance(structures, int) else None,
                )
        return found

    def ids(self) -> tuple[str, ...]:
        """All known case ids."""
        return tuple(self._read())

    def open(self, case_id: str, progress: Progress | None = None) -> Case:
        """Open a known case again.

        Raises
        ------
        CaseError
            If it isn't known here, its files are gone, or they now hold another scan.
        """
        entry = self.files(case_id)
        if entry is None:
            raise CaseError(
                f"no files are known here for {case_id}",
                hint="Open its label map and scan once; they are recognised by their content.",
            )
        labels, image, names = entry["labels"], entry["image"], entry["names"]
        case = open_case(
            str(labels),
            image,
            names=names,
            segmentation=entry["segmentation"] or "unknown",
            progress=progress,
        )
        if case.id != case_id:
            raise CaseError(
                f"the files now hold another scan than {case_id}",
                where=image or labels,
                hint="Find the original files and open them once.",
            )
        return case

    def _read(self) -> dict[str, Any]:
        """The index; an unreadable one counts as empty, since opening a case again rebuilds it."""
        with suppress(OSError, ValueError):
            raw = json.loads(self.path.read_text(encoding="utf-8"))
            if isinstance(raw, dict):
                return raw
        return {}

    def _write(self, entries: dict[str, Any]) -> None:
        """Replace the index in one step, so that a crash leaves the old one."""
        with written_whole(self.path) as beside:
            beside.touch(0o600)  # where scans lie may name patients: for the owner alone
            beside.write_text(json.dumps(entries, indent=1), "utf-8")


def _names_of(case: Case) -> str | None:
    """What to give as names next time: the table's id, the names file, or None to guess again."""
    if case.provenance.names_path is not None:
        return str(case.provenance.names_path.resolve())
    return case.provenance.names if case.provenance.names in name_tables() else None
