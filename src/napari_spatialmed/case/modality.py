"""What kind of scan it is, and whether its intensities can be those of the structures drawn on it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case.header import Header
from napari_spatialmed.case.model import CaseError, Modality, Structure
from napari_spatialmed.case.names import NameTable
from napari_spatialmed.case.volume import Volume

_WORDS: tuple[tuple[str, Modality], ...] = (
    (r"ct\d*|cta|cect|ncct|imagesct", "CT"),
    (r"mr|mri|t1|t2|t1w|t2w|t1c|t1ce|t1gd|flair|dwi|adc|swi", "MR"),
    (r"pet|suv|fdg", "PET"),
    (r"us|ultrasound|echo", "US"),
)
_AIR_HU = -500
# Mean HU that no scan shows for these, whatever the contrast phase: wide on purpose.
_PLAUSIBLE_HU: tuple[tuple[str, float, float], ...] = (
    (r"^lung_(upper|middle|lower)_lobe$|^lungs?$", -1000, -300),
    (
        r"^(liver|spleen|kidneys?|pancreas|heart|aorta|inferior_vena_cava|gluteus_.*|autochthon|iliopsoas|brain|urinary_bladder)$",
        -100,
        700,
    ),
    (r"^(vertebrae_.*|hip|femur|sacrum|skull|humerus)$", 0, 2500),
)
_FEWEST = 4
_PROBED = 20


def guess_modality(
    given: Modality | None,
    scan: Volume | Header | None,
    path: Path,
    image: NDArray[Any] | None,
    table: NameTable | None = None,
) -> tuple[Modality, str]:
    """The modality and where it was read from.

    In this order: what the caller says; the file's own word (DICOM, MetaImage, NRRD); a word in the scan's file name;
    values down to air in Hounsfield units; what the names table is for.
    """
    if given is not None and given != "unknown":
        return given, "given"
    if scan is not None and scan.modality != "unknown":
        return scan.modality, "the scan's file says so"
    if scan is not None:
        words = set(re.findall(r"[a-z]+[0-9]*[a-z]*", path.name.casefold()))
        named = {kind for pattern, kind in _WORDS for word in words if re.fullmatch(pattern, word)}
        if len(named) == 1:
            return named.pop(), f"the scan is called {path.name}"
    if image is not None:
        low, high = float(image.min()), float(image.max())
        if -5000 <= low <= _AIR_HU and 0 < high <= 40000:
            return "CT", f"its values run from {low:.0f} to {high:.0f}, as Hounsfield units do"
    if table is not None and table.modality != "unknown":
        return table.modality, f"the names table {table.id} is for {table.modality}"
    return "unknown", "nothing tells"


def implausible(
    labels: NDArray[Any],
    image: NDArray[Any],
    structures: tuple[Structure, ...],
    labels_path: Path,
    image_path: Path | None,
) -> tuple[str, ...]:
    """Structures whose mean intensity can't be theirs in a CT; refused where that holds for most of them.

    Raises
    ------
    CaseError
        If more than half of at least four such structures have impossible values: labels and scan don't match.
    """
    bounds = {s: b for s in structures if (b := _bounds(s)) is not None}
    if not bounds or float(image.min()) > _AIR_HU:
        return ()  # a scan without air isn't in Hounsfield units, or is cut to soft tissue
    step = max(1, round((labels.size / 4e6) ** (1 / 3)))
    thin, values = labels[::step, ::step, ::step].ravel(), image[::step, ::step, ::step].ravel()
    counts = np.bincount(thin)
    sums = np.bincount(thin, values)
    wrong, checked = [], 0
    for structure, (low, high) in bounds.items():
        if structure.label >= counts.size or counts[structure.label] < _PROBED:
            continue
        checked += 1
        mean = float(sums[structure.label]) / int(counts[structure.label])
        if not low <= mean <= high:
            wrong.append(f"{structure.title} {mean:.0f} HU")
    if checked >= _FEWEST and len(wrong) * 2 > checked:
        raise CaseError(
            f"they don't belong together: {len(wrong)} of {checked} structures have impossible intensities ({', '.join(wrong[:3])}, …)",
            where=f"labels {labels_path} and scan {image_path}",
            hint="Are they of the same patient and the same series, and is the names table the right one? Otherwise open the labels without the scan.",
        )
    return (
        (f"unusual mean intensity: {', '.join(wrong[:5])}; do scan, labels and names belong together?",)
        if wrong
        else ()
    )


def _bounds(structure: Structure) -> tuple[float, float] | None:
    return next(
        ((low, high) for pattern, low, high in _PLAUSIBLE_HU if re.search(pattern, structure.concept)), None
    )
