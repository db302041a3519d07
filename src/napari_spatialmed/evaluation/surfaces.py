"""Surfaces of labels as pictures, without a graphics card: rays through a smoothed copy of each label.

Every structure is resampled into the camera's frame, smoothed, and its half-value surface is found along each column
of pixels with sub-voxel depth; a depth buffer decides what hides what.  The same bytes on every machine, with or
without a display.  Views are radiological: from the front, from the patient's left, and from below, so that the
patient's right is never on the right of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_spatialmed.case import Structure
from napari_spatialmed.evaluation.brush import called, captioned
from napari_spatialmed.evaluation.drawing import OUTLINE_COLORS, RGB, Picture, Sheet, frame, to_picture
from napari_spatialmed.evaluation.extent import Box, box_of_structures

if TYPE_CHECKING:
    from napari_spatialmed.geometry.case_geometry import CaseGeometry


@dataclass(frozen=True, slots=True)
class Direction:
    """Where a surface is looked at from: the array axes that run into the picture, down it and across it."""

    title: str
    order: tuple[int, int, int]
    flip: bool
    sides: tuple[str, str, str, str]
    caption: str


DIRECTIONS = (
    Direction("front", (1, 0, 2), False, ("R", "L", "S", "I"),
              "Surfaces seen from the front: the patient's right is on the left of the picture, superior at the top."),
    Direction("left side", (2, 0, 1), True, ("A", "P", "S", "I"),
              "Surfaces seen from the patient's left: anterior is on the left of the picture, superior at the top."),
    Direction("below", (0, 1, 2), True, ("R", "L", "A", "P"),
              "Surfaces seen from the feet: the patient's right is on the left of the picture, anterior at the top."),
)  # fmt: skip
"""`flip`: the camera stands at the high end of the axis that runs into the picture."""

SMOOTHING_MM = 1.0
SMOOTHING_VOXELS = 0.9
"""At least this much, or each voxel's edges would show as stairs."""
THIN = 0.8
CONTEXT_GREY = 70


def render_surfaces(
    geometry: CaseGeometry, names: Sequence[str], *, size: int, scan: str = "", mm_per_pixel: float = 0.0
) -> tuple[tuple[Picture, ...], dict[str, int]]:
    """Pictures of the asked structures' surfaces from three sides, bones and the rest as a faint ground behind them.

    Returns
    -------
    pictures, pixels
        The pictures, and for each structure the most pixels of it on any of them.
    """
    case = geometry.case
    asked = case.select(names)
    box = box_of_structures(geometry, asked or case.structures)
    blocks = [(s, _block(geometry, s, box)) for s in asked]
    bones = [s for s in case.structures if s.kind == "bone" and s not in asked]
    ground = [(s, _block(geometry, s, box)) for s in bones if s.label in geometry.survey.labels]
    shape = np.array([side.stop - side.start for side in box])
    field = shape * case.spacing
    pitch = float(max(field.max() / size, case.spacing.min() / 4, mm_per_pixel))
    seen = dict.fromkeys(names, 0)
    pictures = []
    for direction in DIRECTIONS:
        canvas = _Canvas(shape, case.spacing, direction, pitch)
        for structure, block in ground:
            canvas.add(block, -structure.label, (CONTEXT_GREY, CONTEXT_GREY, CONTEXT_GREY))
        canvas.forget_depth()
        for number, (structure, block) in enumerate(blocks):
            canvas.add(block, structure.label, OUTLINE_COLORS[number % len(OUTLINE_COLORS)][1])
        for structure in asked:
            seen[structure.name] = max(seen[structure.name], int((canvas.owner == structure.label).sum()))
        legend = [(s.title, OUTLINE_COLORS[i % len(OUTLINE_COLORS)][1]) for i, s in enumerate(asked)]
        image = frame(Sheet(canvas.pixels(), direction.sides, called(scan, direction.title)), pitch, legend)
        text = captioned(scan, direction.caption)
        pictures.append(to_picture(image, caption=text, plane="surface", mm_per_pixel=pitch))
    return tuple(pictures), seen


@dataclass(frozen=True, slots=True)
class _Block:
    """A structure's smoothed mask around its box; `start` counts from the corner of what is shown."""

    start: tuple[int, int, int]
    values: NDArray[np.float32]


def _block(geometry: CaseGeometry, structure: Structure, view: Box) -> _Block:
    case, row = geometry.case, geometry.survey.row(structure.label)
    low, high = geometry.survey.index_min[row], geometry.survey.index_max[row]
    box = tuple(slice(int(a), int(b) + 1) for a, b in zip(low, high, strict=True))
    sigma = np.maximum(SMOOTHING_MM / case.spacing, SMOOTHING_VOXELS)
    margin = np.ceil(3 * sigma).astype(int) + 1
    start = [s.start - int(m) - v.start for s, m, v in zip(box, margin, view, strict=True)]
    padded = np.pad(
        (case.labels[box] == structure.label).astype(np.float32), [(int(m), int(m)) for m in margin]
    )
    smooth = ndimage.gaussian_filter(padded, sigma, mode="constant", truncate=3.0)
    inside = padded > 0
    if np.count_nonzero(smooth[inside] >= 0.5) < THIN * np.count_nonzero(inside):
        # A vessel one voxel thin would vanish under the smoothing: keep at least its own voxels.
        smooth = np.maximum(smooth, np.where(inside, np.float32(0.5), np.float32(0.0)))
    return _Block((start[0], start[1], start[2]), smooth)


