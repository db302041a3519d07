"""What a file's header promises, checked before a single voxel is read.

Every format ends in one :class:`Header`; :func:`check_header` is the same for all.  A header that promises too much, an
impossible grid or voxels that are no numbers is refused here, at the cost of a few kilobytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case.model import CaseError, Modality
from napari_spatialmed.case.voxelstream import Compression

MOST_BYTES = 4 << 30
"""Voxels of more than 4 GiB are refused: 20 times a large CT."""
VOXEL_MM = (0.001, 200.0)
"""Sizes of a voxel that can be meant in mm."""
FURTHEST_MM = 1e6
PIXDIM_TOLERANCE = 0.01
SHEAR_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Header:
    """Where a volume's voxels lie in the file and in the patient.

    Attributes
    ----------
    path
        The file the user named; errors name it.
    data_path, offset, compression, dtype
        Where and how the voxels are stored.
    shape
        As stored, the fastest axis first; trailing axes of length 1 removed.
    affine
        4×4, index → RAS mm, or None where the file doesn't say how the patient lies.
    voxel_mm
        The voxel size that the header states beside the affine, or None where it states none.
    slope, intercept
        value = stored × slope + intercept.
    modality
        As the file says.
    names
        Label → (name, colour or None), where the format carries them (3D Slicer).
    notes
        What a person should know about the header, one sentence each.
    """

    path: Path
    data_path: Path
    offset: int
    compression: Compression
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    affine: NDArray[np.float64] | None
    voxel_mm: tuple[float, float, float] | None = None
    slope: float = 1.0
    intercept: float = 0.0
    modality: Modality = "unknown"
    names: dict[int, tuple[str, tuple[int, int, int] | None]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def voxels(self) -> int:
        """How many voxels the header declares."""
        return int(np.prod([int(n) for n in self.shape], dtype=object))


def check_header(header: Header) -> tuple[str, ...]:
    """Refuse what can't be a volume in a patient; say what is unusual.

    Raises
    ------
    CaseError
        With the file and the reason: size, number of volumes, type, affine, stated against real voxel size, length.
    """
    where = header.path
    if not header.shape or min(header.shape) < 1:
        raise CaseError(
            f"the header declares a size of {by(header.shape)} voxels",
            where=where,
            hint="Save the file again.",
        )
    if header.dtype.kind not in "iuf" or not header.dtype.itemsize:
        raise CaseError(
            f"its voxels are of type {header.dtype}",
            where=where,
            hint="A scan or label map holds one real number per voxel.",
        )
    size = header.voxels * header.dtype.itemsize
    if size > MOST_BYTES:
        raise CaseError(
            f"the header declares {by(header.shape)} voxels, {size / 2**30:.1f} GiB; the limit is {MOST_BYTES >> 30} GiB",
            where=where,
            hint="Crop the volume, or store it in a smaller type.",
        )
    if len(header.shape) > 3:
        volumes = int(np.prod(header.shape[3:]))
        raise CaseError(
            f"the file holds {volumes} volumes ({by(header.shape)}), and a case is one",
            where=where,
            hint="Save the volume you need as a file of its own.",
        )
    if not (np.isfinite(header.slope) and np.isfinite(header.intercept)) or header.slope == 0:
        raise CaseError(
            f"its scale factor is {header.slope} with offset {header.intercept}",
            where=where,
            hint="Save the file again.",
        )
    if header.compression == "none" and header.data_path.is_file():
        held = header.data_path.stat().st_size - header.offset
        if held < size:
            raise CaseError(
                f"the file breaks off: its header declares {size / 1e6:.1f} MB of voxels and it holds {max(held, 0) / 1e6:.1f} MB",
                where=where,
                hint="Copy or download it again.",
            )
    return () if header.affine is None else check_affine(header.affine, header.voxel_mm, where)


def check_affine(
    affine: NDArray[np.float64], voxel_mm: tuple[float, float, float] | None, where: Path | str | None
) -> tuple[str, ...]:
    """Refuse an affine that places no volume in a patient; say where it is sheared."""
    if affine.shape != (4, 4):
        raise CaseError(f"an affine has the shape (4, 4), not {affine.shape}", where=where)
    if not np.isfinite(affine).all():
        raise CaseError(
            "its affine holds values that are no numbers",
            where=where,
            hint="Set its orientation again and save it.",
        )
    if float(np.abs(affine).max()) > FURTHEST_MM:
        raise CaseError(
            f"its affine places the volume {np.abs(affine).max():.3g} mm away, which can't be right",
            where=where,
            hint="Set its orientation again and save it.",
        )
    if not np.allclose(affine[3], (0, 0, 0, 1)):
        raise CaseError(
            "the last row of its affine isn't 0 0 0 1",
            where=where,
            hint="Set its orientation again and save it.",
        )
    columns = affine[:3, :3]
    spacing = np.linalg.norm(columns, axis=0)
    volume = abs(float(np.linalg.det(columns)))
    product = float(np.prod(spacing))
    if product == 0 or volume < 0.01 * product:
        raise CaseError(
            "its affine is singular: the axes don't span a volume",
            where=where,
            hint="Set its orientation again and save it.",
        )
    if spacing.min() < VOXEL_MM[0] or spacing.max() > VOXEL_MM[1]:
        raise CaseError(
            f"voxels of {by(spacing)} mm can't be right",
            where=where,
            hint="Lengths must be in mm: set the voxel size and save the file again.",
        )
    if voxel_mm is not None:
        stated = float(np.prod(np.abs(voxel_mm)))
        if not np.isfinite(stated) or abs(stated - product) > PIXDIM_TOLERANCE * product:
            raise CaseError(
                f"it states voxels of {by(voxel_mm)} mm, and its affine has {by(spacing)} mm: one of them is wrong",
                where=where,
                hint="Set the voxel size in the program that made it and save it again.",
            )
    if volume < (1 - SHEAR_TOLERANCE) * product:
        return (
            f"the grid is sheared, as by a tilted gantry: a voxel is {volume:.4g} mm³ and not {product:.4g}; volumes use the true value",
        )
    return ()


def flat(path: Path) -> CaseError:
    """What to say of a picture with two axes."""
    return CaseError(
        "the file holds a flat picture, and a case is a volume",
        where=path,
        hint="Give a label map with three axes.",
    )


def by(numbers: Any) -> str:
    """``512 × 512 × 30``."""
    return " × ".join(
        f"{float(n):.4g}" if isinstance(n, float | np.floating) else str(int(n)) for n in numbers
    )


def without_trailing_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with at least three axes and no length 1 beyond the third."""
    trimmed = list(shape) + [1] * (3 - len(shape))
    while len(trimmed) > 3 and trimmed[-1] == 1:
        trimmed.pop()
    return tuple(trimmed)
