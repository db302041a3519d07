"""NRRD headers (``.nrrd``, ``.nhdr``, 3D Slicer's ``.seg.nrrd``)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case.header import Header, flat, without_trailing_ones
from napari_spatialmed.case.model import CaseError, Modality
from napari_spatialmed.case.textheader import data_file, header_lines, integers, reals
from napari_spatialmed.case.voxelstream import Compression

# Each space by the signs that bring its first two axes to right and anterior.
_SPACES = {
    "right-anterior-superior": (1, 1),
    "ras": (1, 1),
    "left-anterior-superior": (-1, 1),
    "las": (-1, 1),
    "left-posterior-superior": (-1, -1),
    "lps": (-1, -1),
}
_TYPES = {
    "i1": "signed char, int8, int8_t",
    "u1": "uchar, unsigned char, uint8, uint8_t",
    "i2": "short, short int, signed short, signed short int, int16, int16_t",
    "u2": "ushort, unsigned short, unsigned short int, uint16, uint16_t",
    "i4": "int, signed int, int32, int32_t",
    "u4": "uint, unsigned int, uint32, uint32_t",
    "i8": "longlong, long long, long long int, signed long long, signed long long int, int64, int64_t",
    "u8": "ulonglong, unsigned long long, unsigned long long int, uint64, uint64_t",
    "f4": "float",
    "f8": "double",
}
_CODES = {name: code for code, names in _TYPES.items() for name in names.split(", ")}


def nrrd_header(path: Path) -> Header:
    """Read the header of an NRRD file (``.nrrd``, ``.nhdr``, 3D Slicer's ``.seg.nrrd``)."""
    lines, end = header_lines(path, stop_at_blank=True)
    if not lines or not lines[0].startswith("NRRD"):
        raise CaseError(
            "the file isn't NRRD: it doesn't start with NRRD", where=path, hint="Is its ending right?"
        )
    fields: dict[str, str] = {}
    extra: dict[str, str] = {}
    for line in lines[1:]:
        if line.startswith("#"):
            continue
        if ":=" in line:
            key, value = line.split(":=", 1)
            extra[key.strip()] = value.strip()
        elif ":" in line:
            key, value = line.split(":", 1)
            fields[key.strip().casefold().replace(" ", "")] = value.strip()
    code = _CODES.get(fields.get("type", "").casefold())
    if code is None:
        raise CaseError(
            f"its voxels are of type {fields.get('type', 'none')!r}",
            where=path,
            hint="Save it as whole numbers or floats.",
        )
    sizes = tuple(integers(fields.get("sizes", ""), "sizes", path))
    if len(sizes) < 3:
        raise flat(path)
    encoding = fields.get("encoding", "raw").casefold()
    if encoding not in ("raw", "gzip", "gz"):
        raise CaseError(
            f"its voxels are encoded as {encoding!r}", where=path, hint="Save it with raw or gzip encoding."
        )
    if fields.get("blocksize") or any(
        integers(fields.get(key, "0"), key, path)[0] for key in ("lineskip", "byteskip")
    ):
        raise CaseError(
            "its header skips parts of the data file (line skip, byte skip)",
            where=path,
            hint="Save it again without.",
        )
    data_path, offset = data_file(path, fields.get("datafile"), end)
    affine, keep = _affine(fields, sizes, path)
    others = [n for axis, n in enumerate(sizes) if axis not in keep]
    if any(n != 1 for n in others):
        what = "layers of overlapping segments" if "Segment0_ID" in extra else "values per voxel or volumes"
        raise CaseError(
            f"the file holds {int(np.prod(others))} {what} ({' × '.join(map(str, sizes))})",
            where=path,
            hint="Save one label or one number per voxel: in 3D Slicer, export the segmentation as a label map.",
        )
    order = ">" if fields.get("endian", "little").casefold() == "big" else "<"
    compression: Compression = "none" if encoding == "raw" else "gzip"
    return Header(
        path,
        data_path,
        offset,
        compression,
        np.dtype(order + code),
        without_trailing_ones(tuple(sizes[axis] for axis in keep)),
        affine,
        modality=_modality(extra.get("DICOM_0008_0060") or extra.get("MODALITY")),
        names=_slicer_names(extra),
    )


def _affine(
    fields: dict[str, str], sizes: tuple[int, ...], path: Path
) -> tuple[NDArray[np.float64] | None, list[int]]:
    """The affine and the axes that lie in space; None where no patient space is named."""
    space = fields.get("space", "").casefold()
    directions = re.findall(r"\([^)]*\)|none", fields.get("spacedirections", ""))
    if space not in _SPACES or not directions:
        if len(sizes) > 3 and any(n != 1 for n in sizes[3:]):
            raise CaseError(
                f"the file holds several volumes ({' × '.join(map(str, sizes))})",
                where=path,
                hint="Save the one you need.",
            )
        return None, list(range(min(3, len(sizes))))
    keep = [axis for axis, text in enumerate(directions) if text != "none"]
    columns = [reals(directions[axis], "space directions", path) for axis in keep]
    origin = reals(fields.get("spaceorigin", "(0,0,0)"), "space origin", path)
    if (
        len(keep) != 3
        or any(len(c) != 3 for c in columns)
        or len(origin) != 3
        or len(directions) != len(sizes)
    ):
        raise CaseError(
            "its space directions don't describe a volume", where=path, hint="Save the file again."
        )
    affine = np.eye(4)
    affine[:3, :3] = np.array(columns).T
    affine[:3, 3] = origin
    return np.diag([*_SPACES[space], 1.0, 1.0]) @ affine, keep


def _slicer_names(extra: dict[str, str]) -> dict[int, tuple[str, tuple[int, int, int] | None]]:
    """The segments' names and colours that 3D Slicer writes into a ``.seg.nrrd``."""
    found: dict[int, tuple[str, tuple[int, int, int] | None]] = {}
    for key, value in extra.items():
        match = re.fullmatch(r"Segment(\d+)_LabelValue", key)
        if not match or not value.isdigit():
            continue
        name = extra.get(f"Segment{match[1]}_Name")
        shade = re.findall(r"[\d.]+", extra.get(f"Segment{match[1]}_Color", ""))
        color = None
        if len(shade) == 3 and all(float(s) <= 1 for s in shade):
            color = (round(255 * float(shade[0])), round(255 * float(shade[1])), round(255 * float(shade[2])))
        if name:
            found[int(value)] = (name, color)
    return found


def _modality(text: str | None) -> Modality:
    known: dict[str, Modality] = {"CT": "CT", "MR": "MR", "MRI": "MR", "PT": "PET", "PET": "PET", "US": "US"}
    return known.get((text or "").strip().upper(), "unknown")
