"""What a case is: one scan with its label map, in patient space.

The arrays are held in (I, P, L) order: axis 0 grows to the patient's inferior, axis 1 to posterior, axis 2 to the
patient's left.  That is the order napari shows rightly in 2D and 3D, so the viewer shows these very arrays, and it is
reached by flips and transposes alone.  Where the patient really lies is in :attr:`Case.affine`; geometry reads that,
never the viewer.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.errors import SpatialMedError

Side = Literal["left", "right"]
Modality = Literal["CT", "MR", "PET", "US", "unknown"]
Kind = Literal["organ", "vessel", "bone", "muscle", "lesion", "cavity", "tissue", "region", "other"]


class CaseError(SpatialMedError):
    """A scan, label map or names table that can't be used as it is."""


class UnknownStructureError(CaseError):
    """A structure that this case doesn't hold."""


@dataclass(frozen=True, slots=True)
class Structure:
    """A labelled organ, vessel, bone or lesion.

    Attributes
    ----------
    label
        Its value in the label map.
    name
        Its key in the names table, e.g. ``kidney_left``: what files, answer keys and commands use.
    title
        What people read, e.g. ``left kidney``.
    concept
        Its identity without a side, shared by all names tables, e.g. ``kidney``: what reference ranges and
        anatomical knowledge are looked up by.
    side
        The side its name claims, or None.
    kind, system
        What it is, and the group it is listed under.
    color
        RGB, 0–255, steady between cases.
    code
        Coded concept as ``SCHEME:CODE``, where the table has one.
    """

    label: int
    name: str
    title: str
    concept: str
    side: Side | None = None
    kind: Kind = "other"
    system: str = "Other"
    color: tuple[int, int, int] = (128, 128, 128)
    code: str | None = None


@dataclass(frozen=True)
class Provenance:
    """Where a case came from.  Paths stay on this machine: they are never written to a benchmark file.

    Attributes
    ----------
    labels_path, image_path
        The files read, where there were files.
    names
        Identifier of the names table, e.g. ``totalsegmentator_total``.
    names_reason
        Why that table: ``given`` or, when guessed, the reason in words.
    segmentation
        Who drew the labels: ``ground truth``, ``model NAME VERSION`` or ``unknown``.
    modality_reason
        Where the modality was read from.
    notes
        What was done to the data on the way in, one sentence each (flips, resampling, rounding, …).
    names_path
        The names file, where the table was read from one.
    """

    labels_path: Path | None = None
    image_path: Path | None = None
    names: str = "none"
    names_reason: str = "given"
    segmentation: str = "unknown"
    modality_reason: str = "unknown"
    notes: tuple[str, ...] = ()
    names_path: Path | None = None


@dataclass(eq=False)
class Case:
    """One scan with its label map.

    Attributes
    ----------
    labels
        Unsigned integers, shape (I, P, L), C-contiguous; 0 is background.  While the case is open in the viewer, this
        is the array the Labels layer paints on.
    affine
        4×4, array index (i, p, l) → patient RAS+ in mm (the voxel's centre).  May be oblique; its axes are the closest
        to (I, P, L) that flips and transposes allow.
    structures
        Those that occur in the map, by label.
    image
        The scan on the same grid, or None for a label map alone.
    """

    labels: NDArray[Any]
    affine: NDArray[np.float64]
    structures: tuple[Structure, ...]
    image: NDArray[Any] | None = None
    modality: Modality = "unknown"
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        self._by_name: dict[str, Structure] = {s.name: s for s in self.structures}
        self._by_label: dict[int, Structure] = {s.label: s for s in self.structures}

    @property
    def spacing(self) -> NDArray[np.float64]:
        """Voxel size along the array's axes in mm: the affine's column norms."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0), np.float64)

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in mL: the affine's determinant, which stays right under shear."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000.0

    @property
    def names(self) -> dict[int, str]:
        """Label → name of every structure in the case."""
        return {s.label: s.name for s in self.structures}

    @cached_property
    def id(self) -> str:
        """A name that gives nothing away: a hash of the scan's voxels (of the labels', where there is no scan).

        It outlives edits of the labels, and never holds a path or a file name.
        """
        source = self.labels if self.image is None else self.image
        return "case-" + content_sha256(source, self.affine)[:12]

    def label_sha256(self) -> str:
        """Hash of the label map as it is now; not cached, because the map may be edited."""
        return content_sha256(self.labels, self.affine)

    def __getitem__(self, key: str | int) -> Structure:
        found = self._by_label.get(key) if isinstance(key, int) else self._by_name.get(key)
        if found is None and isinstance(key, str):
            wanted = key.strip().casefold().replace(" ", "_")
            found = next(
                (
                    s
                    for s in self.structures
                    if wanted in (s.name.casefold(), s.title.casefold().replace(" ", "_"))
                ),
                None,
            )
        if found is None:
            near = difflib.get_close_matches(str(key), list(self._by_name), n=3, cutoff=0.6)
            raise UnknownStructureError(
                f"no structure {key!r} in this case",
                where=self.provenance.labels_path,
                hint=f"Did you mean {', '.join(near)}?"
                if near
                else f"It holds: {', '.join(list(self._by_name)[:12])}, ….",
            )
        return found

    def __contains__(self, key: object) -> bool:
        return key in self._by_name or key in self._by_label

    def __iter__(self) -> Iterator[Structure]:
        return iter(self.structures)

    def select(self, keys: Iterable[str | int]) -> tuple[Structure, ...]:
        """The structures of these names or labels, in the order given."""
        return tuple(self[k] for k in keys)


def content_sha256(array: NDArray[Any], affine: NDArray[np.float64]) -> str:
    """Hash of an array's values and its place in space, whatever file or integer type it was stored in.

    Parameters
    ----------
    array
        Any shape; integers are hashed in the smallest unsigned type that holds them, or int16/int32 if negative.
    affine
        4×4, rounded to 1e-4 mm before hashing.
    """
    values = np.asarray(array)
    if values.dtype.kind in "ui" and values.size:
        low, high = int(values.min()), int(values.max())
        values = values.astype(np.result_type(np.min_scalar_type(low), np.min_scalar_type(high)), copy=False)
    elif values.dtype.kind == "f":
        values = values.astype(np.float32, copy=False)
    digest = hashlib.sha256()
    digest.update(f"{values.dtype.str}{values.shape}".encode())
    digest.update((np.round(np.asarray(affine, np.float64), 4) + 0.0).tobytes())
    digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()
