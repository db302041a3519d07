"""One slice of the scan in the 3D view: a rectangle with the slice as its picture, at full resolution.

napari's own plane through a volume needs the volume as a 3D texture and casts a ray for every pixel of the canvas, which
costs software OpenGL ten times as much as a rectangle, and memory besides.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Surface
from numpy.typing import NDArray

from napari_spatialmed.case import Case
from napari_spatialmed.viewer.layer_changes import note_extent

_FACES = np.array([[0, 1, 2], [0, 2, 3]])
# Corners go round from the first row's first column; the texture's second coordinate counts from the last row.
_TEXTURE_CORNERS = np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])


class SlicePlane:
    """A slice across one axis of (I, P, L), in a layer of its own; empty and hidden at first."""

    def __init__(self, metadata: dict[str, Any]) -> None:
        self.case: Case | None = None
        self._limits = (0.0, 1.0)
        self._axis = self._index = 0
        self._tints = np.zeros((0, 4), np.float32)
        self.layer = Surface(
            (np.zeros((4, 3), np.float32), _FACES),
            name="Slice plane",
            visible=False,
            vertex_colors=np.ones((4, 4), np.float32),
            texture=np.zeros((1, 1, 3), np.uint8),
            texcoords=_TEXTURE_CORNERS,
            shading="none",
            blending="opaque",
            units=("mm",) * 3,
            axis_labels=("I", "P", "L"),
            metadata=metadata,
        )

    def set_case(
        self, case: Case, limits: tuple[float, float], index: int, tints: NDArray[np.float32]
    ) -> None:
        """Show an axial slice of a case, which has a scan; `limits` of contrast are in the scan's own values.

        For `tints` see :meth:`set_tints`.
        """
        self.case, self._limits, self._tints = case, limits, tints
        self._axis, self._index = 0, _nearest(case, 0, index)
        self._redraw(case)

    def forget_case(self) -> None:
        """Keep nothing in memory of a scan that isn't on show any more, nor its place in the scene."""
        self.case = None
        self.layer.data = (np.zeros((4, 3), np.float32), _FACES)
        note_extent(self.layer)

    def move(self, axis: int, index: int) -> None:
        """Show the slice at this index of an axis; an index outside of the scan stands for the nearest slice."""
        if self.case is None:
            return
        index = _nearest(self.case, axis, index)
        if (axis, index) != (self._axis, self._index):
            self._axis, self._index = axis, index
            self._redraw(self.case)

    def set_window(self, low: float, high: float) -> None:
        """Contrast limits, in the scan's own values; seen at once where the plane is, else with its next tints."""
        self._limits = (low, high)
        if self.case is not None and self.layer.visible:
            self.layer.texture = self._picture(self.case)

    def set_tints(self, tints: NDArray[np.float32]) -> None:
        """Colour the structures in the slice: red, green, blue and how strongly they cover the scan, all 0–1, by label."""
        self._tints = tints
        if self.case is not None:
            self.layer.texture = self._picture(self.case)

    def _redraw(self, case: Case) -> None:
        self.layer.data = (self._corners(case), _FACES)
        self.layer.texture = self._picture(case)

    def _corners(self, case: Case) -> NDArray[np.float32]:
        """Round the slice's outer edges, in display world mm; shape (4, 3)."""
        mm = case.spacing
        low, high = -mm / 2, (np.asarray(case.labels.shape) - 0.5) * mm
        row, column = (n for n in range(3) if n != self._axis)
        corners = np.tile(low, (4, 1))
        corners[:, self._axis] = self._index * mm[self._axis]
        corners[2:, row] = high[row]
        corners[1:3, column] = high[column]
        return corners.astype(np.float32)

    def _picture(self, case: Case) -> NDArray[np.uint8]:
        """The slice in greys, with the structures' colours, shape (rows, columns, 3)."""
        image = case.image
        assert image is not None
        low, high = self._limits
        values = np.take(image, self._index, axis=self._axis).astype(np.float32)
        values -= low
        values *= 255.0 / max(high - low, 1e-12)
        # fmax and fmin take the number where one of two is none.
        greys = np.fmin(np.fmax(values, 0, out=values), 255, out=values).astype(np.uint8)
        picture = np.repeat(greys[..., None], 3, axis=2)
        labels = np.take(case.labels, self._index, axis=self._axis).ravel()
        inside = np.flatnonzero((labels > 0) & (labels < len(self._tints)))
        label = labels[inside]
        kept, added = 1 - self._tints[:, 3], 255 * self._tints[:, 3:] * self._tints[:, :3]
        picture.reshape(-1, 3)[inside] = (greys.ravel()[inside] * kept[label])[:, None] + added[label]
        return picture


def _nearest(case: Case, axis: int, index: int) -> int:
    return int(np.clip(index, 0, case.labels.shape[axis] - 1))
