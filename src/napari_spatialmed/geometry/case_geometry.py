"""A case with everything about its geometry that was computed so far.

Calculators ask this object for the survey, boundaries, bricks and pieces they need; each is computed once, and again
only for structures that an edit touched.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case import paired
from napari_spatialmed.case.model import Case, Structure
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry.boundary import boundary_of
from napari_spatialmed.geometry.bricks import Bricks, make_bricks, metric_frame
from napari_spatialmed.geometry.components import Pieces, pieces_of, ranks_of
from napari_spatialmed.geometry.diameters import longest_of_bricks
from napari_spatialmed.geometry.measurement import Measurement
from napari_spatialmed.geometry.mesh import area_and_volume, pattern_histograms
from napari_spatialmed.geometry.registry import CALCULATORS_VERSION
from napari_spatialmed.geometry.rescan import Region, rescan
from napari_spatialmed.geometry.shelves import Shelves
from napari_spatialmed.geometry.store import Key, Stored, load, place_of, save
from napari_spatialmed.geometry.survey import SliceSums, Survey, reduce_slices, scan_slices
from napari_spatialmed.geometry.whole_map import all_boundaries, all_patterns, all_pieces

T = TypeVar("T")


class EmptyStructureError(SpatialMedError):
    """A structure that has no voxel left (after an edit)."""


class CaseGeometry:
    """Geometry of one case.

    Parameters
    ----------
    case
        The case; its label map is read, never written.
    keep
        Whether what was computed is looked up in, and by `save` written to, the user's cache folder.  Costs a hash of
        the label map: worth it where more than counts, boxes and centroids are wanted.

    Notes
    -----
    Reading from several threads is safe.  While labels are edited, call `update` after each edit, from one thread.
    """

    def __init__(self, case: Case, *, keep: bool = False) -> None:
        self.case = case
        self.affine: NDArray[np.float64] = np.asarray(case.affine, np.float64)
        self.frame = metric_frame(self.affine)
        self._place = place_of(case, CALCULATORS_VERSION) if keep else None
        known = Stored() if self._place is None else load(self._place)
        self._saved = len(known.results) if known.rows is not None else -1
        self._shelves = Shelves(known.results)
        self._rows: SliceSums | None = known.rows
        self._survey: Survey | None = None
        self._lock = threading.RLock()
        self._passes = threading.Lock()
        self._left_to_pass: set[str] = set()

    @property
    def labels(self) -> NDArray[Any]:
        """The case's label map, shape (I, P, L)."""
        return self.case.labels

    @property
    def generation(self) -> int:
        """Rises with every edit."""
        return self._shelves.generation

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

    def box(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Inclusive index box of a structure: least and greatest index, shape (3,) each."""
        row = self.row(name)
        return self.survey.index_min[row], self.survey.index_max[row]

    def made(self, what: str, name: str, make: Callable[[], T], *, key: Any = None) -> T:
        """The result of `make`, kept until an edit touches the structure."""
        return self._shelves.kept("structure", (what, self.structure(name).label, key), make)

    def made_of_case(self, what: str, make: Callable[[], T]) -> T:
        """The result of `make`, kept until any edit."""
        return self._shelves.kept("case", what, make)

    def made_of_pair(self, what: str, a: str, b: str, make: Callable[[], T]) -> T:
        """The result of `make`, kept until an edit touches one of the two structures."""
        return self._shelves.kept("pair", (what, self.structure(a).label, self.structure(b).label), make)

    @property
    def touching(self) -> frozenset[tuple[int, int]] | None:
        """Pairs of labels (the smaller first) that share faces; None where that was not looked at yet."""
        found: frozenset[tuple[int, int]] | None = self._shelves.look("case", "touching")
        return found

    def measured(self, key: Key, make: Callable[[], Measurement]) -> Measurement:
        """A measurement, kept until an edit touches one of its structures (any structure, if it looked at others)."""
        return self._shelves.kept("result", key, make)

    def save(self) -> None:
        """Write what was computed, the survey with it, to the user's cache folder, if this geometry keeps it."""
        _ = self.survey
        with self._lock:
            results = self._shelves.results()
            # Once the labels were edited, the place's hash is another map's.
            if self._place is None or self.generation or len(results) == self._saved:
                return
            self._saved = len(results)
            place, stored = self._place, Stored(results, self._rows)
        save(place, stored)

    def prepare(self) -> None:
        """Compute boundaries, meshes and pieces in whole-map passes, once one of them is asked for.

        Quicker than one structure at a time when most of them are wanted.
        """
        with self._passes:
            self._left_to_pass = {"boundary", "patterns", "pieces"}

    def _pass(self, what: str) -> None:
        """The whole-map pass for `boundary`, `patterns` or `pieces`, if all structures were announced."""
        with self._passes:
            if what not in self._left_to_pass:
                return
            self._left_to_pass.discard(what)
            generation = self.generation
            for label, value in self._of_all(what):
                key = 26 if what == "pieces" else None
                if not self._shelves.offer("structure", (what, label, key), value, generation):
                    return

    def _of_all(self, what: str) -> Iterator[tuple[int, Any]]:
        wanted = {s.label for s in self.case.structures}
        if what == "patterns":
            return all_patterns(self.labels, self.survey, wanted)
        if what == "pieces":
            return all_pieces(self.labels, self.survey, wanted)
        boundaries, touching = all_boundaries(self.labels, self.survey, wanted)
        self.made_of_case("touching", lambda: touching)
        return boundaries

    def boundary(self, name: str) -> NDArray[np.int32]:
        """Boundary voxels' array indices (6-neighbourhood; the map's border counts); shape (n, 3)."""
        self._pass("boundary")
        return self.made(
            "boundary",
            name,
            lambda: boundary_of(self.labels, self.structure(name).label, *self.box(name)),
        )

    def bricks(self, name: str) -> Bricks:
        """The boundary voxels in bricks of about 8 mm."""
        return self.made("bricks", name, lambda: make_bricks(self.boundary(name), self.frame))

    def pieces(self, name: str, connectivity: int = 26) -> Pieces:
        """Connected pieces, largest first."""
        if connectivity == 26:
            self._pass("pieces")
        return self.made(
            "pieces",
            name,
            lambda: pieces_of(self.labels, self.structure(name).label, *self.box(name), connectivity),
            key=connectivity,
        )

    def patterns(self, name: str) -> NDArray[np.int64]:
        """How often each pattern of 2×2×2 voxels occurs around the structure; shape (256,)."""

        def make() -> NDArray[np.int64]:
            crop = self.labels[tuple(slice(a, b + 1) for a, b in zip(*self.box(name), strict=True))]
            inside = (crop == self.structure(name).label).view(np.uint8)
            return np.asarray(pattern_histograms(inside, np.array([1]))[0])

        self._pass("patterns")
        return self.made("patterns", name, make)

    def mesh(self, name: str) -> tuple[float, float]:
        """Area in mm² and volume in mm³ of the structure's marching cubes mesh."""
        count = int(self.survey.counts[self.row(name)])
        return area_and_volume(self.patterns(name), count, self.affine)

    def diameter(self, name: str) -> tuple[float, int, int]:
        """Longest distance between voxel centres, and its ends' positions in `bricks(name).index`."""
        return self.made("diameter", name, lambda: longest_of_bricks(self.bricks(name)))

    def piece_boundary(self, name: str, piece: int) -> NDArray[np.int32]:
        """Boundary voxels of one piece, 0 the largest; shape (n, 3), n = 0 where there is no such piece."""

        def make() -> NDArray[np.int64]:
            return ranks_of(self.labels, self.structure(name).label, *self.box(name), self.boundary(name))

        if piece == 0 and len(self.pieces(name).sizes) == 1:
            return self.boundary(name)
        return np.asarray(self.boundary(name)[self.made("ranks", name, make) == piece])

    def other_side(self, structure: Structure) -> Structure | None:
        """The same organ of the other side, if the case holds it."""
        return paired(structure, self.case)

    @property
    def least_step_mm(self) -> float:
        """No two voxel centres are nearer than this; 0 where the grid is sheared and it isn't known."""
        sheared = np.count_nonzero(self.frame - np.diag(np.diag(self.frame))) > 0
        return 0.0 if sheared else float(self.spacing.min())

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
            changed = {s.label for s in self.case.structures}
            if self._rows is not None:
                self._rows, changed = rescan(self._rows, self.labels, self.affine, region)
            self._survey = None
            self._left_to_pass = set()
            names = frozenset(s.name for s in self.case.structures if s.label in changed)
            self._shelves.forget(changed, names)
            return names

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
            self._shelves.forget_names()
            self._place = None

    def stale(self, names: Iterable[str], since: int) -> bool:
        """Whether any of these structures was edited after generation `since`.

        Whoever keeps a measurement keeps ``geometry.generation`` of that moment beside it.
        """
        return self._shelves.changed_since([self.structure(name).label for name in names], since)
