"""Labelled scans to try: two phantoms that come with the program, and one real scan that is fetched once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_spatialmed.case.model import Case, CaseError
from napari_spatialmed.case.opening import open_case


class SampleUnavailableError(CaseError):
    """A sample that can't be had on this machine now."""


SAMPLES = {
    "phantom-abdomen": "Phantom: abdominal CT",
    "phantom-brain": "Phantom: brain MR",
    "totalsegmentator-abdomen": "Real: abdominal CT with 61 structures (TotalSegmentator's test scan)",
}
_FILES = {"phantom-abdomen": ("phantom_abdomen", "ct"), "phantom-brain": ("phantom_brain", "mr")}


def sample_folder() -> Path | None:
    package = Path(__file__).resolve().parents[1]
    return next(
        (p for p in (package / "sample_data", package.parents[1] / "sample_data") if p.is_dir()), None
    )


def open_sample(key: str, progress: Callable[[str, float], None] | None = None) -> Case:
    if key not in SAMPLES:
        raise CaseError(f"no sample {key!r}", hint=f"There are: {', '.join(SAMPLES)}.")
    if key not in _FILES:
        raise SampleUnavailableError("the real scan isn't on this machine", hint="Open the phantom instead.")
    folder = sample_folder()
    name, scan = _FILES[key]
    if folder is None or not (folder / name / "labels.nii.gz").is_file():
        raise SampleUnavailableError(f"the sample {key!r} isn't installed")
    return open_case(
        folder / name / "labels.nii.gz",
        folder / name / f"{scan}.nii.gz",
        names=folder / name / "names.json",
        segmentation="ground truth",
    )
