"""Whether a scan and a label map are of the same patient at all, as far as their place and content tell."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case.header import by
from napari_spatialmed.case.model import CaseError
from napari_spatialmed.case.volume import Volume

LEAST_INSIDE = 0.5
"""Less than this share of the labelled voxels inside the scan: they are of different scans."""
SAME_CORNER = 0.1
_AROUND = 3
_PLACES = 41
_CLEARLY, _AT_LEAST = 1.1, 0.02


def require_inside(share: float, labels: Volume, image: Volume) -> None:
    if share < LEAST_INSIDE:
        how = "none" if share == 0 else f"only {100 * share:.2g} %"
        raise CaseError(
            f"they don't belong together: {how} of the labelled voxels lie inside the scan",
            where=f"labels {labels.path} and scan {image.path}",
            hint="Are they of the same patient and the same series? Otherwise open the labels without the scan.",
        )


def refuse_lost_place(labels: Volume, image: Volume, offset: NDArray[Any]) -> None:
    """Refuse two volumes of different size that start at the same file corner but don't match there.

    A slab cut from a scan by a program that left its origin alone looks so, and so do two patients of a data set whose
    scans all start at the same corner.  A true crop that happens to share the corner fits the scan's content best where
    it lies; then it is accepted.
    """
    if labels.corner is None or image.corner is None:
        return
    step = np.linalg.norm(image.placed()[:3, :3], axis=0).min()
    if float(np.linalg.norm(np.subtract(labels.corner, image.corner))) > SAME_CORNER * step:
        return
    if not _belongs_here(labels.array, image.array, offset):
        raise CaseError(
            f"they don't belong together: they start at the same corner, but the labels have {by(labels.array.shape)} voxels and the scan "
            f"{by(image.array.shape)}, and the labels don't match what the scan shows there",
            where=f"labels {labels.path} and scan {image.path}",
            hint="They are of different patients, or one is a part of the other that lost its place. Find the pair that belongs together, or open the labels without the scan.",
        )


def _belongs_here(labels: NDArray[Any], image: NDArray[Any], offset: NDArray[Any]) -> bool:
    """Whether labels of another size than the scan may truly share its corner.

    Cut off along one axis: yes, unless the labels explain the scan's intensities clearly better further along it.  Along
    several axes a crop hardly ever ends in the very corner: only if they explain them nowhere better than here.  Larger
    along one axis and smaller along another: no.
    """
    spare = np.array(image.shape) - labels.shape
    differing = np.flatnonzero(spare)
    if spare.min() < 0 < spare.max():
        return False
    # Each axis shares one end; the other end of the spare room is where else the labels may come from.
    far = np.where(offset == 0, spare, -offset)
    here = explained(labels, image, offset)
    if len(differing) == 1:
        steps = {int(s) for s in np.rint(np.linspace(0, far[differing[0]], _PLACES))}
        best = max(explained(labels, image, offset + np.eye(3, dtype=int)[differing[0]] * s) for s in steps)
        return best <= here * _CLEARLY + _AT_LEAST
    shifts = {tuple(np.rint(far * share).astype(int).tolist()) for share in np.linspace(0, 1, _PLACES)}
    for axis in np.eye(3, dtype=int):
        along = {
            *np.rint(np.linspace(0, float(far @ axis), _PLACES)).astype(int).tolist(),
            *range(-_AROUND, _AROUND + 1),
        }
        shifts |= {tuple((axis * s).tolist()) for s in along}
    return all(explained(labels, image, offset + np.array(s)) <= here for s in shifts)


def explained(labels: NDArray[Any], image: NDArray[Any], offset: NDArray[Any]) -> float:
    """The share of the scan's variance that lies between structures rather than within them (η²), at an offset."""
    both = overlap(labels.shape, image.shape, offset)
    if both is None:
        return 0.0
    step = max(1, int((np.prod([s.stop - s.start for s in both[0]]) / 2e5) ** (1 / 3)))
    thin = (
        tuple(slice(s.start, s.stop, step) for s in both[0]),
        tuple(slice(s.start, s.stop, step) for s in both[1]),
    )
    groups = np.unique(labels[thin[0]], return_inverse=True)[1].ravel()
    values = image[thin[1]].astype(np.float64).ravel()
    values -= values.mean()
    whole = float(values @ values)
    counts = np.bincount(groups)
    sums = np.bincount(groups, values)
    return float((sums**2 / counts).sum()) / whole if whole else 0.0


def overlap(
    small: tuple[int, ...], large: tuple[int, ...], offset: NDArray[Any]
) -> tuple[tuple[slice, ...], tuple[slice, ...]] | None:
    """The slices of two arrays that cover the same voxels; None where there are none."""
    first = np.maximum(offset, 0)
    last = np.minimum(offset + np.array(small), large)
    if (last <= first).any():
        return None
    there = tuple(slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
    here = tuple(slice(int(a - o), int(b - o)) for a, b, o in zip(first, last, offset, strict=True))
    return here, there
