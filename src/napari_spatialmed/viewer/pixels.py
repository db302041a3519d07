"""What of a scan's intensities the viewer needs: window presets, contrast limits, and a light copy for the 3D plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case import Case

CT_WINDOWS: dict[str, tuple[float, float]] = {
    "Abdomen": (350, 40),
    "Liver": (150, 60),
    "Lung": (1400, -500),
    "Bone": (1000, 400),
    "Brain": (100, 50),
    "Mediastinum": (400, 50),
}
"""Name → width, level in HU."""
PERCENTILE_WINDOWS: dict[str, tuple[float, float]] = {
    "Automatic": (1, 99.5),
    "Wide": (0, 100),
    "Bright": (1, 95),
}
"""Name → percentiles of the voxels above background, where intensities have no fixed scale (MR, PET, US)."""


@dataclass(frozen=True)
class PlaneVolume:
    """A half-resolution copy in uint16 for the slice plane in 3D: ``shown = value · gain + offset``.

    int16 costs three times the memory in napari's 3D (it becomes a float texture), and full resolution eight times.
    """

    data: NDArray[np.uint16]
    stride: int
    gain: float
    offset: float

    def limits(self, low: float, high: float) -> tuple[float, float]:
        """Contrast limits of the scan in this copy's values."""
        lower = float(np.clip(low * self.gain + self.offset, 0, 65534))
        return lower, float(np.clip(high * self.gain + self.offset, lower + 1, 65535))


def plane_volume(image: NDArray[Any]) -> PlaneVolume:
    """Take every second voxel and bring it to uint16, without rounding CT or other integer data away."""
    stride = 2 if min(image.shape) >= 16 else 1
    small = np.ascontiguousarray(image[tuple(slice(None, None, stride) for _ in image.shape)])
    low, high = float(np.nanmin(small)), float(np.nanmax(small))
    if small.dtype.kind in "iu" and high - low <= 65535:
        # Integers that fit need no detour over floats, which would take four times the memory.
        return PlaneVolume((small.astype(np.int32) - int(low)).astype(np.uint16), stride, 1.0, -low)
    gain = 65535.0 / max(high - low, 1e-12)
    offset = -low * gain
    shifted = np.nan_to_num(small.astype(np.float32) * np.float32(gain) + np.float32(offset))
    return PlaneVolume(np.clip(shifted, 0, 65535).astype(np.uint16), stride, gain, offset)


def sample_percentiles(image: NDArray[Any], percents: tuple[float, ...]) -> tuple[float, ...]:
    """Percentiles of a strided sample of the voxels above the darkest value."""
    step = max(1, round((image.size / 500_000) ** (1 / 3)))
    sample = image[::step, ::step, ::step]
    sample = sample[np.isfinite(sample)] if sample.dtype.kind == "f" else sample.ravel()
    above = sample[sample > sample.min()] if sample.size else sample
    return tuple(float(v) for v in np.percentile(above if above.size else np.zeros(1), percents))


def windows(case: Case, first: str = "Abdomen") -> dict[str, tuple[float, float]]:
    """The presets that fit a case: name → contrast limits; it opens in the first, which for CT can be chosen."""
    if case.image is None:
        return {}
    if case.modality == "CT":
        names = sorted(CT_WINDOWS, key=lambda name: name != first)
        pairs = {name: CT_WINDOWS[name] for name in names}
        return {name: (level - width / 2, level + width / 2) for name, (width, level) in pairs.items()}
    percents = tuple(p for pair in PERCENTILE_WINDOWS.values() for p in pair)
    values = sample_percentiles(case.image, percents)
    found = {}
    for n, name in enumerate(PERCENTILE_WINDOWS):
        low, high = values[2 * n], values[2 * n + 1]
        found[name] = (low, high if high > low else low + 1.0)
    return found


def value_range(image: NDArray[Any]) -> tuple[float, float]:
    """Smallest and largest value, for the contrast slider."""
    low, high = float(np.nanmin(image)), float(np.nanmax(image))
    return low, high if high > low else low + 1.0
