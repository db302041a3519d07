"""Patients found in paths."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from napari_spatialmed.agents.patients import patient_of, pseudonym


def test_a_patient_is_kept_as_a_pseudonym_only() -> None:
    found = patient_of(Path("data/sub-17/ses-1/seg.nii.gz"), r"(sub-\d+)")
    assert found == pseudonym("sub-17")
    assert found != pseudonym("sub-18")
    assert patient_of(Path("data/sub-17/seg.nii.gz"), None) is None


@pytest.mark.skipif(sys.platform != "linux", reason="names on other systems are text")
def test_a_path_that_is_not_utf_8_has_a_patient_too() -> None:
    paths = [Path(os.fsdecode(name)) / "seg.nii.gz" for name in (b"J\xf6rg", b"J\xfcrg")]
    assert len({patient_of(path, "(.*)/") for path in paths}) == 2
