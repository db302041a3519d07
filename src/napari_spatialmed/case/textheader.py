"""NRRD and MetaImage: text headers, with the voxels behind them or in a file beside them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case.header import Header, flat, without_trailing_ones
from napari_spatialmed.case.model import CaseError, Modality
from napari_spatialmed.case.voxelstream import Compression

_LONGEST_HEADER = 1 << 20
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])

# Each space by the signs that bring its first two axes to right and anterior.
_NRRD_SPACES = {
    "right-anterior-superior": (1, 1),
    "ras": (1, 1),
    "left-anterior-superior": (-1, 1),
    "las": (-1, 1),
    "left-posterior-superior": (-1, -1),
    "lps": (-1, -1),
}
_NRRD_TYPES = {
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
_NRRD_CODES = {name: code for code, names in _NRRD_TYPES.items() for name in names.split(", ")}
_META_TYPES = {
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
_META_MODALITIES: dict[str, Modality] = {
    "MET_MOD_CT": "CT",
    "MET_MOD_MR": "MR",
    "MET_MOD_US": "US",
    "MET_MOD_NM": "PET",
    "MET_MOD_PET": "PET",
}


def nrrd_header(path: Path) -> Header:
    """Read the header of an NRRD file (``.nrrd``, ``.nhdr``, 3D Slicer's ``.seg.nrrd``)."""
    lines, end = _header_lines(path, stop_at_blank=True)
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
    code = _NRRD_CODES.get(fields.get("type", "").casefold())
    if code is None:
        raise CaseError(
            f"its voxels are of type {fields.get('type', 'none')!r}",
            where=path,
            hint="Save it as whole numbers or floats.",
        )
    sizes = tuple(_integers(fields.get("sizes", ""), "sizes", path))
    if len(sizes) < 3:
        raise flat(path)
    encoding = fields.get("encoding", "raw").casefold()
    if encoding not in ("raw", "gzip", "gz"):
        raise CaseError(
            f"its voxels are encoded as {encoding!r}", where=path, hint="Save it with raw or gzip encoding."
        )
    if fields.get("blocksize") or any(
        _integers(fields.get(key, "0"), key, path)[0] for key in ("lineskip", "byteskip")
    ):
        raise CaseError(
            "its header skips parts of the data file (line skip, byte skip)",
            where=path,
            hint="Save it again without.",
        )
    data_path, offset = _data_file(path, fields.get("datafile"), end)
    affine, keep = _nrrd_affine(fields, sizes, path)
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


def metaimage_header(path: Path) -> Header:
    """Read the header of a MetaImage file (``.mha``, ``.mhd``)."""
    lines, end = _header_lines(path, stop_at_blank=False)
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
    shape = tuple(_integers(fields["DimSize"], "DimSize", path))
    code = _META_TYPES.get(fields.get("ElementType", ""))
    channels = _integers(fields.get("ElementNumberOfChannels", "1"), "ElementNumberOfChannels", path)[0]
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
    data_path, offset = _data_file(
        path, None if fields["ElementDataFile"] == "LOCAL" else fields["ElementDataFile"], end
    )
    skip = _integers(fields.get("HeaderSize", "0"), "HeaderSize", path)[0]
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
        _meta_affine(fields, dimensions, path),
        modality=_META_MODALITIES.get(fields.get("Modality", ""), "unknown"),
    )


def _header_lines(path: Path, *, stop_at_blank: bool) -> tuple[list[str], int]:
    """The header's lines and the byte at which the voxels start."""
    lines, length = [], 0
    try:
        with path.open("rb") as file:
            while raw := file.readline(_LONGEST_HEADER):
                length += len(raw)
                if length >= _LONGEST_HEADER:
                    raise CaseError(
                        "its header is longer than 1 MiB", where=path, hint="Is its ending right?"
                    )
                line = raw.decode("utf-8", "replace").strip()
                if stop_at_blank and not line:
                    break
                lines.append(line)
                if len(lines) == 1 and "\x00" in line:
                    break
                if not stop_at_blank and line.startswith("ElementDataFile"):
                    break
    except FileNotFoundError as error:
        raise CaseError("no such file", where=path, hint="Check the path and its spelling.") from error
    except OSError as error:
        raise CaseError(f"the file can't be read ({error.strerror or error})", where=path) from error
    if not length:
        raise CaseError("the file is empty", where=path, hint="Copy or save it again.")
    return lines, length


