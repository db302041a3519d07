"""What of a scan's intensities the viewer needs: window presets and contrast limits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case import Case
from napari_spatialmed.case.window import CT_WINDOWS, ct_preset

BY_STRUCTURES = "By structures"
"""In place of a name: the window that shows what is labelled."""
PERCENTILE_WINDOWS: dict[str, tuple[float, float]] = {
    "Automatic": (1, 99.5),
    "Wide": (0, 100),
    "Bright": (1, 95),
}
"""Name → percentiles of the voxels above background, where intensities have no fixed scale (MR, PET, US)."""


def sample_percentiles(image: NDArray[Any], percents: tuple[float, ...]) -> tuple[float, ...]:
    """Percentiles of a strided sample of the voxels above the darkest value."""
    step = max(1, round((image.size / 500_000) ** (1 / 3)))
    sample = image[::step, ::step, ::step]
    sample = sample[np.isfinite(sample)] if sample.dtype.kind == "f" else sample.ravel()
    above = sample[sample > sample.min()] if sample.size else sample
    return tuple(float(v) for v in np.percentile(above if above.size else np.zeros(1), percents))


def windows(case: Case, first: str = BY_STRUCTURES) -> dict[str, tuple[float, float]]:
    """The presets that fit a case: name → contrast limits; it opens in the first, which for CT can be chosen."""
    if case.image is None:
        return {}
    if case.modality == "CT":
        if first == BY_STRUCTURES:
            first = ct_preset(case.structures)
        names = sorted(CT_WINDOWS, key=lambda name: name != first)
        pairs = {name: CT_WINDOWS[name] for name in names}
        return {name: (level - width / 2, level + width / 2) for name, (width, level) in pairs.items()}
    percents = tuple(p for pair in PERCENTILE_WINDOWS.values() for p in pair)
    values = sample_percentiles(case.image, percents)
    found = {}
    for n, name in enumerate(PERCENTILE_WINDOWS):
        found[name] = _apart(values[2 * n], values[2 * n + 1])
    return found


def value_range(image: NDArray[Any]) -> tuple[float, float]:
    """Smallest and largest value, for the contrast slider."""
    return _apart(float(np.nanmin(image)), float(np.nanmax(image)))


def _apart(low: float, high: float) -> tuple[float, float]:
    """Limits that differ, as napari wants them; one is nothing beside values of forty digits."""
    return low, high if high > low else low + max(1.0, 1e-6 * abs(low))
