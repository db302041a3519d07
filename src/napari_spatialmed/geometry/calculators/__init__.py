"""The calculators: each is one registered function.  Importing this package fills the registry."""

from napari_spatialmed.geometry.calculators import (
    comparing,
    distance,
    intensity,
    lesions,
    pieces,
    position,
    shape,
    sides,
    size,
    surroundings,
)

__all__ = [
    "comparing",
    "distance",
    "intensity",
    "lesions",
    "pieces",
    "position",
    "shape",
    "sides",
    "size",
    "surroundings",
]
