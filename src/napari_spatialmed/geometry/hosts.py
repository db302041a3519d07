"""What a lesion is surrounded by (rule U4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_spatialmed.case.model import Structure
from napari_spatialmed.geometry.neighbourhood import shell

if TYPE_CHECKING:
    from napari_spatialmed.geometry.case_geometry import CaseGeometry

LEAST_SHARE = 0.5
MOST_OF_SECOND = 0.35
"""Rule U4: the host's least share of the shell, and the runner-up's greatest."""
MERGED_SHARE = 0.05
"""A neighbouring lesion with this share of the shell is taken as one with it: a core lies in its rim's host."""


_PART = re.compile(r"^(?P<organ>.+?)_(?:(?:upper|middle|lower)_lobe|lobe|segment)(?:_|$)")
"""Concepts of an organ's parts, such as ``lung_upper_lobe`` and ``liver_segment_4``."""


def organ_of(structure: Structure) -> str | None:
    """The organ that a structure is a segment or lobe of, with its side; None if it is no such part."""
    found = _PART.match(structure.concept)
    if found is None:
        return None
    return f"{found['organ']}_{structure.side}" if structure.side else found["organ"]


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of the shell around a lesion.

    Attributes
    ----------
    ranked
        Structures that aren't lesions with their share of the shell, greatest first.
    shell_voxels
        Size of the shell, background included.
    merged
        Other lesions that were taken together with this one.
    """

    ranked: tuple[tuple[str, float], ...]
    shell_voxels: int
    merged: tuple[str, ...]


def shares_around(geometry: CaseGeometry, lesion: str, piece: int | None, radius_mm: float) -> Shares:
    """Shares of the shell around a lesion (or one of its pieces), grown over the lesions it touches.

    Background counts: a lesion in fat beside an organ doesn't lie in the organ.
    """
    names = geometry.case.names
    boundary = geometry.boundary(lesion) if piece is None else geometry.piece_boundary(lesion, piece)
    members = {geometry.structure(lesion).label}
    if not len(boundary):
        return Shares((), 0, ())
    while True:
        found = shell(geometry.labels, frozenset(members), boundary, geometry.affine, radius_mm)
        labels, counts = np.unique(found, return_counts=True)
        joined = [
            int(label)
            for label, count in zip(labels, counts, strict=True)
            if label in names
            and geometry.case[int(label)].kind == "lesion"
            and count >= MERGED_SHARE * found.size
        ]
        if not joined:
            break
        members |= set(joined)
        boundary = np.concatenate([boundary, *(geometry.boundary(names[label]) for label in joined)])
    ranked = sorted(
        (
            (names[int(label)], float(count) / found.size)
            for label, count in zip(labels, counts, strict=True)
            if int(label) in names and geometry.case[int(label)].kind != "lesion"
        ),
        key=lambda pair: -pair[1],
    )
    others = members - {geometry.structure(lesion).label}
    return Shares(tuple(ranked), int(found.size), tuple(names[label] for label in sorted(others)))
