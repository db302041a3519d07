"""What a header may promise, and what refusing it costs."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from napari_spatialmed.case import CaseError, make_case, open_case

Save = Callable[..., Path]


def refused(path: Path) -> str:
    with pytest.raises(CaseError) as caught:
        open_case(path)
    assert str(path) in str(caught.value)
    assert caught.value.hint
    return str(caught.value)


def patched(path: Path, at: int, raw: bytes) -> Path:
    """The NIfTI file with some bytes of its header replaced."""
    data = bytearray(gzip.decompress(path.read_bytes()))
    data[at : at + len(raw)] = raw
    path.write_bytes(gzip.compress(bytes(data), 1))
    return path


DIM, DATATYPE, PIXDIM, OFFSET, SLOPE, QFORM_CODE, SROW, MAGIC = 40, 70, 76, 108, 112, 252, 280, 344


def i2(*values: int) -> bytes:
    return np.array(values, "<i2").tobytes()


def f4(*values: float) -> bytes:
    return np.array(values, "<f4").tobytes()


@pytest.mark.parametrize(
    ("at", "raw", "said"),
    [
        (DIM, i2(0), "declares 0 dimensions"),
        (DIM, i2(9), "declares 9 dimensions"),
        (DIM, i2(3, 20, 0, 12), "20 × 0 × 12"),
        (DIM, i2(3, 20, -16, 12), "20 × -16 × 12"),
        (DIM, i2(3, 32000, 32000, 32000), "the limit is 4 GiB"),
        (DIM, i2(3, 20, 16, 13), "breaks off"),
        (DIM, i2(4, 20, 8, 6, 4), "holds 4 volumes"),
        (DIM, i2(2, 20, 16), "flat picture"),
        (DATATYPE, i2(128), "colours"),
        (DATATYPE, i2(2304), "colours"),
        (DATATYPE, i2(32), "complex"),
        (DATATYPE, i2(1536), "128-bit"),
        (DATATYPE, i2(777), "unknown type 777"),
        (PIXDIM + 4, f4(2, 1.5, 3.1), "one of them is wrong"),
        (PIXDIM + 4, f4(1, 1, 1), "one of them is wrong"),
        (OFFSET, f4(-1), "start at byte -1"),
        (OFFSET, f4(12), "start at byte 12"),
        (OFFSET, f4(np.nan), "start at byte nan"),
        (OFFSET, f4(1e12), "start at byte"),
        (SROW, f4(np.nan), "no numbers"),
        (SROW, f4(np.inf), "no numbers"),
        (SROW, f4(0, 0, 0, 0), "singular"),
        (SROW, f4(0, 1.5, 0, 0), "singular"),
        (MAGIC, b"\0\0\0\0", "Analyze"),
        (0, b"\1\2\3\4", "isn't NIfTI"),
    ],
)
def test_a_wrong_nifti_header_is_refused(
    save: Save, blocks: NDArray[np.uint8], at: int, raw: bytes, said: str
) -> None:
    path = save("s.nii.gz", blocks)
    assert open_case(path)
    assert said in refused(patched(path, at, raw))


@pytest.mark.parametrize("cut", [0, 1, 10, 200, 347, 352, 500, 3000])
def test_a_cut_file_is_refused_wherever_it_ends(save: Save, blocks: NDArray[np.uint8], cut: int) -> None:
    path = save("s.nii", blocks)
    path.write_bytes(path.read_bytes()[:cut])
    refused(path)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_a_cut_gzip_is_refused_wherever_it_ends(save: Save, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 200, (40, 40, 40)).astype(np.uint8)
    path = save("s.nii.gz", noise)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    refused(path)


def test_damaged_gzip_is_refused(save: Save) -> None:
    noise = np.random.default_rng(0).integers(0, 200, (40, 40, 40)).astype(np.uint8)
    path = save("s.nii.gz", noise)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 40] = b"\xff" * 40
    path.write_bytes(bytes(raw))
    refused(path)


def test_no_orientation_is_refused_alone_and_lent_by_the_scan(save: Save, blocks: NDArray[np.uint8]) -> None:
    path = save("s.nii.gz", blocks)
    scan = save("mr.nii.gz", blocks.astype(np.int16) * 10)
    whole = open_case(path, scan)
    patched(path, QFORM_CODE, i2(0, 0))
    assert "doesn't say how the patient lies" in refused(path)
    lent = open_case(path, scan)
    assert "the scan's orientation was taken" in " ".join(lent.provenance.notes)
    assert lent.label_sha256() == whole.label_sha256()


@pytest.mark.parametrize(
    ("labels", "affine", "said"),
    [
        (np.zeros((0, 3, 3), np.uint8), np.eye(4), "holds no voxel"),
        (np.ones((2, 2), np.uint8), np.eye(4), "3 axes, not 2"),
        (np.ones((2, 2, 2), np.uint8), np.eye(3), r"shape \(4, 4\), not \(3, 3\)"),
        (np.ones((2, 2, 2), np.uint8), np.full((4, 4), np.nan), "no numbers"),
    ],
)
def test_arrays_that_are_no_case_are_refused(
    labels: NDArray[np.uint8], affine: NDArray[np.float64], said: str
) -> None:
    with pytest.raises(CaseError, match=said):
        make_case(labels, affine)


def test_sform_and_qform_apart_are_told(save: Save, blocks: NDArray[np.uint8], tmp_path: Path) -> None:
    picture = nib.Nifti1Image(blocks, np.diag([2.0, 1.5, 3.0, 1.0]))
    moved = np.diag([2.0, 1.5, 3.0, 1.0])
    moved[0, 3] = 10
    picture.set_qform(moved, code=1)
    nib.save(picture, tmp_path / "s.nii.gz")
    case = open_case(tmp_path / "s.nii.gz")
    assert any("10 mm apart" in n for n in case.provenance.notes)
    assert np.allclose(case.affine @ [11, 15, 19, 1], [0, 0, 0, 1])


def test_shear_is_told_and_volumes_use_the_determinant(save: Save, blocks: NDArray[np.uint8]) -> None:
    sheared = np.array([[1.0, 0, 0, 0], [0, 1.0, 0.6, 0], [0, 0, 2.0, 0], [0, 0, 0, 1]])
    path = save("s.nii.gz", blocks, sheared)
    case = open_case(path)
    assert any("sheared" in n for n in case.provenance.notes)
    assert case.voxel_ml == pytest.approx(0.002)


def test_micrometres_become_mm(tmp_path: Path, blocks: NDArray[np.uint8]) -> None:
    picture = nib.Nifti1Image(blocks, np.diag([2000.0, 1500.0, 3000.0, 1.0]))
    picture.header.set_xyzt_units("micron")
    nib.save(picture, tmp_path / "s.nii.gz")
    case = open_case(tmp_path / "s.nii.gz")
    assert np.allclose(np.sort(case.spacing), [1.5, 2, 3])
    assert any("micrometres" in n for n in case.provenance.notes)


_MEASURE = """
import sys
from pathlib import Path
from napari_spatialmed.case import CaseError, make_case, open_case
try:
    open_case(sys.argv[1], *sys.argv[2:])
