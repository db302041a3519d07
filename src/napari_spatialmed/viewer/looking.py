"""Where one looks: from which side in 3D, across which axis in 2D, and at which place."""

from __future__ import annotations

import numpy as np
from napari.components import ViewerModel
from numpy.typing import ArrayLike, NDArray

VIEW_DIRECTIONS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "A": ((0, 1, 0), (-1, 0, 0)),
    "P": ((0, -1, 0), (-1, 0, 0)),
    "R": ((0, 0, 1), (-1, 0, 0)),
    "L": ((0, 0, -1), (-1, 0, 0)),
    "S": ((1, 0, 0), (0, -1, 0)),
    "I": ((-1, 0, 0), (0, -1, 0)),
}
"""Seen from this side: where the camera looks, and what is up, in (I, P, L) axes."""


def look_from(viewer: ViewerModel, side: str) -> None:
    """Turn the 3D camera to look from a side: one of A, P, L, R, S, I."""
    viewer.scene.camera.set_view_direction(*VIEW_DIRECTIONS[side])
    viewer.reset_view(reset_camera_angle=False)


def look_across(viewer: ViewerModel, axis: int) -> None:
    """Show slices across an axis of (I, P, L): 0 axial, 1 coronal, 2 sagittal."""
    viewer.dims.ndisplay = 2
    viewer.dims.order = (axis, *(n for n in range(3) if n != axis))
    viewer.reset_view()


def go_to(viewer: ViewerModel, world: NDArray[np.float64], spacing: ArrayLike) -> None:
    """Go to a place in the world, shape (3,), mm: to its slices in 2D, the camera onto it in 3D.

    Parameters
    ----------
    spacing
        Of the slices that can be gone to, shape (3,), mm.
    """
    camera, step = viewer.scene.camera, np.asarray(spacing, float)
    # All at once and onto slices: each step by itself would slice every layer of every view again, and so would
    # the sliders, which know no place between two slices.
    viewer.dims.set_point((0, 1, 2), tuple(float(v) for v in np.round(world / step) * step))
    if viewer.dims.ndisplay == 3:
        camera.center = tuple(float(v) for v in world)
        return
    # In 2D the picture stays where it is, unless the place lies outside of it.
    here = world[list(viewer.dims.displayed)]
    half = np.asarray(viewer.canvas.size, float) / camera.zoom / 2
    if np.any(np.abs(here - np.asarray(camera.center[-2:])) > 0.9 * half):
        camera.center = (0.0, *(float(v) for v in here))
