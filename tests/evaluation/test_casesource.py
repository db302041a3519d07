"""Scans are found by what they are, not by what they are called."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from napari_spatialmed.case import CaseLibrary, open_case
from napari_spatialmed.evaluation.casesource import CaseNotFoundError, CaseSource
from napari_spatialmed.geometry import CaseGeometry


def save(folder, name, seed):
    rng = np.random.default_rng(seed)
    labels = np.zeros((20, 22, 24), np.uint8)
    labels[5:15, 5:15, 5:15] = 1
    folder.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(labels, np.eye(4)), folder / f"{name}_seg.nii.gz")
    nib.save(
        nib.Nifti1Image(rng.integers(0, 200, labels.shape).astype(np.int16), np.eye(4)),
        folder / f"{name}_ct.nii.gz",
    )
    return open_case(folder / f"{name}_seg.nii.gz", folder / f"{name}_ct.nii.gz")


def test_a_case_is_found_among_others_and_again(tmp_path):
    cases = [save(tmp_path / "all" / f"p{i}", f"p{i}", i) for i in range(3)]
    source = CaseSource([tmp_path / "all"])
    for case in (cases[2], cases[0], cases[1], cases[2]):
        assert source(case.id).case.id == case.id


def test_an_open_case_needs_no_files(markers):
    assert CaseSource(opened=[markers])(markers.case.id) is markers


def test_what_is_not_there_is_told(tmp_path):
    save(tmp_path / "all" / "p", "p", 0)
    with pytest.raises(CaseNotFoundError, match="no file for case-other"):
        CaseSource([tmp_path / "all"])("case-other")


def test_other_labels_of_the_same_scan_are_not_taken_for_the_right_ones(tmp_path):
    case = save(tmp_path / "all" / "p", "p", 0)
    with pytest.raises(CaseNotFoundError, match="not the labels its questions were made from"):
        CaseSource([tmp_path / "all"], labels={case.id: "0" * 64})(case.id)
    assert CaseSource([tmp_path / "all"], labels={case.id: case.label_sha256()})(case.id).case.id == case.id


def test_cases_opened_before_are_found_without_a_folder(tmp_path):
    case = save(tmp_path / "somewhere", "p", 0)
    library = CaseLibrary(tmp_path / "cases.json")
    library.remember(case)
    found = CaseSource(library=library)(case.id)
    assert isinstance(found, CaseGeometry)
    assert found.case.id == case.id
