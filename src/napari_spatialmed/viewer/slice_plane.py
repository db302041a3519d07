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

_FACES = np.array([[0, 1, 2], [0, 2, 3]])
# Corners go round from the first row's first column; the texture's second coordinate counts from the last row.
_TEXTURE_CORNERS = np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])


class SlicePlane:
    """A slice across one axis of (I, P, L), in a layer of its own.

    Parameters
    ----------
    case
        A case with a scan.
    limits
        Contrast limits, in the scan's own values.
    """

    def __init__(self, case: Case, limits: tuple[float, float], metadata: dict[str, Any]) -> None:
        self._case = case
        self._limits = limits
        self._axis, self._index = 0, case.labels.shape[0] // 2
        self.layer = Surface(
            (self._corners(), _FACES),
            name="Slice plane",
            vertex_colors=np.ones((4, 4), np.float32),
            texture=self._picture(),
            texcoords=_TEXTURE_CORNERS,
            shading="none",
            blending="opaque",
            units=("mm",) * 3,
            axis_labels=("I", "P", "L"),
            metadata=metadata,
        )

    def move(self, axis: int, index: int) -> None:
        """Show the slice at this index of an axis; an index outside of the scan stands for the nearest slice."""
        index = int(np.clip(index, 0, self._case.labels.shape[axis] - 1))
        if (axis, index) != (self._axis, self._index):
            self._axis, self._index = axis, index
            self.layer.data = (self._corners(), _FACES)
            self.layer.texture = self._picture()

    def set_window(self, low: float, high: float) -> None:
        """Contrast limits, in the scan's own values."""
        self._limits = (low, high)
        self.layer.texture = self._picture()

    def _corners(self) -> NDArray[np.float32]:
        """Round the slice's outer edges, in display world mm; shape (4, 3)."""
        mm = self._case.spacing
        low, high = -mm / 2, (np.asarray(self._case.labels.shape) - 0.5) * mm
        row, column = (n for n in range(3) if n != self._axis)
        corners = np.tile(low, (4, 1))
        corners[:, self._axis] = self._index * mm[self._axis]
        corners[2:, row] = high[row]
        corners[1:3, column] = high[column]
        return corners.astype(np.float32)

    def _picture(self) -> NDArray[np.uint8]:
        """The slice in greys, shape (rows, columns, 3)."""
        image = self._case.image
        assert image is not None
        low, high = self._limits
        values = np.take(image, self._index, axis=self._axis).astype(np.float32)
        grey = np.nan_to_num((values - low) * (255.0 / max(high - low, 1e-12)))
        return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
