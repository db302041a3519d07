"""Many cases: those of a folder and those of the open benchmark, what is known of each, and which comes next.

One per session.  Files are looked for and looked at in the background; a case that can't be read says why and stops nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_spatialmed.case import CaseFiles, CaseLibrary
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.viewer.case_progress import CaseProgress, ProgressReader
from napari_spatialmed.viewer.case_rows import FILTERS, CaseRow, in_benchmark_only, place_of, row_of
from napari_spatialmed.viewer.case_search import Found, find_cases, recognise_cases
from napari_spatialmed.viewer.memory import recall, remember
from napari_spatialmed.viewer.work import Work

if TYPE_CHECKING:
    from napari_spatialmed.viewer.session import Session

_FOLDER = "case_folder"
NO_LIST = "There is no list of cases yet: open a folder or a benchmark in the Case list."


class CaseList(QObject):
    """The session's list of cases.

    Signals: ``changed()`` when rows or what is known of them did, ``said(text)`` where there is nothing to open.
    """

    changed = Signal()
    said = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.rows: list[CaseRow] = []
        self.filter_name, self.words = "All", ""
        self.where = ""
        self._places: dict[object, int] = {}
        self._on_show: object = None
        self._coming: object = None
        self._progress = ProgressReader()
        self.looking = Work(self)
        self.looking.part.connect(self._take)
        session.case_changed.connect(self._on_case)
        session.benchmark_changed.connect(self._on_benchmark)
        session.opening.started.connect(self._opening_began)
        session.opening.failed.connect(self._could_not_open)
        session.opening.finished.connect(self._opening_ended)
        session.ahead.work.started.connect(self._ahead_began)
        session.ahead.work.finished.connect(self._ahead_ended)

    # ---- where the cases are

    def look(self, where: str) -> None:
        """List the cases of a folder, or of what a pattern matches; `looking` tells how far it is and what is wrong."""
        self.where = where.strip()
        remember(_FOLDER, self.where)
        self._session.ahead.drop()
        self._set_rows([])
        if self.where:
            self.looking.run("Looking for cases", find_cases, self.where)

    def look_again(self) -> None:
        """List the folder of last time, if this session has none yet."""
        kept = recall(_FOLDER, "")
        if not self.where and isinstance(kept, str) and kept:
            self.look(kept)

    @property
    def unrecognised(self) -> int:
        """How many cases of the benchmark aren't known on this machine, while there are files that nobody opened yet."""
        strange = sum(row.files is None for row in self.rows)
        return strange if any(row.state == "new" for row in self.rows) else 0

    def recognise(self) -> None:
        """Read the files that nobody opened yet, until every case of the benchmark is found among them."""
        sought = frozenset(r.case_id for r in self.rows if r.files is None and r.case_id is not None)
        unopened = [r.files for r in self.rows if r.files is not None and r.state == "new"]
        self.looking.run("Recognising cases", recognise_cases, unopened, sought)

    # ---- what is listed

    def filter(self, name: str, words: str) -> None:
        """List only what passes this filter of `FILTERS` and holds all the words."""
        self.filter_name, self.words = name, words
        self.changed.emit()

    def passes(self, row: CaseRow) -> bool:
        """Whether a row is listed."""
        searched = f"{row.key} {row.modality}".casefold()
        return FILTERS[self.filter_name](row) and all(w in searched for w in self.words.casefold().split())

    @property
    def shown(self) -> list[CaseRow]:
        """The rows that are listed."""
        return [row for row in self.rows if self.passes(row)]

    @property
    def on_show(self) -> CaseRow | None:
        """The row of the case on show."""
        return self._row(self._on_show)

    @property
    def coming(self) -> CaseRow | None:
        """The row that is being opened."""
        return self._row(self._coming)

    @property
    def ahead(self) -> CaseRow | None:
        """The row that was read ahead, or is being read."""
        files = self._session.ahead.files
        return None if files is None else self._row(place_of(files))

    # ---- going through it

    def open(self, row: CaseRow) -> None:
        """Show a case: at once if it was read ahead, else as soon as it is read."""
        wanted = row.wanted
        if wanted is None:
            self.said.emit(row.problem)
        elif row.identity != self._on_show or self._session.arriving:
            self._session.show_async(wanted)
            self._coming = row.identity if self._session.opening.running or self._session.arriving else None
            self.changed.emit()
        elif self._coming is not None:
            self._session.opening.cancel()

    def next(self) -> None:
        """Open the next case that is listed; those that can't be read are passed over."""
        self._step(1)

    def previous(self) -> None:
        """Open the one before."""
        self._step(-1)

    def _step(self, by: int) -> None:
        row = self._beside(self.coming or self.on_show, by)
        if row is not None:
            self.open(row)
        elif not self.rows:
            self.said.emit(NO_LIST)
        else:
            narrowed = "" if self.filter_name == "All" and not self.words else " of those shown"
            self.said.emit(f"This is the {'last' if by > 0 else 'first'} case{narrowed}.")

    def _beside(
        self, row: CaseRow | None, by: int, also: Callable[[CaseRow], bool] | None = None
    ) -> CaseRow | None:
        """The next row after this one, or before it, that can be opened; from the list's end where there is none."""
        here = self._places[row.identity] if row is not None else (-1 if by > 0 else len(self.rows))
        rest = self.rows[here + 1 :] if by > 0 else self.rows[:here][::-1]
        return next((r for r in rest if r.readable and self.passes(r) and (also is None or also(r))), None)

    def _foresee(self) -> None:
        """Have the next one read ahead; where there is something to review, the next with questions left."""
        if self.on_show is None:
            return
        following = self._beside(self.on_show, 1, _has_questions_left) or self._beside(self.on_show, 1)
        wanted = None if following is None else following.wanted
        if wanted is not None:
            self._session.ahead.expect(wanted, certain=False)

    # ---- what became known

    def _take(self, found: list[CaseFiles | Found]) -> None:
        """Files that were found, then what a look at each of them says."""
        rows = list(self.rows)
        for one in found:
            if isinstance(one, CaseFiles):
                rows.append(row_of(one))
            elif (n := self._places.get(place_of(one.files))) is not None:
                modality = rows[n].modality if one.modality == "unknown" else one.modality
                rows[n] = replace(rows[n], modality=modality, problem=one.problem, missing=one.missing)
        self._set_rows(rows)

    def _set_rows(self, rows: list[CaseRow]) -> None:
        """Take these over, with what the index of known cases and the benchmark say."""
        known = CaseLibrary().by_files()
        listed = [r.known_as(known.get(r.place)) for r in rows if r.place is not None and not r.of_benchmark]
        benchmark = self._session.benchmark
        more = []
        if benchmark is not None:
            more = in_benchmark_only(benchmark.state, known, {r.case_id for r in listed})
        self.rows = [*listed, *more]
        self._places = {row.identity: n for n, row in enumerate(self.rows)}
        self._find_on_show()
        self._count()

    def _count(self) -> None:
        """Bring the progress up to date."""
        progress = self._progress_by_case()
        self.rows = [
            replace(r, progress=None if progress is None else progress.get(r.case_id or "", CaseProgress()))
            for r in self.rows
        ]
        self.changed.emit()

    def _progress_by_case(self) -> dict[str, CaseProgress] | None:
        benchmark = self._session.benchmark
        return None if benchmark is None else self._progress.by_case(benchmark.state, benchmark.actor)

    def _find_on_show(self) -> None:
        case = self._session.case
        self._on_show = None
        if case is None:
            return
        labels, image = case.provenance.labels_path, case.provenance.image_path
        place = None if labels is None else place_of(CaseFiles(labels, image))
        known = next((r for r in self.rows if r.case_id == case.id), None)
        if place is not None and place in self._places:
            self._on_show = place
        elif known is not None:
            self._on_show = known.identity

    def _on_benchmark(self) -> None:
        progress = self._progress_by_case() or {}
        ids = {row.case_id for row in self.rows}
        extra = {row.case_id for row in self.rows if row.of_benchmark}
        if set(progress) <= ids and extra <= set(progress):
            self._count()
        else:
            self._set_rows(self.rows)

    def _on_case(self) -> None:
        case = self._session.case
        if not self._session.opening.running:
            self._coming = None
        self._find_on_show()
        if case is not None and self._on_show is not None:
            n = self._places[self._on_show]
            self.rows[n] = replace(self.rows[n], modality=case.modality, problem="", missing=False)
        self._set_rows(self.rows)
        self._foresee()

    def _opening_began(self) -> None:
        self._coming = None  # by somebody else; `open` knows better afterwards

    def _could_not_open(self, error: SpatialMedError) -> None:
        self._mark(self._coming, error)

    def _opening_ended(self) -> None:
        if not self._session.arriving:
            self._coming = None
        self.changed.emit()

    def _ahead_began(self) -> None:
        self.changed.emit()

    def _ahead_ended(self) -> None:
        files, error = self._session.ahead.files, self._session.ahead.error
        if files is not None and error is not None:
            # Nobody asked for it yet: the row says why, and the one after it is read instead.
            self._mark(place_of(files), error)
            self._session.ahead.drop()
            self._foresee()
        self.changed.emit()

    def _mark(self, identity: object, error: SpatialMedError) -> None:
        n = self._places.get(identity)
        if n is not None:
            self.rows[n] = replace(self.rows[n], problem=str(error))
            self.changed.emit()

    def _row(self, identity: object) -> CaseRow | None:
        n = None if identity is None else self._places.get(identity)
        return None if n is None else self.rows[n]


def _has_questions_left(row: CaseRow) -> bool:
    return row.left > 0
