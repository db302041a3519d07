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
from scipy import ndimage

from napari_spatialmed.case import paired
from napari_spatialmed.case.model import Case, Structure
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry.boundary import boundary_of
from napari_spatialmed.geometry.bricks import Bricks, make_bricks, metric_frame, smallest_distance
from napari_spatialmed.geometry.components import (
    Pieces,
    pieces_of,
    ranks_of,
)
from napari_spatialmed.geometry.diameters import Axial, longest_of_bricks, recist
from napari_spatialmed.geometry.hausdorff import Worst, hausdorff
from napari_spatialmed.geometry.measurement import Measurement
from napari_spatialmed.geometry.mesh import area_and_volume, pattern_histograms
from napari_spatialmed.geometry.neighbourhood import shared_faces
from napari_spatialmed.geometry.registry import CALCULATORS, CALCULATORS_VERSION
from napari_spatialmed.geometry.store import Key, load, place_of, save
from napari_spatialmed.geometry.surfaces import all_surfaces
from napari_spatialmed.geometry.survey import SliceSums, Survey, join, reduce_slices, scan_slices
from napari_spatialmed.geometry.whole_map import all_structures

SEES_OTHERS = frozenset({"laterality", "overlap_after_dilation", "margin_mm"})
"""Calculators of one structure or a pair that also look at voxels of others."""
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
    keep
        Whether measurements are looked up in, and by `save` written to, the user's cache folder.  Costs a hash of the
        label map: worth it where more than counts, boxes and centroids are wanted.

    Notes
    -----
    Reading from several threads is safe.  While labels are edited, call `update` after each edit, from one thread.
    """

    def __init__(self, case: Case, *, keep: bool = False) -> None:
        self.case = case
        self.affine: NDArray[np.float64] = np.asarray(case.affine, np.float64)
        self.frame = metric_frame(self.affine)
        self.generation = 0
        self._changed: dict[int, int] = {}
        self._lock = threading.RLock()
        self._rows: SliceSums | None = None
        self._survey: Survey | None = None
        self._made: dict[tuple[str, int, Any], Any] = {}
        self._pairs: dict[tuple[str, int, int], Any] = {}
        self._whole: dict[str, Any] = {}
        self._place = place_of(case, CALCULATORS_VERSION) if keep else None
        self._results: dict[Key, Measurement] = {} if self._place is None else load(self._place)

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
        return self._kept("_made", (what, self.structure(name).label, key), make)

    def made_of_case(self, what: str, make: Callable[[], T]) -> T:
        """The result of `make`, kept until any edit."""
        return self._kept("_whole", what, make)

    def _kept(self, shelf: str, place: Any, make: Callable[[], T]) -> T:
        """What lies at a place of a shelf; made, without holding others up, if nothing does."""
        with self._lock:
            found: dict[Any, T] = getattr(self, shelf)
            if place in found:
                return found[place]
            generation = self.generation
        value = make()
        with self._lock:
            if self.generation != generation:
                # Edited meanwhile: good enough for who asked, not to be kept.
                return value
            kept: dict[Any, T] = getattr(self, shelf)
            return kept.setdefault(place, value)

    def measured(self, key: Key, make: Callable[[], Measurement]) -> Measurement:
        """A measurement, kept until an edit touches one of its structures (any structure, if it looked at others)."""
        return self._kept("_results", key, make)

    def save(self) -> None:
        """Write the measurements to the user's cache folder, if this geometry keeps them."""
        with self._lock:
            if self._place is not None and self.generation == 0:
                save(self._place, self._results)

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

    def mesh(self, name: str) -> tuple[float, float]:
        """Area in mm² and volume in mm³ of the structure's marching cubes mesh."""

        def make() -> tuple[float, float]:
            row = self.row(name)
            low, high = self.survey.index_min[row], self.survey.index_max[row]
            crop = self.labels[tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))]
            label = self.structure(name).label
            histogram = pattern_histograms((crop == label).view(np.uint8), np.array([1]))[0]
            return area_and_volume(histogram, int(self.survey.counts[row]), self.affine)

        return self.made("mesh", name, make)

    def diameter(self, name: str) -> tuple[float, int, int]:
        """Longest distance between voxel centres, and its ends' positions in `bricks(name).index`."""
        return self.made("diameter", name, lambda: longest_of_bricks(self.bricks(name)))

    def piece_boundary(self, name: str, piece: int) -> NDArray[np.int32]:
        """Boundary voxels of one piece, 0 the largest; shape (n, 3), n = 0 where there is no such piece."""

        def make() -> NDArray[np.int64]:
            row = self.row(name)
            box = self.survey.index_min[row], self.survey.index_max[row]
            return ranks_of(self.labels, self.structure(name).label, *box, self.boundary(name))

        if piece == 0 and len(self.pieces(name).sizes) == 1:
            return self.boundary(name)
        return np.asarray(self.boundary(name)[self.made("ranks", name, make) == piece])

    def axial(self, name: str, piece: int = 0) -> Axial:
        """RECIST diameters of one piece; ends are positions in `piece_boundary(name, piece)`."""
        return self.made(
            "axial",
            name,
            lambda: recist(self.piece_boundary(name, piece), self.frame, self.affine),
            key=piece,
        )

    def nearest_points(self, a: str, b: str) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """Smallest distance of two structures' boundary voxel centres, and its end points in RAS mm."""

        def make() -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
            first, second = self.bricks(a), self.bricks(b)
            distance, at_a, at_b = smallest_distance(first, second, self.least_step_mm)
            return distance, self.to_ras(first.index[at_a]), self.to_ras(second.index[at_b])

        return self._made_of_pair("nearest", a, b, make)

    def worst_distance(self, a: str, b: str) -> Worst:
        """Hausdorff distances; ends are positions in the two structures' `bricks(name).index`."""
        return self._made_of_pair("hausdorff", a, b, lambda: hausdorff(self.bricks(a), self.bricks(b)))

    def to_capsule(self, lesion: str, organ: str) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """Smallest distance from a lesion's voxels to a voxel outside lesion and organ, and its ends in RAS mm."""

        def make() -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
            members = [self.structure(lesion).label, self.structure(organ).label]
            rows = [self.row(lesion), self.row(organ)]
            low = self.survey.index_min[rows].min(axis=0)
            high = self.survey.index_max[rows].max(axis=0)
            start = np.maximum(low - 1, 0)
            crop = self.labels[tuple(slice(a, b + 2) for a, b in zip(start, high, strict=True))]
            both = np.pad(np.isin(crop, members), 1)
            rim = ndimage.binary_dilation(both) & ~both
            outside = (np.argwhere(rim) - 1 + start).astype(np.int32)
            first, second = self.bricks(lesion), make_bricks(outside, self.frame)
            distance, at_a, at_b = smallest_distance(first, second, self.least_step_mm)
            return distance, self.to_ras(first.index[at_a]), self.to_ras(second.index[at_b])

        return self._made_of_pair("capsule", lesion, organ, make)

    def other_side(self, structure: Structure) -> Structure | None:
        """The same organ of the other side, if the case holds it."""
        return paired(structure, self.case)

    def shared_faces(self, a: str, b: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Faces that two structures share per array axis, and the voxels on either side."""

        def make() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
            labels = self.structure(a).label, self.structure(b).label
            touching = self._whole.get("touching")
            if touching is not None and (min(labels), max(labels)) not in touching:
                return np.zeros(3, np.int64), np.zeros((0, 3), np.int64)
            smaller = min((a, b), key=lambda name: self.survey.counts[self.row(name)])
            row = self.row(smaller)
            box = self.survey.index_min[row], self.survey.index_max[row]
            return shared_faces(self.labels, *labels, *box)

        return self._made_of_pair("faces", a, b, make)

    def prepare(self) -> None:
        """Compute boundaries, meshes and pieces of all structures in whole-map passes.

        Quicker than one structure at a time when most of them are wanted.
        """
        with self._lock:
            generation = self.generation
        wanted = {s.label for s in self.case.structures}
        surfaces = all_surfaces(self.labels)
        self.made_of_case("touching", lambda: frozenset(map(tuple, surfaces.pairs.tolist())))
        for what, label, key, value in all_structures(self.labels, self.survey, surfaces, wanted):
            with self._lock:
                if self.generation != generation:
                    return
                self._made.setdefault((what, label, key), value)

    def _made_of_pair(self, what: str, a: str, b: str, make: Callable[[], T]) -> T:
        return self._kept("_pairs", (what, self.structure(a).label, self.structure(b).label), make)

    @property
    def least_step_mm(self) -> float:
        """No two voxel centres are nearer than this."""
        return float(self.spacing.min()) if self.is_orthogonal else 0.0

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
            self._pairs = {
                place: value for place, value in self._pairs.items() if not changed & set(place[1:])
            }
            self._whole = {}
            names = {s.name for s in self.case.structures if s.label in changed}
            self._results = {
                key: value
                for key, value in self._results.items()
                if CALCULATORS[key[0]].scope != "case"
                and key[0] not in SEES_OTHERS
                and not names & {*key[1], *value.structures}
            }
            return frozenset(s.name for s in self.case.structures if s.label in changed)

    def rename(self, case: Case) -> None:
        """Take other names for the same labels; what was computed on voxels is kept, what speaks of names is not.

        Parameters
        ----------
        case
            The same label map under its new names.
        """
        with self._lock:
            if case.labels is not self.case.labels:
                raise ValueError("another label map needs another geometry")
            self.case = case
            self.generation += 1
            self._results, self._whole = {}, {}
            self._place = None

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
