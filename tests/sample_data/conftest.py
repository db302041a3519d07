"""The phantoms as a user has them, and the scripts that make them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from napari_spatialmed.case import Case, open_case
from napari_spatialmed.geometry import CaseGeometry

SAMPLE_DATA = Path(__file__).resolve().parents[2] / "sample_data"
sys.path.insert(0, str(SAMPLE_DATA))


@dataclass(frozen=True)
class Phantom:
    case: Case
    geometry: CaseGeometry
    truth: dict[str, Any]


@pytest.fixture(scope="session")
def sample_data() -> Path:
    return SAMPLE_DATA


def _open(name: str, scan: str) -> Phantom:
    folder = SAMPLE_DATA / name
    case = open_case(folder / "labels.nii.gz", folder / f"{scan}.nii.gz", names=folder / "names.json")
    return Phantom(case, CaseGeometry(case), json.loads((folder / "truth.json").read_text("utf-8")))


@pytest.fixture(scope="session")
def abdomen() -> Phantom:
    return _open("phantom_abdomen", "ct")


@pytest.fixture(scope="session")
def brain() -> Phantom:
    return _open("phantom_brain", "mr")


@pytest.fixture(params=["abdomen", "brain"])
def phantom(request: pytest.FixtureRequest) -> Phantom:
    found: Phantom = request.getfixturevalue(request.param)
    return found
