"""A case with everything about its geometry that was computed so far.

Calculators ask this object for the survey, boundaries, bricks and pieces they need; each is computed once, and again
only for structures that an edit touched.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case.model import Case, Structure
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry.boundary import boundary_of
from napari_spatialmed.geometry.bricks import Bricks, make_bricks, metric_frame, smallest_distance
from napari_spatialmed.geometry.components import Pieces, pieces_of
from napari_spatialmed.geometry.survey import SliceSums, Survey, join, reduce_slices, scan_slices

T = TypeVar("T")
Region = Sequence[slice | tuple[int, int] | None] | slice
"""What an edit changed: a slice of axis 0, or one slice (or half-open pair) per axis; None for a whole axis."""


class EmptyStructureError(SpatialMedError):
    """A structure that has no voxel left (after an edit)."""


class CaseGeometry:
    """Geometry of one case.

    Parameters
    ----------
    case
        The case; its label map is read, never written.

    Notes
    -----
    Reading from several threads is safe.  While labels are edited, call `update` after each edit, from one thread.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.affine: NDArray[np.float64] = np.asarray(case.affine, np.float64)
        self.frame = metric_frame(self.affine)
        self.generation = 0
        self._changed: dict[int, int] = {}
        self._lock = threading.RLock()
        self._rows: SliceSums | None = None
        self._survey: Survey | None = None
        self._made: dict[tuple[str, int, Any], Any] = {}

    @property
    def labels(self) -> NDArray[Any]:
        """The case's label map, shape (I, P, L)."""
        return self.case.labels

    @property
    def spacing(self) -> NDArray[np.float64]:
        """Voxel size along the array's axes in mm."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    @property
    def survey(self) -> Survey:
        """Counts, moments and boxes of all labels."""
        with self._lock:
            if self._survey is None:
                if self._rows is None:
                    self._rows = scan_slices(self.labels, self.affine)
                self._survey = reduce_slices(self._rows, self.affine, self.labels.shape)
            return self._survey

    def structure(self, name: str) -> Structure:
        """The case's structure of this name.

        Raises
        ------
        UnknownStructureError
            If the case doesn't have it.
        """
        return self.case[name]

    def row(self, name: str) -> int:
        """Where a structure stands in the survey's arrays.

        Raises
        ------
        EmptyStructureError
            If its last voxel was erased.
        """
        label = self.structure(name).label
        try:
            return self.survey.row(label)
        except KeyError:
            raise EmptyStructureError(
                f"{name} has no voxels in this label map",
                hint="Choose another structure, or undo the edit that erased it.",
            ) from None

    def made(self, what: str, name: str, make: Callable[[], T], *, key: Any = None) -> T:
        """The result of `make`, kept until an edit touches the structure."""
        with self._lock:
            place = (what, self.structure(name).label, key)
            if place not in self._made:
                self._made[place] = make()
            found: T = self._made[place]
            return found

    def boundary(self, name: str) -> NDArray[np.int32]:
        """Boundary voxels' array indices (6-neighbourhood; the map's border counts); shape (n, 3)."""

        def make() -> NDArray[np.int32]:
            row = self.row(name)
            return boundary_of(
                self.labels,
                self.structure(name).label,
                self.survey.index_min[row],
                self.survey.index_max[row],
            )

        return self.made("boundary", name, make)

    def bricks(self, name: str) -> Bricks:
        """The boundary voxels in bricks of about 8 mm."""
        return self.made("bricks", name, lambda: make_bricks(self.boundary(name), self.frame))

    def pieces(self, name: str, connectivity: int = 26) -> Pieces:
        """Connected pieces, largest first."""

        def make() -> Pieces:
            row = self.row(name)
            box = self.survey.index_min[row], self.survey.index_max[row]
            return pieces_of(self.labels, self.structure(name).label, *box, connectivity)

        return self.made("pieces", name, make, key=connectivity)

    def nearest_points(self, a: str, b: str) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """Smallest distance of two structures' boundary voxel centres, and its end points in RAS mm."""
        first, second = self.bricks(a), self.bricks(b)
        distance, at_a, at_b = smallest_distance(
            first, second, float(self.spacing.min()) if self.is_orthogonal else 0.0
        )
        return distance, self.to_ras(first.index[at_a]), self.to_ras(second.index[at_b])

    @property
    def is_orthogonal(self) -> bool:
        """Whether the grid has no shear."""
        return bool(np.count_nonzero(self.frame - np.diag(np.diag(self.frame))) == 0)

    def to_ras(self, index: NDArray[Any]) -> NDArray[np.float64]:
        """Patient coordinates in mm of voxel indices; shape (…, 3)."""
        return np.asarray(np.asarray(index, np.float64) @ self.affine[:3, :3].T + self.affine[:3, 3])

    def update(self, region: Region) -> frozenset[str]:
        """Take note of an edit of the label map.

        Parameters
        ----------
        region
            Where voxels changed.

        Returns
        -------
        Names of the structures whose measurements are out of date.
        """
        with self._lock:
            start, stop = self._slices(region)
            self.generation += 1
            if self._rows is None:
                changed = {s.label for s in self.case.structures}
                self._survey = None
            else:
                before = self._rows.pick((self._rows.slice_index >= start) & (self._rows.slice_index < stop))
                now = scan_slices(self.labels, self.affine, start, stop)
                changed = {int(v) for v in np.unique(self.labels[self._index(region)]) if v} | _differing(
                    before, now
                )
                self._rows = join([self._rows.outside(start, stop), now])
                self._survey = None
            for label in changed:
                self._changed[label] = self.generation
            self._made = {place: value for place, value in self._made.items() if place[1] not in changed}
            return frozenset(s.name for s in self.case.structures if s.label in changed)

    def stale(self, names: Iterable[str], since: int) -> bool:
        """Whether any of these structures was edited after generation `since`.

        Whoever keeps a measurement keeps ``geometry.generation`` of that moment beside it.
        """
        return any(self._changed.get(self.structure(name).label, 0) > since for name in names)

    def _slices(self, region: Region) -> tuple[int, int]:
        axis = self._index(region)[0]
        start, stop, _ = axis.indices(self.labels.shape[0])
        return start, stop

    def _index(self, region: Region) -> tuple[slice, ...]:
        axes = (region,) if isinstance(region, slice) else tuple(region)
        return tuple(
            slice(None) if a is None else a if isinstance(a, slice) else slice(int(a[0]), int(a[1]))
            for a in axes
        )


def _differing(before: SliceSums, now: SliceSums) -> set[int]:
    """Labels whose sums differ in any slice."""
    rows = [
        {(int(i), int(v)): tuple(s) for i, v, s in zip(x.slice_index, x.label, x.sums, strict=True)}
        for x in (before, now)
    ]
    return {key[1] for key in rows[0].keys() | rows[1].keys() if rows[0].get(key) != rows[1].get(key)}
