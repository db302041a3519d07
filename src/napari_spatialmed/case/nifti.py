"""NIfTI-1 and NIfTI-2 (one file or a pair, any byte order) and FreeSurfer's MGH: headers only."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError

from napari_spatialmed.case.header import Header, flat, without_trailing_ones
from napari_spatialmed.case.model import CaseError
from napari_spatialmed.case.voxelstream import Compression, leading_bytes

_CIFTI_INTENTS = range(3000, 3100)
_NO_NUMBERS = {
    32: "complex numbers",
    1792: "complex numbers",
    2048: "complex numbers",
    128: "colours (RGB)",
    2304: "colours (RGBA)",
    1536: "128-bit floats",
    1: "single bits",
    0: "an unknown type",
}
_MM_PER_UNIT = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
_LONGEST_OFFSET = 1 << 26


def nifti_header(path: Path) -> Header:
    """Read the header of a NIfTI file; for ``.img`` that of the ``.hdr`` beside it.

    Raises
    ------
    CaseError
        If it is no NIfTI header, or holds something else than one volume of real numbers.
    """
    compressed = path.name.casefold().endswith(".gz")
    stem = path.name[:-3] if compressed else path.name
    header_path = (
        path.with_name(stem[:-4] + (".hdr.gz" if compressed else ".hdr")) if stem.endswith(".img") else path
    )
    block = leading_bytes(header_path, 544)
    if len(block) < 348:
        raise CaseError(
            f"the file ends after {len(block)} bytes, inside its header",
            where=header_path,
            hint="Copy it again.",
        )
    raw = _parse(block, header_path)
    pair = raw["magic"].item().startswith((b"ni1", b"ni2"))
    data_path = _image_of(header_path) if pair else path
    with data_path.open("rb") as file:
        compression: Compression = "whole" if file.read(2) == b"\x1f\x8b" else "none"
    shape = _shape(raw, path)
    code = int(raw["datatype"])
    if code in _NO_NUMBERS or code not in nib.nifti1.data_type_codes:
        raise CaseError(
            f"its voxels are {_NO_NUMBERS.get(code, f'of unknown type {code}')}",
            where=path,
            hint="A scan or label map holds one real number per voxel.",
        )
    offset = float(raw["vox_offset"])
    if (
        not np.isfinite(offset)
        or not 0 <= offset <= _LONGEST_OFFSET
        or (not pair and offset < raw.sizeof_hdr)
    ):
        raise CaseError(
            f"its header says that the voxels start at byte {offset:.0f}",
            where=path,
            hint="Save the file again.",
        )
    with np.errstate(
        all="ignore"
    ):  # absurd numbers are refused by name, below and by the checks all formats share
        affine, notes = _affine(raw, shape, path)
    unit = _MM_PER_UNIT.get(int(raw["xyzt_units"]) & 7, 1.0)
    voxel_mm = tuple(abs(float(v)) * unit for v in raw["pixdim"][1:4])
    if affine is not None and unit != 1.0:
        affine = np.diag([unit, unit, unit, 1.0]) @ affine
        notes = (
            *notes,
            f"lengths in the file are in {'metres' if unit > 1 else 'micrometres'} and were converted to mm",
        )
    slope, intercept = float(raw["scl_slope"]), float(raw["scl_inter"])
    if not np.isfinite(slope) or slope == 0:  # "no scaling" by the standard
        slope, intercept = 1.0, 0.0
    return Header(
        path,
        data_path,
        int(offset),
        compression,
        raw.get_data_dtype(),
        shape,
        affine,
        (voxel_mm[0], voxel_mm[1], voxel_mm[2]),
        slope,
        intercept if np.isfinite(intercept) else 0.0,
        notes=notes,
    )


def mgh_header(path: Path) -> Header:
    """Read the header of an MGH or MGZ file."""
    block = leading_bytes(path, 284)
    if len(block) < 284:
        raise CaseError(
            f"the file ends after {len(block)} bytes, inside its header", where=path, hint="Copy it again."
        )
    raw: Any = nib.freesurfer.mghformat.MGHHeader(block, check=False)
    if int(raw["version"]) != 1 or int(raw["type"]) not in (0, 1, 3, 4, 10):
        raise CaseError("the file isn't in the MGH format", where=path, hint="Is its ending right?")
    with np.errstate(all="ignore"):  # absurd numbers are refused by the checks that all formats share
        affine = np.asarray(raw.get_affine(), np.float64) if int(raw["goodRASFlag"]) else None
    with path.open("rb") as file:
        compression: Compression = "whole" if file.read(2) == b"\x1f\x8b" else "none"
    delta = raw["delta"]
    return Header(
        path,
        path,
        284,
        compression,
        raw.get_data_dtype(),
        without_trailing_ones(tuple(int(n) for n in raw["dims"])),
        affine,
        (float(delta[0]), float(delta[1]), float(delta[2])),
    )


def _parse(block: bytes, path: Path) -> Any:
    """The header's fields in their byte order, unchecked."""
    for order in "<>":
        (size,) = struct.unpack(order + "i", block[:4])
        if size == 348:
            if block[344:348] not in (b"n+1\0", b"ni1\0"):
                raise CaseError(
                    "this is an Analyze 7.5 header, which doesn't say how the patient lies",
                    where=path,
                    hint="Convert it to NIfTI with the program that made it, and check left and right.",
                )
            return nib.Nifti1Header(block[:348], endianness=order, check=False)
        if size == 540 and len(block) >= 540:
            return nib.Nifti2Header(block[:540], endianness=order, check=False)
    raise CaseError(
        "the file isn't NIfTI: it doesn't start with a NIfTI header", where=path, hint="Is its ending right?"
    )


