"""Building the surfaces of a case, as jobs in a thread: all of them coarse, the selected ones fine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from napari_spatialmed.case import Structure
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.viewer.surfaces import (
    FACES_OF_ALL_SURFACES,
    Surface,
    cell_sizes,
    structure_surface,
)
from napari_spatialmed.viewer.work import Job

FACES_PER_LAYER = 125_000
"""Adding a layer of this size takes a tenth of a second, of which most is the layer, not the faces."""
MOST_REFINED = 8
"""More structures than this are looked at as a whole, where fine surfaces would only cost time."""


@dataclass(frozen=True)
class Group:
    """Labels of structures that share a layer."""

    labels: tuple[int, ...]


def build(
    job: Job, geometry: CaseGeometry, again: list[Structure], new: list[Structure], first: frozenset[int]
) -> int:
    """Build edited surfaces, then the selected, then the others by system, in groups that fill a layer each.

    Each surface is handed over as a part, ``(label, surface or None)``, and each group once all of it was.
    """
    done: dict[int, int] = {}
    ahead = [s for s in new if s.label in first]
    cells = _cells(geometry, FACES_OF_ALL_SURFACES)

    def one(structure: Structure) -> None:
        job.check()
        job.progress(len(done) / max(len(again) + len(new), 1), f"Building surface of {structure.title}")
        surface = _surface(geometry, structure, cells.get(structure.label, 0.0))
        job.part((structure.label, surface))
        done[structure.label] = 0 if surface is None else len(surface[1])

    for structure in (*again, *ahead):
        one(structure)
    labels: list[int] = []
    faces = 0
    for structure in sorted(new, key=lambda s: s.system):
        if structure.label not in done:
            one(structure)
        labels.append(structure.label)
        faces += done[structure.label]
        if faces > FACES_PER_LAYER:
            job.part(Group(tuple(labels)))
            labels, faces = [], 0
    if labels:
        job.part(Group(tuple(labels)))
    return len(done)


def refine(job: Job, geometry: CaseGeometry, structures: Iterable[Structure]) -> None:
    """Build fine surfaces of a few structures that are looked at closely, each handed over as a part."""
    cells = _cells(geometry, None)
    for structure in structures:
        job.check()
        job.part((structure.label, _surface(geometry, structure, cells.get(structure.label, 0.0))))


def _cells(geometry: CaseGeometry, faces: int | None) -> dict[int, float]:
    survey, mm = geometry.survey, geometry.case.spacing
    sizes = cell_sizes((survey.index_max - survey.index_min + 1) * mm, mm, faces=faces)
    return dict(zip(survey.labels.tolist(), sizes.tolist(), strict=True))


def _surface(geometry: CaseGeometry, structure: Structure, cell_mm: float) -> Surface | None:
    """None for a structure that has no voxel left."""
    survey, case = geometry.survey, geometry.case
    if structure.label not in survey:
        return None
    row = survey.row(structure.label)
    box = tuple(
        slice(int(a), int(b) + 1) for a, b in zip(survey.index_min[row], survey.index_max[row], strict=True)
    )
    return structure_surface(case.labels, structure.label, box, case.spacing, cell_mm=cell_mm)
