"""MetaImage headers (``.mha``, ``.mhd``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case.header import Header, flat, without_trailing_ones
from napari_spatialmed.case.model import CaseError, Modality
from napari_spatialmed.case.textheader import data_file, header_lines, integers, reals

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_MODALITIES: dict[str, Modality] = {
    "MET_MOD_CT": "CT",
    "MET_MOD_MR": "MR",
    "MET_MOD_US": "US",
    "MET_MOD_NM": "PET",
    "MET_MOD_PET": "PET",
}


def metaimage_header(path: Path) -> Header:
    """Read the header of a MetaImage file (``.mha``, ``.mhd``)."""
    lines, end = header_lines(path, stop_at_blank=False)
    fields: dict[str, str] = {}
    for line in lines:
        if "=" in line:
            key, value = line.split("=", 1)
            fields[key.strip()] = value.strip()
    if "ElementDataFile" not in fields or "DimSize" not in fields:
        raise CaseError(
            "the file isn't MetaImage: its header has no DimSize or no ElementDataFile",
            where=path,
            hint="Is its ending right?",
        )
    shape = tuple(integers(fields["DimSize"], "DimSize", path))
    code = _TYPES.get(fields.get("ElementType", ""))
    channels = integers(fields.get("ElementNumberOfChannels", "1"), "ElementNumberOfChannels", path)[0]
    if code is None or channels != 1:
        what = (
            f"{channels} values per voxel" if code else f"voxels of type {fields.get('ElementType', 'none')}"
        )
        raise CaseError(
            f"it has {what}", where=path, hint="A scan or label map holds one real number per voxel."
        )
    if fields.get("BinaryData", "True").casefold() != "true":
        raise CaseError("its voxels are written as text", where=path, hint="Save it as binary.")
    dimensions = len(shape)
    if dimensions < 3:
        raise flat(path)
    packed = fields.get("CompressedData", "False").casefold() == "true"
    data_path, offset = data_file(
        path, None if fields["ElementDataFile"] == "LOCAL" else fields["ElementDataFile"], end
    )
    skip = integers(fields.get("HeaderSize", "0"), "HeaderSize", path)[0]
    if skip < 0:
        held = data_path.stat().st_size
        offset = held - int(np.prod(shape)) * int(code[1])
    else:
        offset += skip
    order = (
        ">"
        if "true"
        in (
            fields.get("BinaryDataByteOrderMSB", "").casefold(),
            fields.get("ElementByteOrderMSB", "").casefold(),
        )
        else "<"
    )
    return Header(
        path,
        data_path,
        offset,
        "zlib" if packed else "none",
        np.dtype(order + code),
        without_trailing_ones(shape),
        _affine(fields, dimensions, path),
        modality=_MODALITIES.get(fields.get("Modality", ""), "unknown"),
    )


def _affine(fields: dict[str, str], dimensions: int, path: Path) -> NDArray[np.float64]:
    """MetaImage stores each axis' direction as a row, in LPS."""

    def first(*keys: str) -> str | None:
        return next((fields[k] for k in keys if k in fields), None)

    matrix = np.eye(3)
    given = first("TransformMatrix", "Rotation", "Orientation")
    size = min(dimensions, 3)
    if given is not None:
        numbers = reals(given, "TransformMatrix", path)
        if len(numbers) != dimensions**2:
            raise CaseError(
                "its TransformMatrix doesn't fit its dimensions", where=path, hint="Save the file again."
            )
        matrix[:size, :size] = np.array(numbers).reshape(dimensions, dimensions)[:size, :size].T
    spacing = reals(first("ElementSpacing", "ElementSize") or "1 " * dimensions, "ElementSpacing", path)[:3]
    origin = reals(first("Offset", "Position", "Origin") or "0 " * dimensions, "Offset", path)[:3]
    affine = np.eye(4)
    affine[:3, :3] = matrix * np.array([*spacing, 1.0][:3])
    affine[:3, 3] = [*origin, 0.0][:3]
    return _LPS_TO_RAS @ affine
