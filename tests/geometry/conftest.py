"""Cases of a few voxels, and maps whose geometry is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_spatialmed.case.model import Case, Kind, Modality, Side, Structure


def plain_affine(spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> NDArray[np.float64]:
    """Array (I, P, L) → RAS with these voxel sizes."""
    out = np.zeros((4, 4))
    out[2, 0], out[1, 1], out[0, 2], out[3, 3] = -spacing[0], -spacing[1], -spacing[2], 1.0
    out[:3, 3] = (60.0, 50.0, 40.0)
    return out


def rotation(seed: int) -> NDArray[np.float64]:
    """A random proper rotation."""
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def build(
    labels: NDArray[Any],
    affine: NDArray[np.float64] | None = None,
    *,
    kinds: dict[int, Kind] | None = None,
    sides: dict[int, Side] | None = None,
    image: NDArray[Any] | None = None,
    modality: Modality = "unknown",
) -> Case:
    """A case whose structures are called ``s1``, ``s2``, …; a side makes ``organ`` a pair."""
    structures = tuple(
        Structure(
            int(v), f"s{v}", f"s{v}", "organ" if sides and int(v) in sides else f"s{v}",
            side=(sides or {}).get(int(v)), kind=(kinds or {}).get(int(v), "organ"),
        )
        for v in np.unique(labels) if v
    )  # fmt: skip
    return Case(
        labels, plain_affine() if affine is None else affine, structures, image=image, modality=modality
    )


def blobs(seed: int, shape: tuple[int, int, int] = (14, 15, 16), labels: int = 4) -> NDArray[np.uint8]:
    """Random touching blobs with specks: nothing about them is convenient."""
    rng = np.random.default_rng(seed)
    out = np.zeros(shape, np.uint8)
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1)
    for label in range(1, labels + 1):
        centre, radius = rng.uniform(2, np.array(shape) - 2), rng.uniform(2, 5, 3)
        out[(((grid - centre) / radius) ** 2).sum(axis=-1) < 1] = label
    speckled = rng.random(shape) < 0.01
    out[speckled] = rng.integers(0, labels + 1, speckled.sum())
    return out


@pytest.fixture
def make() -> Callable[..., Case]:
    return build
