"""The files in the repository are what the script makes, and it makes varied patients quickly."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import nibabel as nib
import numpy as np
import pytest

from napari_spatialmed.case import open_case
from napari_spatialmed.geometry import CaseGeometry, measure


@pytest.mark.parametrize(("name", "scan"), [("phantom_abdomen", "ct"), ("phantom_brain", "mr")])
def test_the_files_here_are_a_fresh_build(sample_data, name, scan):
    """All but the truth, which `--check` compares too but takes minutes."""
    from phantoms import build

    built = getattr(build, name)(with_truth=False)
    for file, array in ((scan, built.image), ("labels", built.labels)):
        stored = nib.load(sample_data / name / f"{file}.nii.gz")
        np.testing.assert_array_equal(np.asarray(stored.dataobj), array)
        np.testing.assert_allclose(stored.affine, built.affine, atol=1e-5)
        assert stored.get_data_dtype() == array.dtype
    assert json.loads((sample_data / name / "names.json").read_text("utf-8")) == built.documents["names"]


def test_small_enough_for_git(sample_data):
    files = [p for name in ("phantom_abdomen", "phantom_brain") for p in (sample_data / name).iterdir()]
    assert len(files) == 8
    assert sum(p.stat().st_size for p in files) < 5_000_000


def test_gzip_holds_no_time_stamp(sample_data):
    for path in sample_data.glob("phantom_*/*.nii.gz"):
        assert path.read_bytes()[4:8] == b"\0\0\0\0", path.name


def test_variants_by_command_are_the_same_each_time(sample_data, tmp_path):
    for run in ("one", "two"):
        command = [
            sys.executable,
            str(sample_data / "make_phantoms.py"),
            "--variants",
            "2",
            "--seed",
            "5",
            "--out",
            str(tmp_path / run),
        ]
        subprocess.run(command, check=True, capture_output=True)
    first = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.*"))
    assert [p.name for p in first] == ["ct.nii.gz", "labels.nii.gz", "names.json"] * 2
    for path in first:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()


def test_variants_vary_and_stay_patients(sample_data, tmp_path):
    from make_phantoms import save
    from phantoms.build import variant

    volumes, spacings, tumours = [], set(), []
    for number in range(3):
        save(variant(11, number), tmp_path / str(number))
        case = open_case(
            tmp_path / str(number) / "labels.nii.gz",
            tmp_path / str(number) / "ct.nii.gz",
            names=tmp_path / str(number) / "names.json",
        )
        geometry = CaseGeometry(case)
        for side, sign in (("left", -1), ("right", 1)):
            assert sign * measure(geometry, "centroid_ras_mm", f"kidney_{side}").value[0] > 20
        volumes.append(round(measure(geometry, "volume_ml", "liver").value))
        spacings.add(tuple(np.round(case.spacing, 2)))
        tumours.append(sum("liver_tumor" in s.name for s in case))
    assert len(set(volumes)) == len(spacings) == 3
    assert all(700 < v < 2200 for v in volumes)
    assert all(0 <= n <= 5 for n in tumours)


def test_a_variant_takes_seconds():
    from phantoms.build import variant

    start = time.process_time()
    variant(0, 0)
    assert time.process_time() - start < 5
