"""A scan and labels on different grids come together, with words on what was done, or are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_spatialmed.case import CaseError, open_case
from napari_spatialmed.case.grids import bring_together
from napari_spatialmed.case.volume import Volume

Save = Callable[..., Path]
RAS = np.array([[2.0, 0, 0, -30], [0, 1.5, 0, -20], [0, 0, 3.0, -50], [0, 0, 0, 1]])


def scan_of(labels: NDArray[np.uint8]) -> NDArray[np.int16]:
    """A scan whose values say which label lies where."""
    noise = np.random.default_rng(3).normal(0, 10, labels.shape)
    return (labels.astype(np.int16) * 100 + noise).astype(np.int16)


def part(
    labels: NDArray[np.uint8], start: tuple[int, int, int], stop: tuple[int, int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    affine = RAS.copy()
    affine[:3, 3] += RAS[:3, :3] @ start
    return labels[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))], affine


def test_the_same_grid_needs_no_words(save: Save, blocks: NDArray[np.uint8]) -> None:
    case = open_case(save("seg.nii.gz", blocks), save("mr.nii.gz", scan_of(blocks)))
    assert case.provenance.notes == ()
    assert case.image is not None
    assert np.array_equal(
        np.rint(case.image / 100)[case.labels == 5].astype(int), np.full((case.labels == 5).sum(), 5)
    )


def test_files_in_other_orders_still_match(save: Save, blocks: NDArray[np.uint8]) -> None:
    scan = save("mr.nii.gz", scan_of(blocks))
    plain = open_case(save("seg.nii.gz", blocks), scan)
    for codes in ("LPS", "SAR", "PIR", "ASL"):
        how = nib.orientations.ornt_transform(io_orientation(RAS), nib.orientations.axcodes2ornt(codes))
        turned = save(
            f"{codes}.nii.gz", apply_orientation(blocks, how), RAS @ inv_ornt_aff(how, blocks.shape)
        )
        case = open_case(turned, scan)
        assert case.label_sha256() == plain.label_sha256()
        assert case.id == plain.id
        assert case.provenance.notes == ()


def test_labels_of_a_part_are_put_where_they_belong(save: Save, blocks: NDArray[np.uint8]) -> None:
    scan = save("mr.nii.gz", scan_of(blocks))
    whole = open_case(save("seg.nii.gz", blocks), scan)
    case = open_case(save("crop.nii.gz", *part(blocks, (2, 3, 1), (19, 15, 12))), scan)
    assert case.label_sha256() == whole.label_sha256()
    assert any("cover a part of the scan" in n for n in case.provenance.notes)


def test_a_part_that_shares_the_corner_is_taken_if_the_scan_bears_it_out(
    save: Save, blocks: NDArray[np.uint8]
) -> None:
    scan = save("mr.nii.gz", scan_of(blocks))
    for stop in ((20, 16, 10), (19, 15, 11)):
        case = open_case(save("crop.nii.gz", *part(blocks, (0, 0, 0), stop)), scan)
        assert case.image is not None
        assert case.labels.shape == (12, 16, 20)


def test_a_part_that_lost_its_place_is_refused(save: Save, blocks: NDArray[np.uint8]) -> None:
    scan = save("mr.nii.gz", scan_of(blocks))
    moved, _ = part(blocks, (0, 0, 4), (20, 16, 12))
    with pytest.raises(CaseError, match="start at the same corner"):
        open_case(save("lost.nii.gz", moved), scan)


def test_a_larger_label_grid_is_cut_where_nothing_lies(save: Save, blocks: NDArray[np.uint8]) -> None:
    scan, moved = part(blocks, (2, 3, 1), (19, 15, 12))
    case = open_case(save("seg.nii.gz", blocks), save("mr.nii.gz", scan_of(scan), moved))
    assert case.labels.shape == (11, 12, 17)
    assert np.array_equal(np.bincount(case.labels.ravel())[1:], np.bincount(blocks.ravel())[1:])
    assert any("reaches beyond the scan, without labels there" in n for n in case.provenance.notes)


def test_labels_beyond_the_scan_keep_their_volume(save: Save, blocks: NDArray[np.uint8]) -> None:
    scan, moved = part(blocks, (6, 0, 0), (20, 16, 12))
    case = open_case(save("seg.nii.gz", blocks), save("mr.nii.gz", scan_of(scan), moved))
    assert np.array_equal(np.bincount(case.labels.ravel())[1:], np.bincount(blocks.ravel())[1:])
    assert case.image is not None
    assert case.image.shape == case.labels.shape
    assert any(
        "168 of 480 labelled voxels lie outside the scan" in n or "labelled voxels lie outside" in n
        for n in case.provenance.notes
    )


def test_another_lattice_is_resampled_and_said(save: Save, blocks: NDArray[np.uint8]) -> None:
    fine = np.kron(blocks, np.ones((2, 2, 2), np.uint8))
    half = RAS @ np.diag([0.5, 0.5, 0.5, 1])
    half[:3, 3] = RAS[:3, 3] - RAS[:3, :3] @ [0.25, 0.25, 0.25]
    scan = save("mr.nii.gz", scan_of(fine), half)
    case = open_case(save("seg.nii.gz", blocks), scan)
    assert np.array_equal(case.labels, open_case(save("fine.nii.gz", fine, half)).labels)
    (note,) = case.provenance.notes
    assert "resampled to it by nearest neighbour" in note
    assert "everything is measured on the resampled labels, which have the same volumes" in note


def test_resampling_says_how_volumes_changed_and_what_was_lost(save: Save, blocks: NDArray[np.uint8]) -> None:
    labels = blocks.copy()
    labels[1, 1, 1] = 9
    coarse = RAS @ np.diag([3.1, 3.1, 3.1, 1])
    case = open_case(save("seg.nii.gz", labels), save("mr.nii.gz", np.ones((8, 7, 5), np.int16), coarse))
    words = " ".join(case.provenance.notes)
    assert "volumes differ by up to" in words
    assert "lost by resampling: label 9" in words


def test_oblique_labels_are_resampled_where_they_lie(save: Save, blocks: NDArray[np.uint8]) -> None:
    tilted = RAS.copy()
    tilted[:3, :3] = Rotation.from_euler("xyz", [8, 5, -12], degrees=True).as_matrix() @ RAS[:3, :3]
    scan = np.diag([1.4, 1.4, 1.4, 1.0])
    scan[:3, 3] = (-45, -35, -65)
    case = open_case(
        save("seg.nii.gz", blocks, tilted), save("mr.nii.gz", np.ones((46, 46, 46), np.int16), scan)
    )
    for label in (1, 2, 5):
        before = (tilted @ np.append(np.argwhere(blocks == label).mean(axis=0), 1))[:3]
        after = (case.affine @ np.append(np.argwhere(case.labels == label).mean(axis=0), 1))[:3]
        assert np.linalg.norm(before - after) < 0.3


def test_labels_far_from_the_scan_are_refused(save: Save, blocks: NDArray[np.uint8]) -> None:
    away = RAS.copy()
    away[0, 3] += 500
    with pytest.raises(CaseError, match="none of the labelled voxels lie inside the scan"):
        open_case(save("seg.nii.gz", blocks, away), save("mr.nii.gz", scan_of(blocks)))


def test_a_ct_with_impossible_organs_is_refused(save: Save) -> None:
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[2:18, 2:5], labels[2:18, 6:9], labels[2:18, 10:13], labels[2:18, 14:17] = 1, 2, 3, 5
    ct = np.full(labels.shape, -1000, np.int16)
    with pytest.raises(CaseError, match="4 of 4 structures have impossible intensities"):
        open_case(save("seg.nii.gz", labels), save("ct.nii.gz", ct + (labels > 50)), names="totalsegmentator")
    ct[labels > 0] = 60
    ct[labels == 5] = -800
    case = open_case(save("seg.nii.gz", labels), save("ct.nii.gz", ct), names="totalsegmentator")
    assert any("unusual mean intensity: liver -800 HU" in n for n in case.provenance.notes)


@settings(max_examples=40, deadline=None)
@given(
    start=st.tuples(*[st.integers(0, 3)] * 3),
    stop=st.tuples(*[st.integers(0, 3)] * 3),
    angles=st.tuples(*[st.floats(-30, 30)] * 3),
)
def test_any_crop_keeps_every_label_in_place(
    start: tuple[int, ...], stop: tuple[int, ...], angles: tuple[float, ...]
) -> None:
    rng = np.random.default_rng(sum(start) + sum(stop))
    labels = np.zeros((14, 12, 10), np.uint8)
    labels[4:10, 4:8, 4:6] = rng.integers(1, 4, (6, 4, 2))
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() @ np.diag([1.1, 2.0, 3.0])
    box = tuple(slice(a, n - b) for a, b, n in zip(start, stop, labels.shape, strict=True))
    moved = affine.copy()
    moved[:3, 3] += affine[:3, :3] @ start
    crop = Volume(Path("crop"), labels[box], moved).in_display_order()
    scan = Volume(Path("scan"), scan_of(labels), affine).in_display_order()
    array, _, placed, _ = bring_together(crop, scan)
    assert np.array_equal(array, Volume(Path("all"), labels, affine).in_display_order().array)
    assert np.allclose(placed, scan.affine)
