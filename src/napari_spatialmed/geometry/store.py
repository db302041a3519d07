"""Measurements kept on disk by the content of the label map, so that a second opening computes nothing.

One JSON file per label map, names table and scan, in the user's cache folder.  Whatever was measured on other voxels,
under other names or by another version of the calculators can't be mistaken for it: all of that is in the file's name.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from napari_spatialmed.case.model import Case
from napari_spatialmed.folders import cache_dir
from napari_spatialmed.geometry.measurement import Measurement

Key = tuple[str, tuple[str, ...], str]
"""Calculator, structures' names, parameters as JSON."""


def key_of(calculator: str, structures: tuple[str, ...], parameters: dict[str, Any]) -> Key:
    """What a measurement is kept under."""
    return calculator, structures, json.dumps(parameters, sort_keys=True, default=str)


def place_of(case: Case, version: str) -> Path:
    """The file of a case's measurements.  Reads the whole label map, to hash it."""
    described = [[s.label, s.name, s.kind, s.side, s.concept] for s in case.structures]
    identity = json.dumps([case.label_sha256(), case.id, case.modality, described, version])
    return cache_dir() / "measurements" / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.json.gz"


def load(place: Path) -> dict[Key, Measurement]:
    """Measurements kept in a file; none where it doesn't exist or can't be read: then they are computed again."""
    found: dict[Key, Measurement] = {}
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, EOFError):
        for entry in json.loads(gzip.decompress(place.read_bytes())):
            data = dict(entry["measurement"])
            data["structures"], data["flags"] = tuple(data["structures"]), tuple(data["flags"])
            found[(entry["calculator"], tuple(entry["structures"]), entry["parameters"])] = Measurement(
                **data
            )
    return found


def save(place: Path, results: dict[Key, Measurement]) -> None:
    """Write measurements in one step, so that a reader never sees half a file.

    A cache folder that can't be written to only costs time, so it is no error.
    """
    entries = [
        {
            "calculator": key[0],
            "structures": list(key[1]),
            "parameters": key[2],
            "measurement": value.to_dict(),
        }
        for key, value in results.items()
    ]
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=place.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(gzip.compress(json.dumps(entries).encode(), compresslevel=1))
        os.replace(temporary, place)
