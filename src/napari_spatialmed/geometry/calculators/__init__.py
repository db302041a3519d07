"""The calculators: each is one registered function.  Importing this package fills the registry."""

from napari_spatialmed.geometry.calculators import distance, pieces, position, size

__all__ = ["distance", "pieces", "position", "size"]