def _image_of(header_path: Path) -> Path:
    stem = header_path.name.removesuffix(".gz").removesuffix(".hdr").removesuffix(".img")
    for ending in (".img", ".img.gz"):
        if (found := header_path.with_name(stem + ending)).is_file():
            return found
    raise CaseError(
        f"the voxels are missing: there is no {stem}.img beside this header",
        where=header_path,
        hint="Copy both files of the pair.",
    )


def _shape(raw: Any, path: Path) -> tuple[int, ...]:
    count = int(raw["dim"][0])
    if not 1 <= count <= 7:
        raise CaseError(f"its header declares {count} dimensions", where=path, hint="Save the file again.")
    if int(raw["intent_code"]) in _CIFTI_INTENTS:
        raise CaseError(
            "this is a CIFTI file: values on a surface or a connectivity matrix, no volume",
            where=path,
            hint="Export the volume as plain NIfTI.",
        )
    if count < 3:
        raise flat(path)
    return without_trailing_ones(tuple(int(n) for n in raw["dim"][1 : count + 1]))


def _affine(raw: Any, shape: tuple[int, ...], path: Path) -> tuple[Any, tuple[str, ...]]:
    """Sform before qform, as nibabel does; None where neither is set."""
    by_sform, by_qform = int(raw["sform_code"]) > 0, int(raw["qform_code"]) > 0
    if not by_sform and not by_qform:
        return None, ()
    sform = np.asarray(raw.get_sform(), np.float64)
    if by_sform and not np.isfinite(sform).all():
        raise CaseError(
            "its affine (sform) holds values that are no numbers",
            where=path,
            hint="Set its orientation again and save it.",
        )
    if not by_qform:
        return sform, ()
    try:
        qform = np.asarray(raw.get_qform(), np.float64)
    except (HeaderDataError, ValueError) as error:
        if by_sform:
            return sform, ("its qform is no rotation and was ignored; the sform was used",)
        raise CaseError(
            f"its orientation (qform) is no rotation ({error})",
            where=path,
            hint="Set its orientation again and save it.",
        ) from error
    if not by_sform:
        return qform, ()
    corners = np.array(
        [[i, j, k, 1.0] for i in (0, shape[0] - 1) for j in (0, shape[1] - 1) for k in (0, shape[2] - 1)]
    ).T
    apart = float(np.linalg.norm((sform - qform) @ corners, axis=0).max())
    if apart > 0.1 * float(np.linalg.norm(sform[:3, :3], axis=0).min()):
        return sform, (
            f"its sform and qform place it up to {apart:.3g} mm apart; the sform was used, as nibabel does (ITK may take the qform)",
        )
    return sform, ()
