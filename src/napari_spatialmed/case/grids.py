"""Bring a scan and its labels onto one grid, and refuse those that don't belong together.

Same lattice, other crop: rows are cut off or added, no voxel changes.  Another lattice: the labels are resampled to the
scan's grid by nearest neighbour, and the note says what that did to the volumes.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case.belonging import overlap, refuse_lost_place, require_inside
from napari_spatialmed.case.header import by
from napari_spatialmed.case.model import CaseError
from napari_spatialmed.case.values import label_counts
from napari_spatialmed.case.volume import Volume

SAME_LATTICE = 0.1
"""Two grids are one lattice if no voxel of one lies further than this share of a voxel from one of the other."""


def bring_together(
    labels: Volume, image: Volume
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64], tuple[str, ...]]:
    """Labels and scan on one grid.

    Parameters
    ----------
    labels, image
        Both in (I, P, L) order.

    Returns
    -------
    labels, image, affine, notes
        Two arrays of one shape, and what was done in words.

    Raises
    ------
    CaseError
        If they don't lie in the same place, so that they must be of different scans.
    """
    to_image = np.asarray(np.linalg.solve(image.placed(), labels.placed()), np.float64)
    offset = np.rint(to_image[:3, 3]).astype(int)
    corners = np.array(list(itertools.product(*((0, n - 1) for n in labels.array.shape))), float)
    drift = corners @ (to_image[:3, :3] - np.eye(3)).T + (to_image[:3, 3] - offset)
    if float(np.abs(drift).max()) > SAME_LATTICE:
        return _resampled(labels, image, to_image)
    apart_mm = float(np.linalg.norm(drift @ image.placed()[:3, :3].T, axis=1).max())
    notes: tuple[str, ...] = ()
    if float(np.abs(drift).max()) > 0.01:
        notes = (
            f"the grids of scan and labels lie up to {apart_mm:.2g} mm apart and were taken as the same; measured is where the scan lies",
        )
    if labels.array.shape == image.array.shape and not offset.any():
        return labels.array, image.array, image.placed(), notes
    return _cropped(labels, image, offset, notes)


def _cropped(
    labels: Volume, image: Volume, offset: NDArray[Any], notes: tuple[str, ...]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64], tuple[str, ...]]:
    """The same lattice with other bounds: ``offset`` is the labels' first voxel in the scan's indices."""
    low, high = offset, offset + labels.array.shape
    box = _labelled_box(labels.array)
    first, last = box[0] + offset, box[1] + offset
    inside = overlap(labels.array.shape, image.array.shape, offset)
    total = int(np.count_nonzero(labels.array))
    within = 0 if inside is None else int(np.count_nonzero(labels.array[inside[0]]))
    require_inside(within / total, labels, image)
    refuse_lost_place(labels, image, offset)
    if (first >= 0).all() and (last < image.array.shape).all():
        if (low >= 0).all() and (high <= image.array.shape).all():
            what = f"the labels cover a part of the scan ({by(labels.array.shape)} of {by(image.array.shape)} voxels); the rest was taken as background"
        else:
            what = "the labels' grid reaches beyond the scan, without labels there; it was cut to the scan's"
        return (
            _fitted(labels.array, image.array.shape, offset, 0),
            image.array,
            image.placed(),
            (*notes, what),
        )
    outside = total - within
    note = f"{outside} of {total} labelled voxels lie outside the scan; the labels' grid was kept, and the scan cut or filled with its lowest value"
    affine = image.placed().copy()
    affine[:3, 3] += affine[:3, :3] @ offset
    return (
        labels.array,
        _fitted(image.array, labels.array.shape, -offset, image.array.min()),
        affine,
        (*notes, note),
    )


def _resampled(
    labels: Volume, image: Volume, to_image: NDArray[np.float64]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64], tuple[str, ...]]:
    """The labels at the scan's voxel centres, each from its nearest voxel."""
    source = labels.array
    inside = _share_inside(source, image.array.shape, to_image)
    require_inside(inside, labels, image)
    result = _nearest(source, image.array.shape, np.asarray(np.linalg.inv(to_image), np.float64))
    spacings = [np.linalg.norm(v.placed()[:3, :3], axis=0) for v in (labels, image)]
    voxel = [abs(float(np.linalg.det(v.placed()[:3, :3]))) for v in (labels, image)]
    before, after = label_counts(source), label_counts(result)
    present = [int(v) for v in np.flatnonzero(before) if v]
    lost = [v for v in present if v >= after.size or not after[v]]
    change = {v: after[v] * voxel[1] / (before[v] * voxel[0]) - 1 for v in present if v not in lost}
    if not change:
        raise CaseError(
            f"no label is left after resampling to the scan's grid ({by(spacings[1])} mm)",
            where=f"{labels.path} and {image.path}",
            hint="Open the labels without the scan.",
        )
    worst = max(change, key=lambda v: abs(change[v]))
    most = 100 * abs(change[worst])
    effect = (
        "which have the same volumes"
        if most < 0.01
        else f"whose volumes differ by up to {most:.2g} % (label {worst})"
    )
    notes = [
        f"the labels ({by(spacings[0])} mm) are on another grid than the scan ({by(spacings[1])} mm) and were resampled to it by nearest neighbour; "
        f"everything is measured on the resampled labels, {effect}; "
        "open the labels alone to measure them as drawn"
    ]
    if lost:
        notes.append(
            f"too small for the scan's grid and lost by resampling: label {', '.join(map(str, lost))}"
        )
    if inside < 0.9995:
        notes.append(
            f"{100 * (1 - inside):.2g} % of the labelled voxels lie outside the scan and were left out"
        )
    return result, image.array, image.placed(), tuple(notes)


