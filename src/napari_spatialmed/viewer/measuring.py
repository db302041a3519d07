"""What to measure for a selection, measuring it, and writing the results down as text."""

from __future__ import annotations

import csv
import inspect
import io
import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CALCULATORS, Calculator, CaseGeometry, Measurement, measure
from napari_spatialmed.geometry.tables import harmless
from napari_spatialmed.viewer.messages import NOT_A_DEVICE
from napari_spatialmed.viewer.values import uncertainty_text, value_text
from napari_spatialmed.viewer.work import Job

DEFAULTS = ("volume_ml", "extent_mm", "surface_distance_mm", "centre_distance_mm", "direction")
"""Ticked at first; later, what was ticked last."""
MOST = 5000
"""More measurements than this at once are for the command line."""


@dataclass(frozen=True)
class Wanted:
    """One measurement to make."""

    calculator: str
    structures: tuple[str, ...]


@dataclass(frozen=True)
class Measured:
    """What came of it: the measurements, and in words what could not be measured."""

    measurements: tuple[Measurement, ...]
    failures: tuple[str, ...] = ()


class TooManyError(SpatialMedError):
    """A selection that would make more measurements than a table can hold."""


def plan(calculators: Iterable[str], selection: Sequence[str], *, has_image: bool) -> list[Wanted]:
    """One measurement per structure, per pair in the order of selection, or one for the whole selection.

    Raises
    ------
    TooManyError
        Beyond :data:`MOST`.
    """
    wanted: list[Wanted] = []
    for name in calculators:
        found = CALCULATORS.get(name)
        if found is None or (found.needs_image and not has_image):
            continue
        if found.scope == "structure":
            wanted += [Wanted(name, (s,)) for s in selection]
        elif found.scope == "pair":
            wanted += [Wanted(name, pair) for pair in itertools.combinations(selection, 2)]
        else:
            wanted += _of_the_whole(found, selection)
    if len(wanted) > MOST:
        raise TooManyError(
            f"this selection would make {len(wanted):,} measurements",
            hint="Select fewer structures, or use `spatialmed measure` for whole cases.",
        )
    return wanted


def _of_the_whole(found: Calculator, selection: Sequence[str]) -> list[Wanted]:
    """One measurement of everything selected; of each, where the calculator takes fewer than are selected."""
    places = list(inspect.signature(found.function).parameters.values())[1:]
    named = [p for p in places if p.kind is p.POSITIONAL_OR_KEYWORD]
    least = sum(p.default is p.empty for p in named)
    if any(p.kind is p.VAR_POSITIONAL for p in places) or len(selection) <= len(named):
        return [Wanted(found.name, tuple(selection))] if len(selection) >= max(least, 1) else []
    return [Wanted(found.name, (s,)) for s in selection] if least <= 1 else []


def measure_all(job: Job, geometry: CaseGeometry, wanted: Sequence[Wanted]) -> Measured:
    """Measure off the GUI thread; what can't be measured is told, and stops nothing else."""
    measurements: list[Measurement] = []
    failures: dict[str, None] = {}
    for n, item in enumerate(wanted):
        job.check()
        job.progress(n / len(wanted), f"Measuring {n + 1} of {len(wanted)}")
        try:
            measurements.append(measure(geometry, item.calculator, *item.structures))
        except SpatialMedError as error:
            failures[f"{CALCULATORS[item.calculator].title}: {error}"] = None
    geometry.save()
    return Measured(tuple(measurements), tuple(failures))


def as_json(measurements: Iterable[Measurement], case_id: str) -> str:
    """All there is to know of each measurement; the case is named by its hash, never by a path."""
    content = {"case": case_id, "note": NOT_A_DEVICE, "measurements": [m.to_dict() for m in measurements]}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def as_csv(measurements: Iterable[Measurement]) -> str:
    """One line per measurement; values that aren't single numbers as JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["calculator", "structures", "value", "unit", "uncertainty", "flags", "method"])
    for m in measurements:
        value = m.value if isinstance(m.value, str | int | float) else json.dumps(m.value, ensure_ascii=False)
        worth = "" if m.uncertainty is None else m.uncertainty
        row = [m.calculator, "; ".join(m.structures), value, m.unit, worth, "; ".join(m.flags), m.method]
        writer.writerow([harmless(cell) for cell in row])
    return text.getvalue()


def as_lines(measurements: Iterable[Measurement]) -> str:
    """For the clipboard: tab-separated, as people read it."""
    rows = ["Measurement\tStructures\tValue\tUncertainty"]
    for m in measurements:
        title = CALCULATORS[m.calculator].title if m.calculator in CALCULATORS else m.calculator
        rows.append("\t".join((title, ", ".join(m.structures), value_text(m), uncertainty_text(m))))
    return "\n".join(rows) + "\n"