def _data_file(path: Path, name: str | None, end: int) -> tuple[Path, int]:
    """The file with the voxels.  A header may only name a file that lies beside it."""
    if name is None:
        return path, end
    name = name.removeprefix("./")
    if name != Path(name).name or "\\" in name or "%" in name or name.split()[0] == "LIST":
        raise CaseError(
            f"its header points to the data file {name!r}",
            where=path,
            hint="Only one data file in the same folder is read.",
        )
    found = path.with_name(name)
    if not found.is_file():
        raise CaseError(
            f"the voxels are missing: there is no {name} beside this header",
            where=path,
            hint="Copy both files.",
        )
    return found, 0


def _nrrd_affine(
    fields: dict[str, str], sizes: tuple[int, ...], path: Path
) -> tuple[NDArray[np.float64] | None, list[int]]:
    """The affine and the axes that lie in space; None where no patient space is named."""
    space = fields.get("space", "").casefold()
    directions = re.findall(r"\([^)]*\)|none", fields.get("spacedirections", ""))
    if space not in _NRRD_SPACES or not directions:
        if len(sizes) > 3 and any(n != 1 for n in sizes[3:]):
            raise CaseError(
                f"the file holds several volumes ({' × '.join(map(str, sizes))})",
                where=path,
                hint="Save the one you need.",
            )
        return None, list(range(min(3, len(sizes))))
    keep = [axis for axis, text in enumerate(directions) if text != "none"]
    columns = [_reals(directions[axis], "space directions", path) for axis in keep]
    origin = _reals(fields.get("spaceorigin", "(0,0,0)"), "space origin", path)
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
    return np.diag([*_NRRD_SPACES[space], 1.0, 1.0]) @ affine, keep


def _meta_affine(fields: dict[str, str], dimensions: int, path: Path) -> NDArray[np.float64]:
    """MetaImage stores each axis' direction as a row, in LPS."""

    def first(*keys: str) -> str | None:
        return next((fields[k] for k in keys if k in fields), None)

    matrix = np.eye(3)
    given = first("TransformMatrix", "Rotation", "Orientation")
    size = min(dimensions, 3)
    if given is not None:
        numbers = _reals(given, "TransformMatrix", path)
        if len(numbers) != dimensions**2:
            raise CaseError(
                "its TransformMatrix doesn't fit its dimensions", where=path, hint="Save the file again."
            )
        matrix[:size, :size] = np.array(numbers).reshape(dimensions, dimensions)[:size, :size].T
    spacing = _reals(first("ElementSpacing", "ElementSize") or "1 " * dimensions, "ElementSpacing", path)[:3]
    origin = _reals(first("Offset", "Position", "Origin") or "0 " * dimensions, "Offset", path)[:3]
    affine = np.eye(4)
    affine[:3, :3] = matrix * np.array([*spacing, 1.0][:3])
    affine[:3, 3] = [*origin, 0.0][:3]
    return _LPS_TO_RAS @ affine


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


def _reals(text: str, what: str, path: Path) -> list[float]:
    try:
        return [float(t) for t in re.split(r"[\s,]+", text.strip("() ")) if t]
    except ValueError as error:
        raise CaseError(
            f"its {what} {text[:60]!r} can't be read", where=path, hint="Save the file again."
        ) from error


def _integers(text: str, what: str, path: Path) -> list[int]:
    numbers = _reals(text, what, path)
    if not numbers or any(not np.isfinite(n) or n != int(n) for n in numbers):
        raise CaseError(f"its {what} {text[:60]!r} can't be read", where=path, hint="Save the file again.")
    return [int(n) for n in numbers]
