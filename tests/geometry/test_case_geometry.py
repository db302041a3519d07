"""Edits refresh what they touched and nothing else; what was measured is kept and found again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_spatialmed.geometry import CALCULATORS, CaseGeometry, EmptyStructureError, case_geometry, measure
from napari_spatialmed.geometry import registry as registry_module

from .conftest import blobs, build, plain_affine, rotation

OF_ONE = [n for n, c in CALCULATORS.items() if c.scope == "structure" and n != "intensity"]


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000))
def test_after_any_edit_everything_is_as_if_measured_anew(seed: int) -> None:
    rng = np.random.default_rng(seed)
    affine = plain_affine((2.0, 1.0, 0.8))
    affine[:3, :3] = rotation(seed) @ affine[:3, :3]
    labels = blobs(seed)
    geometry = CaseGeometry(build(labels, affine))
    names = [s.name for s in geometry.case.structures]
    for name in names:
        for calculator in OF_ONE:
            measure(geometry, calculator, name)
    measure(geometry, "all_pairs")
    low = rng.integers(0, 10, 3)
    region = tuple(slice(int(a), int(a) + 4) for a in low)
    labels[region][rng.random((4, 4, 4)) < 0.5] = rng.integers(0, 5)
    geometry.update(region)
    fresh = CaseGeometry(build(labels, affine))
    left = [s.name for s in geometry.case.structures if s.label in geometry.survey]
    np.testing.assert_array_equal(geometry.survey.counts, fresh.survey.counts)
    for name in left:
        for calculator in OF_ONE:
            assert measure(geometry, calculator, name).to_dict() == measure(fresh, calculator, name).to_dict()
    assert measure(geometry, "all_pairs").value == measure(fresh, "all_pairs").value


def test_an_edit_names_the_structures_it_changed_and_makes_their_measurements_stale() -> None:
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[2:6, 2:6, 2:6], labels[10:14, 2:6, 2:6], labels[16:19, 2:6, 2:6] = 1, 2, 3
    geometry = CaseGeometry(build(labels))
    measure(geometry, "volume_ml", "s1")
    since = geometry.generation
    labels[10, 2:6, 2:6] = 1
    assert geometry.update((slice(10, 11), slice(2, 6), slice(2, 6))) == {"s1", "s2"}
    assert geometry.stale(["s1"], since)
    assert geometry.stale(["s3", "s2"], since)
    assert not geometry.stale(["s3"], since)
    assert not geometry.stale(["s1"], geometry.generation)


def test_a_structure_erased_to_the_last_voxel_says_so() -> None:
    labels = blobs(1)
    geometry = CaseGeometry(build(labels))
    measure(geometry, "volume_ml", "s1")
    labels[labels == 1] = 0
    geometry.update(slice(None))
    with pytest.raises(EmptyStructureError, match="s1"):
        measure(geometry, "volume_ml", "s1")


def test_a_second_opening_of_the_same_case_computes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path))
    first = CaseGeometry(build(blobs(3)), keep=True)
    expected = [measure(first, name, "s1").to_dict() for name in OF_ONE] + [
        measure(first, "all_pairs").to_dict()
    ]
    first.save()
    second = CaseGeometry(build(blobs(3)), keep=True)

    def refuse(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(case_geometry, "scan_slices", refuse)
    monkeypatch.setattr(CaseGeometry, "boundary", refuse)
    found = [measure(second, name, "s1").to_dict() for name in OF_ONE] + [
        measure(second, "all_pairs").to_dict()
    ]
    assert found == expected


def test_other_voxels_other_names_and_other_versions_are_other_measurements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path))
    labels = blobs(3)
    first = CaseGeometry(build(labels), keep=True)
    before = measure(first, "voxels", "s1").value
    first.save()
    labels[0, 0, 0] = 1
    assert measure(CaseGeometry(build(labels), keep=True), "voxels", "s1").value != before
    assert registry_module.CALCULATORS_VERSION


def test_a_damaged_cache_file_is_computed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path))
    first = CaseGeometry(build(blobs(3)), keep=True)
    expected = measure(first, "voxels", "s1").value
    first.save()
    for file in tmp_path.rglob("*.npz"):
        file.write_bytes(file.read_bytes()[:20])
    assert measure(CaseGeometry(build(blobs(3)), keep=True), "voxels", "s1").value == expected
