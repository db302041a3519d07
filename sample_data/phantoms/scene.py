"""A patient as forms in order of priority: what is painted later lies over what was painted before.

The same list gives the scan, the label map and the true measurements, on whatever grid is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from phantoms.shapes import Floats, Shape, Window

BAND = 8.0
"""How far from a form's bounds it is evaluated, in mm: more than a partial-volume edge and any cortex."""


@dataclass(frozen=True)
class Part:
    """One thing in the patient.

    Attributes
    ----------
    name
        Its structure in the label map, or None for what only the scan shows (fat, discs, stomach gas).
    value
        Intensity inside: HU in a CT, arbitrary units in an MR; None leaves the scan as it is (lobes of the brain).
    rim, rim_mm
        Another intensity for the outermost millimetres (cortical bone, stomach wall).
    grain
        Standard deviation of a coarse texture inside (stool, trabeculae).
    """

    name: str | None
    shape: Shape
    value: float | None
    rim: float | None = None
    rim_mm: float = 2.5
    grain: float = 0.0


@dataclass(frozen=True)
class Scene:
    """A patient: parts from the lowest to the highest priority, and the labels' numbers in a fixed order."""

    parts: Sequence[Part]
    background: float
    modality: str

    @property
    def names(self) -> dict[int, str]:
        """Label → name, numbered in the order of first mention."""
        return dict(enumerate(dict.fromkeys(p.name for p in self.parts if p.name is not None), start=1))

    def structure(self, name: str) -> Part:
        return next(p for p in self.parts if p.name == name)


@dataclass(frozen=True)
class Look:
    """How the scanner sees: blur in voxels, noise and its grain, steps of the stored values, mild shading."""

    blur: float
    noise: float
    step: int
    shading: float = 0.0
    lowest: int = -1024


def paint(scene: Scene, window: Window, look: Look, seed: int) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """The scan and the label map of a scene on a grid; the same bytes for the same seed."""
    random = np.random.default_rng(seed)
    labels = np.zeros(window.shape, np.uint8)
    image = np.full(window.shape, float(scene.background))
    number = {name: label for label, name in scene.names.items()}
    edge = float(np.linalg.norm(window.affine[:3, :3], axis=0).mean())
    coarse = gaussian_filter(random.standard_normal(window.shape, dtype=np.float32), 1.6)
    coarse /= coarse.std()
    for part, where, distance in fields(scene.parts, window):
        if part.name is not None:
            labels[where][distance < 0] = number[part.name]
        if part.value is None:
            continue
        value: Floats | float = part.value + part.grain * coarse[where] if part.grain else part.value
        if part.rim is not None:
            value = part.rim + (value - part.rim) * np.clip(0.5 - (distance + part.rim_mm) / edge, 0.0, 1.0)
        image[where] += np.clip(0.5 - distance / edge, 0.0, 1.0) * (value - image[where])
    image = gaussian_filter(image, look.blur)
    noise = gaussian_filter(random.standard_normal(window.shape, dtype=np.float32), 0.6)
    tissue = image > scene.background + 25
    image = np.where(
        tissue,
        image * (1 + _shading(window, look.shading)) + noise * (look.noise / noise.std()),
        scene.background,
    )
    stored = np.round(image / look.step) * look.step
    return np.maximum(stored, look.lowest).astype(np.int16), labels


def fields(
    parts: Sequence[Part], window: Window, band: float = BAND
) -> Iterator[tuple[Part, tuple[slice, slice, slice], Floats]]:
    """Each part that reaches the window, with its place in it and its signed distance there."""
    for part in parts:
        where, near = window.near(part.shape.bounds, band)
        if all(near.shape):
            yield part, where, part.shape.field(near, band)


def _shading(window: Window, strength: float) -> Floats | float:
    """A smooth receive-coil bias, ± `strength`."""
    if strength == 0:
        return 0.0
    x, y, z = window.points
    return np.asarray(strength * (np.sin(x / 70 + 0.4) + np.cos(y / 90) * np.sin(z / 80 + 0.7)) / 2)
