"""What was computed of a label map, kept on disk by the map's content, so that a second opening computes nothing.

One file per label map, names table and scan, in the user's cache folder.  Whatever was measured on other voxels, under
other names or by another version of the calculators can't be mistaken for it: all of that is in the file's name.  The
folder is kept below :data:`MOST_BYTES`; what was not asked for longest goes first.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import zipfile
import zlib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from napari_spatialmed.case.model import Case
from napari_spatialmed.folders import cache_dir
from napari_spatialmed.geometry.measurement import Measurement
from napari_spatialmed.geometry.survey import SliceSums
from napari_spatialmed.whole import written_whole

Key = tuple[str, tuple[str, ...], str]
"""Calculator, structures' names, parameters as JSON."""
FORMAT = "2"
"""Rises when these files are laid out in another way."""
MOST_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Stored:
    """What is known of a case: measurements, and the sums per slice that the survey is made of."""

    results: dict[Key, Measurement] = field(default_factory=dict)
    rows: SliceSums | None = None


def key_of(calculator: str, structures: tuple[str, ...], parameters: dict[str, Any]) -> Key:
    """What a measurement is kept under."""
    return calculator, structures, json.dumps(parameters, sort_keys=True, default=str)


def place_of(case: Case, version: str) -> Path:
    """The file of a case's measurements.  Reads the whole label map, to hash it."""
    described = [[s.label, s.name, s.kind, s.side, s.concept, s.system] for s in case.structures]
    identity = json.dumps(
        [
            FORMAT, version, case.label_sha256(), case.id, np.asarray(case.affine, float).tolist(), case.modality,
            case.provenance.names, described,
        ]
    )  # fmt: skip
    return cache_dir() / "measurements" / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.npz"


def load(place: Path) -> Stored:
    """What is kept in a file; nothing where it doesn't exist or is damaged: then it is computed again."""
    try:
        # The archive's checksums are tested as its members are read, so all are read before any is believed.
        with np.load(io.BytesIO(place.read_bytes()), allow_pickle=False) as archive:
            members = {name: archive[name] for name in archive.files}
        results = dict(_measurement(entry) for entry in json.loads(members.pop("measurements").tobytes()))
        stored = Stored(results, SliceSums(**members) if members else None)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error):
        return Stored()
    with contextlib.suppress(OSError):
        os.utime(place)
    return stored


def _measurement(entry: dict[str, Any]) -> tuple[Key, Measurement]:
    data = dict(entry["measurement"])
    data["structures"], data["flags"] = tuple(data["structures"]), tuple(data["flags"])
    return (entry["calculator"], tuple(entry["structures"]), entry["parameters"]), Measurement(**data)


def save(place: Path, stored: Stored) -> None:
    """Write in one step, so that a reader never sees half a file; what another process wrote meanwhile stays.

    A cache folder that can't be written to only costs time, so it is no error.
    """
    entries = [
        {
            "calculator": key[0],
            "structures": list(key[1]),
            "parameters": key[2],
            "measurement": value.to_dict(),
        }
        for key, value in (load(place).results | stored.results).items()
    ]
    members: dict[str, Any] = {"measurements": np.frombuffer(json.dumps(entries).encode(), np.uint8)}
    if stored.rows is not None:
        members |= {one.name: getattr(stored.rows, one.name) for one in fields(SliceSums)}
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(place) as beside, beside.open("wb") as file:
            np.savez_compressed(file, **members)
        _make_room(place.parent)


def _make_room(folder: Path) -> None:
    """Remove the files that were not used longest until the rest is small enough."""
    found = sorted(((path.stat(), path) for path in folder.iterdir()), key=lambda pair: -pair[0].st_mtime)
    total = 0
    for number, (state, path) in enumerate(found):
        total += state.st_size
        if number and total > MOST_BYTES:
            path.unlink(missing_ok=True)
