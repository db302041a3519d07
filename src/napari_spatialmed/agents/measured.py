"""Which scans a benchmark has measured, so that whoever proposes for one of them knows what numbers usually are in the others.

The figures are notes in the benchmark's journal, about 12 KB a scan: they are measured once, and a later run asks the same.
Every proposal of a number then goes through `usual_values` and rule P1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from napari_spatialmed.agents.usual_values import Collection, Figures, Key, figures_of
from napari_spatialmed.benchmark import Benchmark, State
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions.usual import Usual
from napari_spatialmed.wording import counted

MEASURED = "case measured"
"""Text of the note that holds the figures of a scan, for the questions about the others."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one scan.

    Attributes
    ----------
    scan
        Says which label map of which scan is meant, giving no file away.
    case
        The case's id.
    """

    scan: str
    case: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class OthersKnown:
    """What is known of other patients.

    Attributes
    ----------
    numbers
        What the numbers of a case usually are; `propose` takes it as ``known``.
    scans
        How many scans of other patients that comes from.
    """

    numbers: Mapping[Key, Usual] = field(default_factory=dict)
    scans: int = 0

    def __str__(self) -> str:
        if not self.scans:
            return "Numbers are compared with published volumes only: no other patient's scan is measured in this benchmark."
        return (
            f"Numbers are compared with {counted(self.scans, 'scan')} of other patients, measured in this benchmark; "
            "what these don't hold, with published volumes."
        )


def measured(geometry: CaseGeometry) -> Measured:
    """Measure an open case."""
    case = geometry.case
    return Measured(f"{case.id} {case.provenance.names}", case.id, figures_of(geometry))


def measured_in(state: State) -> dict[str, Measured]:
    """What a benchmark's notes hold, by scan; what was measured last counts."""
    notes = [note.payload.model_dump() for note in state.notes if note.payload.text == MEASURED]
    return {n["scan"]: Measured(n["scan"], n["case"], n["figures"]) for n in notes}


def note_measured(benchmark: Benchmark, found: Measured) -> None:
    """Keep the figures of a scan."""
    note = {"text": MEASURED, "scan": found.scan, "case": found.case, "figures": found.figures}
    benchmark.append("note", note)


def note_new(benchmark: Benchmark, scans: Iterable[Measured]) -> int:
    """Keep the figures that don't stand there yet; returns of how many scans."""
    held = measured_in(benchmark.state)
    new = [found for found in scans if held.get(found.scan) != found]
    for found in new:
        note_measured(benchmark, found)
    return len(new)


def collection_of(scans: Iterable[Measured], patients: Mapping[str, str]) -> Collection:
    """All that was measured, each label map once.

    Parameters
    ----------
    patients
        Case → patient; a case that isn't in it is a patient of its own.
    """
    collection = Collection()
    different = {
        (found.case, json.dumps(found.figures, sort_keys=True)): found
        for found in sorted(scans, key=lambda found: found.scan)
    }
    for found in different.values():
        collection.add(patients.get(found.case, found.case), found.figures)
    return collection


def patients_in(state: State) -> dict[str, str]:
    """The patient of every case that a benchmark has registered."""
    return {case: record.patient or case for case, record in state.cases.items()}


def others_known(state: State, case: str) -> OthersKnown:
    """What a benchmark's measured scans say of other patients than this case's."""
    patients = patients_in(state)
    collection = collection_of(measured_in(state).values(), patients)
    patient = patients.get(case, case)
    return OthersKnown(collection.known_to(patient), collection.scans_without(patient))
