"""The synthetic full-size label map that the geometry benchmark measures on: deterministic, like a torso's 120 organs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHAPE = (600, 512, 512)
SPACING = (1.5, 0.8, 0.8)
LABELS = 120


def affine() -> NDArray[np.float64]:
    """Array (I, P, L) → RAS mm."""
    out = np.zeros((4, 4))
    out[2, 0], out[1, 1], out[0, 2], out[3, 3] = -SPACING[0], -SPACING[1], -SPACING[2], 1.0
    out[:3, 3] = (200.0, 200.0, 450.0)
    return out


def torso(shape: tuple[int, int, int] = SHAPE, labels: int = LABELS, seed: int = 7) -> NDArray[np.uint8]:
    """Warped ellipsoids of falling size, painted over each other inside an elliptical trunk.

    About 54 % of the voxels are labelled; pieces cut off by later organs leave specks and split structures, as in
    real label maps.
    """
    rng = np.random.default_rng(seed)
    out = np.zeros(shape, np.uint8)
    size = np.array(shape, float)
    radii = np.linspace(0.4, 0.04, labels) ** 1.1
    for label in range(1, labels + 1):
        # Sunflower placement in the trunk's cross-section, so that no seed leaves a corner empty.
        ring, turn = np.sqrt((label - 0.5) / labels) * 0.36, label * 2.399963
        centre = size * (
            rng.uniform(0.08, 0.92),
            0.5 + 0.9 * ring * np.sin(turn),
            0.5 + 1.1 * ring * np.cos(turn),
        )
        radius = np.maximum(3.0, size * radii[label - 1] * rng.uniform(0.7, 1.35, 3) * (0.75, 0.85, 0.85))
        low = np.maximum(0, np.floor(centre - 1.25 * radius)).astype(int)
        high = np.minimum(shape, np.ceil(centre + 1.25 * radius) + 1).astype(int)
        i, p, q = np.ogrid[tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))]
        wave = [rng.uniform(0.02, 0.05), rng.uniform(0, 6.3), rng.uniform(2, 5) * radius.mean() / 25]
        inside = ((i - centre[0]) / radius[0]) ** 2
        inside = (
            inside
            + ((p - centre[1] - (wave[2] * np.sin(wave[0] * i + wave[1])).astype(np.float32)) / radius[1])
            ** 2
        )
        inside = (
            inside
            + ((q - centre[2] - (wave[2] * np.cos(wave[0] * p + wave[1])).astype(np.float32)) / radius[2])
            ** 2
        )
        box = out[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
        box[inside < 1.0] = label
    return out
