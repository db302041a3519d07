"""From intensities to grey: a window by modality and by what is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case.model import Case, Structure

CT_WINDOWS = {
    "Abdomen": (350.0, 40.0),
    "Liver": (150.0, 60.0),
    "Lung": (1400.0, -500.0),
    "Bone": (1000.0, 400.0),
    "Brain": (100.0, 50.0),
    "Mediastinum": (400.0, 50.0),
}
"""Width and level in HU, as radiologists set them."""

_LUNG = ("lung", "bronch", "airway", "trachea")
_IN_LUNG = (*_LUNG, "vessel", "nodule")
_BRAIN = (
    "brain", "ventric", "thalam", "caudate", "putamen", "pallid", "hippocamp", "amygdal", "insula", "lobe", "cerebell",
    "gyrus", "csf", "corpus_callosum", "oedema", "edema", "enhancing", "necro",
)  # fmt: skip
_SAMPLE = 64
"""Percentiles are taken from at most this many voxels a side: exact enough, and quick on large scans."""


@dataclass(frozen=True, slots=True)
class Window:
    """The intensities shown as black and white, and its name for people and prompts."""

    low: float
    high: float
    title: str


def choose_window(case: Case, structures: Sequence[Structure]) -> Window:
    """Window for a scan.

    Parameters
    ----------
    case
        With an image; HU windows are for CT alone, everything else gets percentiles.
    structures
        What is asked about: lungs, bones and brain in a CT have windows of their own, if all of them are that.
    """
    if case.modality == "CT":
        name = ct_preset(structures)
        width, level = CT_WINDOWS[name]
        return Window(
            level - width / 2, level + width / 2, f"{name.lower()} window {width:.0f}/{level:.0f} HU"
        )
    low, high = percentiles(case.image, 1.0, 99.5)
    return Window(low, high, "1st to 99.5th percentile")


def percentiles(image: NDArray[Any] | None, low: float, high: float) -> tuple[float, float]:
    """Two percentiles of what isn't background; background is the most frequent extreme value (air, or stripped 0)."""
    if image is None:
        return 0.0, 1.0
    steps = tuple(slice(None, None, max(1, n // _SAMPLE)) for n in image.shape)
    sample = np.asarray(image[steps], np.float64).ravel()
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return 0.0, 1.0
    values, counts = np.unique(sample, return_counts=True)
    commonest = values[counts.argmax()]
    inside = sample[sample != commonest] if counts.max() > 0.05 * sample.size else sample
    if inside.size < 16:
        inside = sample
    a, b = np.percentile(inside, [low, high])
    return (float(a), float(b)) if b > a else (float(a), float(a) + 1.0)


def apply_window(values: NDArray[Any], window: Window) -> NDArray[np.uint8]:
    """Grey values 0–255; what isn't a number is black."""
    scaled = (np.asarray(values, np.float64) - window.low) / (window.high - window.low)
    return np.rint(255 * np.clip(np.nan_to_num(scaled, nan=0.0), 0, 1)).astype(np.uint8)


def ct_preset(structures: Sequence[Structure]) -> str:
    """Which of the windows in `CT_WINDOWS` shows these structures: one for soft tissue, unless all of them are lung, bone or brain."""
    if _any_are(structures, _LUNG) and all(_any_are([s], _IN_LUNG) for s in structures):
        return "Lung"
    if structures and all(s.kind == "bone" for s in structures):
        return "Bone"
    if structures and all(_any_are([s], _BRAIN) for s in structures):
        return "Brain"
    return "Abdomen"


def _any_are(structures: Sequence[Structure], words: Sequence[str]) -> bool:
    return any(word in s.concept for s in structures for word in words)
