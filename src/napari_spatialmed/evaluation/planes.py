"""Which planes show the structures asked about, and what lies in a plane.

A case's arrays grow to inferior, posterior and the patient's left, so a plane cut along an array axis is already in
radiological convention: axial as seen from the feet, coronal as seen from the front, the patient's right on the
screen's left; in sagittal planes anterior is on the left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case import Case

if TYPE_CHECKING:
    from napari_spatialmed.geometry.case_geometry import CaseGeometry

Plane = Literal["axial", "coronal", "sagittal"]
PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
PatientAxis = Literal["RL", "AP", "SI"]

NORMAL: Mapping[Plane, int] = {"axial": 0, "coronal": 1, "sagittal": 2}
"""The array axis a plane is perpendicular to."""
SIDES: Mapping[Plane, tuple[str, str, str, str]] = {
    "axial": ("R", "L", "A", "P"),
    "coronal": ("R", "L", "S", "I"),
    "sagittal": ("A", "P", "S", "I"),
}
"""Letters at the picture's left, right, top and bottom."""
SHOWS: Mapping[Plane, tuple[PatientAxis, PatientAxis]] = {
    "axial": ("RL", "AP"),
    "coronal": ("RL", "SI"),
    "sagittal": ("AP", "SI"),
}
"""Rule V2: the patient axes that lie in a plane."""

ENOUGH_VOXELS = 20
"""Rule V1: a structure with fewer voxels on a picture doesn't count as seen on it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One plane through a case."""

    plane: Plane
    index: int


class SliceCounts:
    """How many voxels of each structure lie in every plane of a case.

    Parameters
    ----------
    geometry
        The case with its labels.
    names
        Structures to count.
    """

    def __init__(self, geometry: CaseGeometry, names: Sequence[str]) -> None:
        case = geometry.case
        self.names = tuple(dict.fromkeys(case[n].name for n in names))
        self.shape = case.labels.shape
        labels = [case[name].label for name in self.names]
        survey = geometry.survey
        rows = [survey.row(label) for label in labels]
        self._counts = {
            name: count_by_plane(case.labels, label, survey.index_min[row], survey.index_max[row])
            for name, label, row in zip(self.names, labels, rows, strict=True)
        }

    def at(self, name: str, cut: Cut) -> int:
        """Voxels of a structure in one plane."""
        return int(self._counts[name][NORMAL[cut.plane]][cut.index])

    def reach(self, plane: Plane) -> tuple[int, int]:
        """First and last index of planes that hold any of the structures; all planes if there is none."""
        total = self._total(plane)
        hit = np.flatnonzero(total)
        return (int(hit[0]), int(hit[-1])) if hit.size else (0, self.shape[NORMAL[plane]] - 1)

    def best(self, plane: Plane, names: Sequence[str] | None = None) -> Cut:
        """The plane that shows most of the structures, and of those the one that shows most *of* each.

        Structures with `ENOUGH_VOXELS` in the plane count first; then the sum over structures of the square root of
        the share of its largest section.  The lowest index wins ties, so that the choice never changes between runs.
        """
        names = self.names if names is None else names
        axis = NORMAL[plane]
        if not names:
            return Cut(plane, self.shape[axis] // 2)
        sections = np.stack([self._counts[n][axis] for n in names]).astype(np.float64)
        largest = np.maximum(sections.max(axis=1, keepdims=True), 1.0)
        worth = 10.0 * (sections >= ENOUGH_VOXELS).sum(axis=0) + np.sqrt(sections / largest).sum(axis=0)
        return Cut(plane, int(worth.argmax()))

    def spread(self, plane: Plane, count: int) -> list[Cut]:
        """`count` planes spread over the structures, each structure's best plane among them if there is room."""
        first, last = self.reach(plane)
        margin = max(1, round(0.05 * (last - first)))
        size = self.shape[NORMAL[plane]]
        chosen = np.unique(
            np.rint(np.linspace(max(0, first - margin), min(size - 1, last + margin), count)).astype(int)
        )
        indices = [int(i) for i in chosen]
        needed: set[int] = set()
        for name in self.names:
            counts = self._counts[name][NORMAL[plane]]
            if counts[indices].max() < min(ENOUGH_VOXELS, counts.max()):
                best = int(counts.argmax())
                free = [i for i in indices if i not in needed]
                if len(indices) >= count and free:
                    indices.remove(min(free, key=lambda i: abs(i - best)))
                indices.append(best)
                needed.add(best)
            else:
                needed.add(indices[int(counts[indices].argmax())])
        return [Cut(plane, i) for i in sorted(set(indices))]

    def _total(self, plane: Plane) -> NDArray[np.int64]:
        axis = NORMAL[plane]
        total = np.zeros(self.shape[axis], np.int64)
        for name in self.names:
            total += self._counts[name][axis]
        return total


def count_by_plane(
    labels: NDArray[Any], label: int, low: NDArray[np.int64], high: NDArray[np.int64]
) -> tuple[NDArray[np.int64], ...]:
    """Voxels of one label, which lies in the inclusive index box `low` to `high`, in every plane along the three axes."""
    box = tuple(slice(int(a), int(b) + 1) for a, b in zip(low, high, strict=True))
    mask = labels[box] == label
    counts = []
    for axis, size in enumerate(labels.shape):
        across = tuple(other for other in range(3) if other != axis)
        whole = np.zeros(size, np.int64)
        whole[box[axis]] = mask.sum(axis=across)
        counts.append(whole)
    return tuple(counts)


def section(array: NDArray[Any], cut: Cut, box: tuple[slice, slice, slice]) -> NDArray[Any]:
    """The part of a plane inside `box`, rows from top to bottom and columns from left to right of the screen."""
    rows, columns = (side for axis, side in enumerate(box) if axis != NORMAL[cut.plane])
    return np.asarray(np.take(array, cut.index, axis=NORMAL[cut.plane])[rows, columns])


def section_spacing(case: Case, cut: Cut) -> tuple[float, float]:
    """Row and column spacing in mm."""
    rows, columns = (axis for axis in range(3) if axis != NORMAL[cut.plane])
    return float(case.spacing[rows]), float(case.spacing[columns])


def caption(cut: Cut) -> str:
    """What a plane is and which way it is seen, in one sentence for people and models."""
    return f"{cut.plane.capitalize()} plane. {convention(cut.plane)}"


def convention(plane: Plane) -> str:
    """Which way a plane is seen, in one sentence."""
    return {
        "axial": "Seen from the feet: the patient's right is on the left of the picture, anterior at the top.",
        "coronal": "Seen from the front: the patient's right is on the left of the picture, superior at the top.",
        "sagittal": "Seen from the patient's left: anterior is on the left of the picture, superior at the top.",
    }[plane]
