"""Check a benchmark file: is every byte as written, does every event fit the schema, and is every answer still right?

Answers are recomputed from label maps, found by their hash in a folder that the user names; no path leads from a
benchmark to a scan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from napari_spatialmed.benchmark.errors import DamagedError
from napari_spatialmed.benchmark.journal import Journal
from napari_spatialmed.benchmark.question_state import QuestionState
from napari_spatialmed.benchmark.scan import in_order, scan
from napari_spatialmed.benchmark.state import State
from napari_spatialmed.benchmark.storage import files_of
from napari_spatialmed.case import Case, CaseError, discover, name_tables, open_case
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import FORMS, LETTERS, Others, recompute


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong: `line` 0 where it concerns the whole file."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An answer that the labels don't give."""

    question: str
    stored: str
    recomputed: str
    reason: str


@dataclass(slots=True)
class Verification:
    """What was found.

    Attributes
    ----------
    files, events, writers, questions
        Counts.
    problems
        Damage of the chain or the schema, and records that can't be right.
    notices
        What a person should know that is no damage.
    checked, matched, mismatches
        Answers recomputed from labels.
    missing_cases
        Cases whose labels weren't in the folder given.
    unverified
        Questions without an answer key, as imported.
    """

    files: int = 0
    events: int = 0
    writers: int = 0
    questions: int = 0
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    cases_given: bool = False
    checked: int = 0
    matched: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)
    missing_cases: list[str] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Nothing damaged and no wrong answer; some answers may not have been checked."""
        return not self.problems and not self.mismatches

    @property
    def complete(self) -> bool:
        """Whether all that was asked for could be checked."""
        return not self.missing_cases

    def to_dict(self) -> dict[str, Any]:
        """As JSON data."""
        return {"ok": self.ok, "complete": self.complete} | asdict(self)


def verify_file(
    path: str | Path,
    *,
    cases: str | Path | None = None,
    names: str | Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Verification:
    """Check a benchmark file, or a folder of them.

    Parameters
    ----------
    cases
        Folder of label maps; every answer is then recomputed.
    names
        Names table for cases that were registered with one of the user's own.
    progress
        Told which label map is being read.

    Raises
    ------
    BenchmarkError
        If the file is missing or of another kind.
    """
    result = Verification()
    lines = []
    for file in files_of([Path(path)]):
        result.files += 1
        lines += _check_file(file, result)
    events = [event for event, _ in in_order(lines)]
    state = State(events)
    result.events = len(events)
    result.writers = len({event.writer for event in events})
    result.questions = len(state.questions)
    _check_records(state, str(path), result)
    if cases is not None:
        result.cases_given = True
        _check_answers(state, Path(cases), names, result, progress or (lambda _: None))
    return result


def _check_file(file: Path, result: Verification) -> list[tuple[Any, bytes, int]]:
    found = scan(file)
    where = file.name
    result.problems += [Problem(where, d.line, d.reason) for d in found.damaged]
    result.problems += [Problem(where, number, what) for number, what in found.newer]
    result.problems += [Problem(where, number, what) for number, _, what in found.broken_links()]
    if found.torn:
        text = f"the last line is torn ({len(found.torn)} bytes); it will be set aside when the file is next opened"
        result.problems.append(Problem(where, len(found.lines) + len(found.damaged) + 1, text))
    if found.open_end:
        text = "the last line has lost its line end; it will be put right when the file is next opened"
        result.problems.append(Problem(where, len(found.lines) + len(found.damaged), text))
    shas = {event.sha for event, _, _ in found.lines}
    forgiven = {
        sha for event, _, _ in found.lines if event.kind == "repaired" for sha in event.payload.missing
    }
    tip = Journal(file).tip_sha()
    if tip is not None and tip not in shas | forgiven:
        result.problems.append(
            Problem(where, 0, "lines are missing from its end: the last one written on this machine is gone")
        )
    if not result.problems:
        try:
            Journal(file).read_new()
        except DamagedError as error:
            result.problems.append(Problem(where, error.line, error.what))
    for event, _, number in found.lines:
        if event.kind == "repaired":
            result.notices.append(
                f"{where} line {number}: repaired at {event.time}; {len(event.payload.lines)} lines set aside, "
                f"{len(event.payload.missing)} missing"
            )
    return found.lines


def _check_records(state: State, where: str, result: Verification) -> None:
    for event in state.orphans:
        result.problems.append(
            Problem(where, 0, f"event {event.id} is about question {event.question}, which is not here")
        )
    for found in state.questions.values():
        question = found.question
        if found.conflict:
            result.notices.append(f"question {found.id}: two versions wait to be settled")
        if question.options and question.answer not in LETTERS[: len(question.options)]:
            result.problems.append(
                Problem(
                    where, 0, f"question {found.id}: its answer {question.answer!r} is no option's letter"
                )
            )
        if found.case not in state.cases:
            result.notices.append(f"question {found.id}: its case {found.case} is not registered")


def _check_answers(
    state: State,
    folder: Path,
    names: str | Path | None,
    result: Verification,
    progress: Callable[[str], None],
) -> None:
    wanted: dict[str, list[QuestionState]] = {}
    for found in state.questions.values():
        if found.status == "rejected":
            continue
        if found.question.key.form not in FORMS:
            result.unverified.append(found.id)
        else:
            wanted.setdefault(found.question.label_sha256, []).append(found)
    second = _second_scans(state)
    needed = set(wanted) | {sha for shas in second.values() for sha in shas}
    held: dict[str, CaseGeometry] = {}
    for case in open_by_label_hash(folder, needed, state, names, progress):
        geometry, sha = CaseGeometry(case), case.label_sha256()
        if any(sha in {q.question.label_sha256, *second[q.id]} for q in _waiting(wanted) if q.id in second):
            held[sha] = geometry
        for found in wanted.pop(sha, ()):
            if found.id in second:
                wanted.setdefault(sha, []).append(found)
            else:
                _check_answer(found, geometry, result)
        for found in _waiting(wanted):
            if found.id in second and {found.question.label_sha256, *second[found.id]} <= set(held):
                others = {held[other].case.id: held[other] for other in second[found.id]}
                _check_answer(found, held[found.question.label_sha256], result, others)
                wanted[found.question.label_sha256].remove(found)
        still = {s for q in _waiting(wanted) for s in (q.question.label_sha256, *second.get(q.id, ()))}
        held = {s: kept for s, kept in held.items() if s in still}
    result.missing_cases = sorted({found.case for found in _waiting(wanted)})


def _waiting(wanted: dict[str, list[QuestionState]]) -> list[QuestionState]:
    return [found for left in wanted.values() for found in left]


def _second_scans(state: State) -> dict[str, tuple[str, ...]]:
    """Question → hashes of the other label maps that its answer was measured on."""
    found = {}
    for held in state.questions.values():
        question = held.question
        if "other_case" in question.key.params:
            shas = (str(item.get("label_sha256", "")) for item in question.evidence)
            found[held.id] = tuple(dict.fromkeys(sha for sha in shas if sha))
    return found


def _check_answer(
    found: QuestionState, geometry: CaseGeometry, result: Verification, others: Others | None = None
) -> None:
    result.checked += 1
    question = found.question
    try:
        again = recompute(question, geometry, others=others)
    except SpatialMedError as error:
        result.mismatches.append(Mismatch(found.id, question.answer, "", str(error)))
        return
    if again.matches:
        result.matched += 1
    else:
        result.mismatches.append(Mismatch(found.id, question.answer, str(again.answer), again.reason))


def open_by_label_hash(
    folder: Path,
    wanted: set[str],
    state: State,
    names: str | Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Iterable[Case]:
    """Open the cases in a folder whose label map has one of these hashes, with the names they were registered with.

    Label maps that can't be opened are told of and passed over: other files may lie in the folder.
    """
    registered = {record.label_sha256: record for record in state.cases.values()}
    left = set(wanted)
    for files in discover(folder):
        if not left:
            return
        progress(f"reading {files.labels.name}")
        try:
            case = open_case(files.labels, files.image, names=names or files.names)
            sha = case.label_sha256()
            record = registered.get(sha)
            if (
                names is None
                and record is not None
                and record.names in name_tables()
                and record.names != case.provenance.names
            ):
                case = open_case(files.labels, files.image, names=record.names)
        except CaseError as error:
            progress(str(error))
            continue
        if sha in left:
            left.discard(sha)
            yield case
