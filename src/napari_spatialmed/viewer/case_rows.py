"""One row of the case list: a case's files and what is known of them, before and after they were opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from napari_spatialmed.benchmark import State
from napari_spatialmed.case import CaseFiles, KnownCase
from napari_spatialmed.viewer.case_progress import CaseProgress
from napari_spatialmed.viewer.opening import Wanted

Place = tuple[Path, Path | None]


@dataclass(frozen=True)
class CaseRow:
    """One case.

    Attributes
    ----------
    key
        Where it lies below the folder listed; its id where only the benchmark names it.
    files, place
        Its files and their real paths; None where none are known on this machine.
    case_id, structures
        Known once it was opened on this machine.
    modality
        As its files or the benchmark say.
    problem
        Why it can't be opened, in words.
    missing
        Whether that is because a file isn't there.
    of_benchmark
        Listed because the benchmark has questions about it, not because it lies in the folder.
    progress
        None where no benchmark is open.
    """

    key: str
    files: CaseFiles | None = None
    place: Place | None = None
    case_id: str | None = None
    modality: str = "unknown"
    structures: int | None = None
    problem: str = ""
    missing: bool = False
    of_benchmark: bool = False
    progress: CaseProgress | None = None

    @property
    def state(self) -> str:
        """``new``, ``opened`` (on this machine, at some time), ``missing`` or ``broken``."""
        if self.missing:
            return "missing"
        if self.problem:
            return "broken"
        return "new" if self.case_id is None else "opened"

    @property
    def readable(self) -> bool:
        """Whether opening it is worth trying without being asked for this very one."""
        return self.state in ("new", "opened")

    @property
    def left(self) -> int:
        """Questions that wait for the reviewer."""
        return 0 if self.progress is None else self.progress.left

    @property
    def wanted(self) -> Wanted | None:
        """What to open."""
        if self.files is None:
            return None
        return Wanted(self.files, self.case_id if self.of_benchmark else None)

    @property
    def identity(self) -> object:
        """By what it is known again when the list is made anew."""
        return self.case_id if self.place is None else self.place

    def known_as(self, known: KnownCase | None) -> CaseRow:
        """The same with what the index of known cases says."""
        if known is None:
            return self
        modality = self.modality if known.modality == "unknown" else known.modality
        return replace(self, case_id=known.id, modality=modality, structures=known.structures)


FILTERS: Mapping[str, Callable[[CaseRow], bool]] = MappingProxyType(
    {
        "All": lambda row: True,
        "Questions left for me": lambda row: row.left > 0,
        "Not opened yet": lambda row: row.state == "new",
        "Missing or broken": lambda row: row.state in ("missing", "broken"),
    }
)
"""What the list can be narrowed to."""


def place_of(files: CaseFiles) -> Place:
    """The real paths of label map and scan."""
    return files.labels.resolve(), None if files.image is None else files.image.resolve()


def row_of(files: CaseFiles) -> CaseRow:
    """A row of which nothing but the files is known."""
    return CaseRow(files.key, files, place_of(files))


def in_benchmark_only(
    state: State, known: Mapping[Place, KnownCase], listed: set[str | None]
) -> list[CaseRow]:
    """Rows for the benchmark's cases that aren't listed yet, in the order of their first question."""
    places = {found.id: found for found in known.values()}
    # Of several label maps of one scan, the one that the questions are about.
    for found in known.values():
        if (record := state.cases.get(found.id)) is not None and record.label_sha256 == found.label_sha256:
            places[found.id] = found
    ids = dict.fromkeys([*(q.case for q in state.questions.values()), *state.cases])
    rows = []
    for case_id in ids:
        if case_id in listed:
            continue
        record = state.cases.get(case_id)
        modality, structures = (
            ("unknown", None) if record is None else (record.modality, len(record.structures) or None)
        )
        if case_id in places:
            found = places[case_id]
            labels, image = found.place
            gone = next((p for p in (labels, image) if p is not None and not p.exists()), None)
            problem = "" if gone is None else f"The file is gone: {gone}"
            row = CaseRow(
                _short_key(labels), CaseFiles(labels, image), (labels, image), case_id, modality, structures,
                problem, gone is not None, True,
            ).known_as(found)  # fmt: skip
        else:
            problem = "The benchmark asks about this scan, and it was never opened on this machine. Open the folder it lies in."
            row = CaseRow(
                case_id, None, None, case_id, modality, structures, problem, missing=True, of_benchmark=True
            )
        rows.append(row)
    return rows


def _short_key(labels: Path) -> str:
    """The last folder and the file's name."""
    return f"{labels.parent.name}/{labels.name.split('.')[0]}"
