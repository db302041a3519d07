"""Edits refresh what they touched and nothing else; what was measured is kept and found again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_spatialmed.geometry import (
    CALCULATORS,
    CaseGeometry,
    EmptyStructureError,
    case_geometry,
    measure,
    store,
)
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

    monkeypatch.setattr(case_geometry, "scan_slices", _refuse)
    monkeypatch.setattr(CaseGeometry, "boundary", _refuse)
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


def test_another_process_finds_what_this_one_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path))
    first = CaseGeometry(build(blobs(3)), keep=True)
    expected = measure(first, "surface_area_mm2", "s1").value
    first.save()
    np.save(tmp_path / "labels.npy", blobs(3))
    script = (
        "import sys, numpy as np\n"
        "from napari_spatialmed.geometry import CaseGeometry, case_geometry, measure\n"
        "from napari_spatialmed.case.model import Case, Structure\n"
        "def refuse(*_): raise AssertionError('computed again')\n"
        "case_geometry.scan_slices = case_geometry.pattern_histograms = refuse\n"
        "labels = np.load(sys.argv[1])\n"
        "structures = tuple(Structure(int(v), f's{v}', f's{v}', f's{v}', kind='organ') for v in np.unique(labels) if v)\n"
        "affine = np.array(eval(sys.argv[2]))\n"
        "geometry = CaseGeometry(Case(labels, affine, structures), keep=True)\n"
        "print(measure(geometry, 'surface_area_mm2', 's1').value, int(geometry.survey.counts.sum()))\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "labels.npy"), repr(plain_affine().tolist())],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    area, voxels = out.stdout.split()
    assert float(area) == expected
    assert int(voxels) == np.count_nonzero(blobs(3))


def test_two_processes_that_measure_the_same_map_lose_nothing_of_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path))
    one, other = CaseGeometry(build(blobs(3)), keep=True), CaseGeometry(build(blobs(3)), keep=True)
    measure(one, "voxels", "s1")
    measure(other, "voxels", "s2")
    one.save()
    other.save()
    monkeypatch.setattr(CaseGeometry, "row", _refuse)
    third = CaseGeometry(build(blobs(3)), keep=True)
    assert [measure(third, "voxels", name).value > 0 for name in ("s1", "s2")] == [True, True]


def test_after_an_edit_of_a_case_found_again_only_what_it_touched_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path))
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[2:6, 2:6, 2:6], labels[10:14, 2:6, 2:6] = 1, 2
    CaseGeometry(build(labels), keep=True).save()
    again = CaseGeometry(build(labels), keep=True)
    labels[2, 2, 2] = 0
    assert again.update((slice(2, 3), slice(2, 3), slice(2, 3))) == {"s1"}
    assert measure(again, "voxels", "s1").value == 63
    again.save()
    labels[2, 2, 2] = 1
    assert measure(CaseGeometry(build(labels), keep=True), "voxels", "s1").value == 64


@pytest.mark.parametrize("damage", ["cut short", "a byte turned", "another file", "empty"])
def test_a_damaged_cache_file_is_computed_again(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path))
    first = CaseGeometry(build(blobs(3)), keep=True)
    expected = measure(first, "voxels", "s1").value
    first.save()
    (file,) = tmp_path.rglob("*.npz")
    whole = file.read_bytes()
    for at in range(0, len(whole), 97) if damage == "a byte turned" else (len(whole) // 2,):
        file.write_bytes(
            {
                "cut short": whole[:at],
                "a byte turned": whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :],
                "another file": b"PK\x03\x04 but no archive",
                "empty": b"",
            }[damage]
        )
        assert measure(CaseGeometry(build(blobs(3)), keep=True), "voxels", "s1").value == expected


def test_the_cache_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path))
    monkeypatch.setattr(store, "MOST_BYTES", 20_000)
    for seed in range(12):
        geometry = CaseGeometry(build(blobs(seed)), keep=True)
        measure(geometry, "all_pairs")
        geometry.save()
        newest = store.place_of(geometry.case, registry_module.CALCULATORS_VERSION)
        os.utime(newest, (seed, seed))
    left = list(tmp_path.rglob("*.npz"))
    assert newest in left
    assert 1 < len(left) < 12
    assert sum(path.stat().st_size for path in left) <= 20_000


def test_a_cache_folder_that_cannot_be_written_costs_only_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path))
    geometry = CaseGeometry(build(blobs(3)), keep=True)
    assert measure(geometry, "voxels", "s1").value > 0
    geometry.save()


def _refuse(*_: object) -> None:
    raise AssertionError("computed again")
