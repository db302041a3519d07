"""Other names for an open case: the voxels stay, the case stays the same, and names can be saved and found again."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_spatialmed.case import (
    Case,
    CaseError,
    CaseLibrary,
    make_case,
    names_differ,
    open_case,
    renamed,
    save_names,
    with_name,
)


@pytest.fixture
def case() -> Case:
    labels = np.zeros((12, 12, 12), np.uint8)
    for label in (1, 2, 3, 5):
        labels[2 * label : 2 * label + 2] = label
    return make_case(labels, np.eye(4), names={1: "spleen", 2: "kidney_right", 3: "kidney_left"})


def test_another_table_names_the_same_voxels(case: Case) -> None:
    found = renamed(case, "amos")
    assert [s.name for s in found][:3] == ["spleen", "right kidney", "left kidney"]
    assert found.labels is case.labels
    assert found.id == case.id
    assert found.provenance.names == "amos"
    assert [(a.name, b.name) for a, b in names_differ(case, found)] == [
        ("kidney_right", "right kidney"),
        ("kidney_left", "left kidney"),
        ("label_5", "esophagus"),
    ]


def test_labels_that_a_table_does_not_know_keep_their_number(case: Case) -> None:
    found = renamed(case, {1: "liver"})
    assert [s.name for s in found] == ["liver", "label_2", "label_3", "label_5"]
    assert found.provenance.notes == ("3 of 4 labels have no name and keep their number",)


def test_a_table_that_knows_no_label_is_refused(case: Case) -> None:
    with pytest.raises(CaseError, match="none of this scan's 4 labels"):
        renamed(case, {77: "liver"})


def test_one_structure_is_renamed_and_no_name_is_given_twice(case: Case) -> None:
    found = with_name(case, 5, " pancreas\n")
    assert found[5].title == "pancreas"
    assert found["spleen"] == case["spleen"]
    with pytest.raises(CaseError, match="called 'left kidney' already"):
        with_name(case, 5, "Left kidney")
    with pytest.raises(CaseError, match="needs a name"):
        with_name(case, 5, " \n")


def test_names_that_the_intensities_contradict_are_refused_as_a_table_and_noted_as_one_name() -> None:
    labels = np.zeros((24, 24, 24), np.uint8)
    for label in range(1, 6):
        labels[4 * label : 4 * label + 4] = label
    image = np.where(labels > 0, 50, -1000).astype(np.int16)
    right = dict(
        zip(range(1, 6), ("liver", "spleen", "pancreas", "kidney_left", "kidney_right"), strict=True)
    )
    case = make_case(labels, np.eye(4), names=right, image=image, modality="CT")
    lungs = {n: f"lung_{part}" for n, part in enumerate(("upper_lobe_left", "lower_lobe_left"), start=1)}
    lungs |= {n: f"lung_{part}" for n, part in enumerate(("upper_lobe_right", "middle_lobe_right"), start=3)}
    with pytest.raises(CaseError, match="impossible intensities"):
        renamed(case, lungs)
    one = with_name(case, 1, "lung_upper_lobe_left")
    assert any("unusual mean intensity" in note for note in one.provenance.notes)
    assert with_name(one, 1, "liver").provenance.notes == ()


@pytest.mark.parametrize("ending", ["json", "csv"])
def test_saved_names_are_read_again_and_never_written_over_unasked(
    case: Case, tmp_path: Path, ending: str
) -> None:
    path = save_names(with_name(case, 5, "duodenum"), tmp_path / f"names.{ending}")
    assert [s.name for s in renamed(case, path)] == ["spleen", "kidney_right", "kidney_left", "duodenum"]
    with pytest.raises(CaseError, match="exists already"):
        save_names(case, path)
    assert save_names(case, path, overwrite=True) == path
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_library_opens_a_case_under_the_names_it_was_given_last(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "seg.nii.gz"
    nib.save(nib.Nifti1Image(case.labels, case.affine), path)
    opened = open_case(path, names="amos")
    kept = CaseLibrary().keep_names(with_name(opened, 5, "gullet"))
    again = CaseLibrary().open(opened.id)
    assert [s.name for s in again] == [s.name for s in kept]
    assert again["gullet"].label == 5