class _Canvas:
    """A depth buffer with shading."""

    def __init__(
        self, shape: NDArray[np.int64], spacing: NDArray[np.float64], direction: Direction, pitch: float
    ) -> None:
        self.direction = direction
        self.pitch = pitch
        self.spacing = spacing[list(direction.order)]
        self.shape = shape[list(direction.order)]
        rows, columns = (max(1, round(self.shape[i] * self.spacing[i] / pitch)) for i in (1, 2))
        self.depth = np.full((rows, columns), np.inf)
        self.owner = np.zeros((rows, columns), np.int64)
        self.color = np.zeros((rows, columns, 3))

    def add(self, block: _Block, owner: int, color: RGB) -> None:
        """Draw one structure, keeping what is nearer."""
        values = np.transpose(block.values, self.direction.order)
        start = np.asarray(block.start)[list(self.direction.order)]
        if self.direction.flip:
            values = values[::-1]
            start[0] = self.shape[0] - start[0] - values.shape[0]
        rows = self._pixels(start[1], values.shape[1], 1)
        columns = self._pixels(start[2], values.shape[2], 2)
        if not len(rows) or not len(columns):
            return
        column_of_values = self._sample(values, start, rows, columns)
        depth = _first_crossing(column_of_values) * self.spacing[0] + start[0] * self.spacing[0]
        hit = np.isfinite(depth)
        shade = _shade(depth, self.pitch)
        window = np.ix_(rows, columns)
        nearer = hit & (depth < self.depth[window])
        self.depth[window] = np.where(nearer, depth, self.depth[window])
        self.owner[window] = np.where(nearer, owner, self.owner[window])
        painted = shade[..., None] * np.asarray(color, float)
        self.color[window] = np.where(nearer[..., None], painted, self.color[window])

    def forget_depth(self) -> None:
        """Let what is drawn so far hide nothing of what comes."""
        self.depth[:] = np.inf

    def pixels(self) -> NDArray[np.uint8]:
        """The picture."""
        painted: NDArray[np.uint8] = np.rint(np.clip(self.color, 0, 255)).astype(np.uint8)
        return painted

    def _pixels(self, start: int, length: int, axis: int) -> NDArray[np.int64]:
        low = max(0, int(np.ceil(start * self.spacing[axis] / self.pitch)))
        high = min(self.depth.shape[axis - 1], int((start + length) * self.spacing[axis] / self.pitch))
        return np.arange(low, high)

    def _sample(
        self, values: NDArray[np.float32], start: NDArray[Any], rows: NDArray[Any], columns: NDArray[Any]
    ) -> NDArray[np.float32]:
        """The block interpolated to the picture's pixels: first down the rows, then across the columns."""
        for axis, pixels in ((1, rows), (2, columns)):
            place = (pixels + 0.5) * self.pitch / self.spacing[axis] - 0.5 - start[axis]
            place = np.clip(place, 0, values.shape[axis] - 1)
            low = np.minimum(place.astype(int), max(0, values.shape[axis] - 2))
            high = np.minimum(low + 1, values.shape[axis] - 1)
            part = (place - low).astype(np.float32)
            part = part.reshape((-1, 1)) if axis == 1 else part
            values = np.take(values, low, axis) * (1 - part) + np.take(values, high, axis) * part
        return values


def _first_crossing(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Depth, in voxels from the block's first plane, at which each column first rises to a half; inf if never."""
    inside = values >= 0.5
    first = inside.argmax(axis=0)
    hit = inside.any(axis=0)
    before = np.maximum(first - 1, 0)
    here = np.take_along_axis(values, first[None], 0)[0].astype(float)
    earlier = np.take_along_axis(values, before[None], 0)[0].astype(float)
    rise = np.where(here > earlier, here - earlier, 1.0)
    depth = before + np.clip((0.5 - earlier) / rise, 0, 1)
    return np.where(hit, np.where(first == 0, 0.0, depth), np.inf)


def _shade(depth: NDArray[np.float64], pitch: float) -> NDArray[np.float64]:
    """Light from the upper left, in front; the slope is taken inside the structure's own outline."""
    hit = np.isfinite(depth)
    if not hit.any():
        return np.zeros_like(depth)
    weight = ndimage.gaussian_filter(hit.astype(float), 1.0)
    filled = ndimage.gaussian_filter(np.where(hit, depth, 0.0), 1.0) / np.maximum(weight, 1e-6)
    filled = np.where(hit, filled, depth[hit].max())
    down, across = np.gradient(filled, pitch) if min(filled.shape) > 1 else (np.zeros_like(filled),) * 2
    light = np.array([-0.35, -0.45, 0.82])
    normal = np.stack([across, down, np.ones_like(filled)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.where(hit, 0.25 + 0.75 * np.clip(normal @ (light / np.linalg.norm(light)), 0, 1), 0.0)
