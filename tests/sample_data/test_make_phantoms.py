"""The files in the repository are what the script makes, and it makes varied patients quickly."""

from __future__ import annotations

import json
import subprocess
import sys

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


def test_bodies_and_organs_spread_as_published():
    """Over many patients volumes spread as the literature says, each organ by itself."""
    from phantoms.population import ABDOMINAL, abdominal_body, organs

    logs = []
    for number in range(500):
        random = np.random.default_rng(number)
        body = abdominal_body(random)
        drawn = organs(random, ABDOMINAL, body=0.17)
        logs.append([np.log(body.stretch).sum() + 3 * np.log(drawn.size(organ)) for organ in ABDOMINAL])
    spread = dict(zip(ABDOMINAL, np.std(logs, axis=0), strict=True))
    for organ in ("liver", "spleen", "pancreas", "kidney_right"):
        assert spread[organ] == pytest.approx(ABDOMINAL[organ], rel=0.15), organ
    own = np.array(logs) - np.mean(logs, axis=1, keepdims=True)  # without what the body adds to all
    names = list(ABDOMINAL)
    assert abs(np.corrcoef(own.T)[names.index("liver"), names.index("spleen")]) < 0.25


def test_scans_differ_in_axes_slices_and_field():
    from phantoms.build import _head_scan, _trunk_scan
    from phantoms.population import abdominal_body

    trunks = []
    for number in range(60):
        random = np.random.default_rng(number)
        trunks.append(_trunk_scan(random, abdominal_body(random)))
    heads = [_head_scan(np.random.default_rng(number)) for number in range(30)]
    orders = {"".join(nib.aff2axcodes(grid.affine)) for grid in trunks + heads}
    assert len(orders) > 15
    heights = [float((np.abs(grid.affine[2, :3]) * grid.shape).sum()) for grid in trunks]
    assert min(heights) < 190 < 260 < max(heights), "some show only part of the trunk"
    spacings = [np.linalg.norm(grid.affine[:3, :3], axis=0) for grid in heads]
    assert any(s.max() > 1.8 * s.min() for s in spacings), "some have thick slices"
    assert any(s.max() < 1.01 * s.min() for s in spacings), "some are isotropic"
    assert all(np.prod(grid.shape) < 1_600_000 for grid in trunks + heads), "quick to paint"


def test_habits_of_labelling_and_missing_organs_differ():
    from phantoms import abdomen
    from phantoms.population import labelled, missing, other_side

    names = list(dict.fromkeys(p.name for p in abdomen.scene().parts if p.name and "tumor" not in p.name))
    tumour = frozenset({"liver_tumor_1"})
    kept = [labelled(np.random.default_rng(n), names, tumour) for n in range(60)]
    assert {"liver_tumor_1"} == frozenset.intersection(*kept), "a lesion is always labelled"
    assert min(map(len, kept)) < 10 < 45 < max(map(len, kept))
    gone = [missing(np.random.default_rng(n)) for n in range(400)]
    assert 20 < sum("gallbladder" in g for g in gone) < 65
    assert not any({"kidney_left", "kidney_right"} <= g for g in gone)
    assert other_side("kidney_left") == "kidney_right"
    assert other_side("liver") == "liver"


def test_variants_vary_and_stay_patients(sample_data, tmp_path):
    """Number 34 of this seed has its organs on the other side."""
    from make_phantoms import save
    from phantoms.build import variant

    right, spacings = {}, set()
    for number in (0, 1, 34):
        save(variant(5, number), tmp_path / str(number))
        case = open_case(
            tmp_path / str(number) / "labels.nii.gz",
            tmp_path / str(number) / "ct.nii.gz",
            names=tmp_path / str(number) / "names.json",
        )
        geometry = CaseGeometry(case)

        def centre(name, geometry=geometry):
            return measure(geometry, "centroid_ras_mm", name).value[0]

        assert centre("kidney_left") < -15 < 15 < centre("kidney_right"), "sides are named as they lie"
        right[number] = centre("liver") > 0
        assert (centre("spleen") < 0) == right[number]
        assert 450 < measure(geometry, "volume_ml", "liver").value < 3200
        spacings.add(tuple(np.round(case.spacing, 2)))
    assert right == {0: True, 1: True, 34: False}
    assert len(spacings) == 3