except CaseError as error:
    peak = next(line for line in Path("/proc/self/status").read_text("utf-8").splitlines() if line.startswith("VmHWM"))
    print(int(peak.split()[1]) // 1024, str(error))
"""


def bomb(path: Path, shape: tuple[int, ...], dtype: str, **change: Any) -> Path:
    """A NIfTI header with a promise, and half a gigabyte of zeros behind it in 2 MB."""
    header = nib.Nifti1Header()
    header.set_data_shape(shape)
    header.set_data_dtype(dtype)
    header.set_sform(np.eye(4), code=1)
    header["pixdim"][1:4] = 1
    header["vox_offset"], header["magic"] = 352, b"n+1"
    for key, value in change.items():
        header[key] = value
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header.binaryblock + b"\0" * 4)
        for _ in range(120):
            file.write(b"\0" * (1 << 22))
    return path


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read the Linux way")
def test_refusing_a_bomb_stays_under_300_mb(tmp_path: Path) -> None:
    cases = [
        bomb(tmp_path / "promises-too-much.nii.gz", (30000, 30000, 3000), "u1"),
        bomb(tmp_path / "many-volumes.nii.gz", (512, 512, 512, 8), "u1"),
        bomb(tmp_path / "all-zero-but-short.nii.gz", (1290, 1290, 1290), "i2"),
        bomb(tmp_path / "not-a-number.nii.gz", (512, 512, 480), "f4", scl_slope=1.0, scl_inter=0.5),
    ]
    said = ["the limit is 4 GiB", "holds 8 volumes", "breaks off", "not whole numbers"]
    for path, words in zip(cases, said, strict=True):
        done = subprocess.run(
            [sys.executable, "-X", "utf8", "-c", _MEASURE, str(path)],
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        peak, message = done.stdout.split(" ", 1)
        print(path.name, peak, "MB:", message)
        assert words in message
        assert int(peak) < 300, f"{path.name} took {peak} MB"