def _nearest(source: NDArray[Any], shape: tuple[int, ...], to_source: NDArray[np.float64]) -> NDArray[Any]:
    """``source`` at the voxels of another grid; 0 outside."""
    linear, shift = to_source[:3, :3], to_source[:3, 3]
    if np.allclose(linear, np.diag(np.diag(linear)), atol=1e-7):
        picks, inside = [], []
        for axis in range(3):
            index = np.floor(linear[axis, axis] * np.arange(shape[axis]) + shift[axis] + 0.5).astype(int)
            inside.append((index >= 0) & (index < source.shape[axis]))
            picks.append(np.clip(index, 0, source.shape[axis] - 1))
        result = source[np.ix_(*picks)]
        for axis, good in enumerate(inside):
            result[(slice(None),) * axis + (~good,)] = 0
        return result
    result = np.zeros(shape, source.dtype)
    j, k = np.meshgrid(np.arange(shape[1]), np.arange(shape[2]), indexing="ij")
    for i in range(shape[0]):
        index = [
            np.floor(
                linear[axis, 0] * i + linear[axis, 1] * j + linear[axis, 2] * k + shift[axis] + 0.5
            ).astype(int)
            for axis in range(3)
        ]
        good = np.logical_and.reduce([(x >= 0) & (x < n) for x, n in zip(index, source.shape, strict=True)])
        result[i][good] = source[index[0][good], index[1][good], index[2][good]]
    return result


def _share_inside(labels: NDArray[Any], shape: tuple[int, ...], to_image: NDArray[np.float64]) -> float:
    """The share of labelled voxels whose centre lies inside the scan; on at most about a million of them."""
    step = max(1, int(np.ceil((labels.size / 2e7) ** (1 / 3))))
    found = np.argwhere(labels[::step, ::step, ::step]) * step
    if not len(found):
        found = np.argwhere(labels)
    found = found[:: max(1, len(found) // 1_000_000)]
    there = found @ to_image[:3, :3].T + to_image[:3, 3]
    return float(np.mean(((there > -0.5) & (there < np.array(shape) - 0.5)).all(axis=1)))


def _fitted(array: NDArray[Any], shape: tuple[int, ...], offset: NDArray[Any], fill: Any) -> NDArray[Any]:
    """``array`` placed at an offset in an array of another shape."""
    result = np.full(shape, fill, array.dtype)
    both = overlap(array.shape, shape, offset)
    if both is not None:
        result[both[1]] = array[both[0]]
    return result


def _labelled_box(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """First and last index of any label along each axis."""
    spans = [np.flatnonzero(labels.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    return np.array([s[0] for s in spans]), np.array([s[-1] for s in spans])


def share_place(labels: Volume, image: Volume) -> tuple[Volume, Volume, tuple[str, ...]]:
    """Where one of two volumes of the same stored size has no orientation, it takes the other's."""
    if (labels.affine is None) == (image.affine is None) or labels.array.shape != image.array.shape:
        return labels, image, ()
    if labels.affine is None:
        return (
            replace(labels, affine=image.affine),
            image,
            ("the labels' file doesn't say how the patient lies; the scan's orientation was taken",),
        )
    return (
        labels,
        replace(image, affine=labels.affine),
        ("the scan's file doesn't say how the patient lies; the labels' orientation was taken",),
    )
