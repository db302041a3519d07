"""Names files as programs write them: JSON, CSV and TSV, ITK-SNAP, 3D Slicer's colour tables, MRIcron."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_spatialmed.case.model import CaseError, Modality
from napari_spatialmed.case.names import Color, NameTable, table_of

_LARGEST = 8 << 20
_LABEL_COLUMNS = (
    "label",
    "labelvalue",
    "value",
    "id",
    "index",
    "labelid",
    "intensity",
    "number",
    "#",
    "idx",
    "key",
)
_NAME_COLUMNS = (
    "name",
    "structure",
    "labelname",
    "structurename",
    "region",
    "description",
    "title",
    "roi",
    "text",
    "abbreviation",
)
_COLOR_COLUMNS = (("r", "g", "b"), ("red", "green", "blue"))


def read_names_file(path: Path) -> NameTable:
    """Read names (and colours, where there are some) from a file.

    Raises
    ------
    CaseError
        If it can't be read or holds no names.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise CaseError(
                "a names file of more than 8 MiB can't be right", where=path, hint="Is it the right file?"
            )
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text(encoding="latin-1")
    except OSError as error:
        raise CaseError(f"the file can't be read ({error.strerror or error})", where=path) from error
    if "\x00" in text:
        raise CaseError(
            "this is no text file with names",
            where=path,
            hint="Names come as JSON, CSV, ITK-SNAP or 3D Slicer files.",
        )
    ending = path.suffix.casefold()
    if ending == ".json" or text.lstrip()[:1] in ("{", "["):
        table = _from_json(text, path)
    elif ending in (".csv", ".tsv"):
        table = _from_columns(text, path)
    else:
        table = _from_lines(text, path)
    return replace(table, path=path)


def _from_json(text: str, path: Path) -> NameTable:
    try:
        raw: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise CaseError(
            f"the JSON is broken at line {error.lineno} ({error.msg})", where=path, hint="Correct it there."
        ) from error
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets in brackets in brackets
        raise CaseError(
            "it holds no names", where=path, hint='Write names as {"1": "liver", "2": "spleen"}.'
        ) from None
    modality: Modality = "unknown"
    if isinstance(raw, dict):
        channels = raw.get("modality") or raw.get("channel_names")
        if isinstance(channels, dict):
            modality = (
                "CT"
                if any(str(v).upper() == "CT" for v in channels.values())
                else "MR"
                if "MR" in str(channels).upper()
                else "unknown"
            )
        elif channels in ("CT", "MR", "PET", "US"):
            modality = channels
        raw = next(
            (raw[k] for k in ("labels", "names", "structures") if isinstance(raw.get(k), dict | list)), raw
        )
    colors: dict[int, Color] = {}
    if isinstance(raw, list):
        if all(isinstance(v, str) for v in raw):
            names: dict[Any, Any] = dict(
                enumerate(raw, start=0 if raw and raw[0].casefold() == "background" else 1)
            )
            return table_of(names, path.name, str(path), modality=modality)
        raw = _records({str(n): v for n, v in enumerate(raw)}, colors, path)
    elif isinstance(raw, dict) and any(isinstance(v, dict) for v in raw.values()):
        raw = _records(raw, colors, path)
    if not isinstance(raw, dict):
        raise CaseError("it holds no names", where=path, hint='Write names as {"1": "liver", "2": "spleen"}.')
    # nnU-Net's region labels are lists of labels; the plain labels beside them are what a voxel holds.
    plain = {k: v for k, v in raw.items() if isinstance(v, str | int) and not isinstance(v, bool)}
    return table_of(plain, path.name, str(path), modality=modality, colors=colors)


def _records(raw: dict[str, Any], colors: dict[int, Color], path: Path) -> dict[Any, Any]:
    """``{"1": {"name": "liver", "color": [r, g, b]}}`` or a list of ``{"label": 1, "name": "liver"}``."""
    names: dict[Any, Any] = {}
    for key, record in raw.items():
        if not isinstance(record, dict):
            names[key] = record
            continue
        label = next((record[k] for k in ("label", "id", "value", "index", "labelID") if k in record), key)
        name = next(
            (record[k] for k in ("name", "structure", "title") if isinstance(record.get(k), str)), None
        )
        if name is None or not str(label).strip().isdecimal():
            raise CaseError(
                f"the entry {key[:40]!r} has no label and name",
                where=path,
                hint='Write names as {"1": "liver", "2": "spleen"}.',
            )
        if int(label) in names:
            raise CaseError(f"label {label} occurs twice", where=path, hint="Give each label one name.")
        names[int(label)] = name
        shade = next(
            (
                record[k]
                for k in ("color", "rgb", "recommendedDisplayRGBValue")
                if isinstance(record.get(k), list)
            ),
            None,
        )
        if shade is not None and (color := _color(shade)):
            colors[int(label)] = color
    return names


def _from_columns(text: str, path: Path) -> NameTable:
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max("\t;,", key=first.count)
    try:
        rows = [
            row
            for row in csv.reader(text.splitlines(), delimiter=separator)
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise CaseError(f"it can't be read as a table ({error})", where=path, hint="Correct it.") from None
    if not rows:
        raise CaseError("the file is empty", where=path, hint="It needs the columns label and name.")
    head = [re.sub(r"[\s_-]+", "", cell.casefold()) for cell in rows[0]]
    where_label = next((head.index(c) for c in _LABEL_COLUMNS if c in head), None)
    where_name = next(
        (head.index(c) for c in _NAME_COLUMNS if c in head and head.index(c) != where_label), None
    )
    if where_label is None or where_name is None:
        numbers = [i for i, cell in enumerate(rows[0]) if cell.strip().isdigit()]
        if len(rows[0]) < 2 or not numbers or where_label is not None:
            raise CaseError(
                f"its first line has no columns for label and name: {first[:60]!r}",
                where=path,
                hint="Name two columns label and name.",
            )
        where_label = numbers[0]
        where_name = next(i for i in range(len(rows[0])) if i != where_label)
    else:
        rows = rows[1:]
    shades = next(
        ([head.index(c) for c in three] for three in _COLOR_COLUMNS if all(c in head for c in three)), None
    )
    names: dict[Any, Any] = {}
    colors: dict[int, Color] = {}
    for number, row in enumerate(rows, start=1):
        if len(row) <= max(where_label, where_name) or not re.fullmatch(
            r"\d{1,20}(\.0*)?", row[where_label].strip()
        ):
            raise CaseError(
                f"row {number} has no whole number as label: {separator.join(row)[:60]!r}",
                where=path,
                hint="Correct it there.",
            )
        label = int(row[where_label].partition(".")[0])
        if label in names:
            raise CaseError(f"label {label} occurs twice", where=path, hint="Give each label one name.")
        names[label] = row[where_name]
        if shades and len(row) > max(shades) and (color := _color([row[i] for i in shades])):
            colors[label] = color
    return table_of(names, path.name, str(path), colors=colors)


def _from_lines(text: str, path: Path) -> NameTable:
    """One label a line: ITK-SNAP (``7 R G B A VIS MSH "name"``), Slicer (``7 name R G B A``), MRIcron (``7 name``)."""
    names: dict[Any, Any] = {}
    colors: dict[int, Color] = {}
    shapes = (
        r'(?P<label>\d{1,20})\s+(?P<r>\d+)\s+(?P<g>\d+)\s+(?P<b>\d+)\s+[\d.]+\s+[01]\s+[01]\s+"(?P<name>[^"]*)"',
        r'(?P<label>\d{1,20})\s+"?(?P<name>[^"]+?)"?\s+(?P<r>\d+)\s+(?P<g>\d+)\s+(?P<b>\d+)\s+\d+',
        r"(?P<label>\d{1,20})[\s,;:=]+(?P<name>\S.*?)(?:\s+\d+)?",
    )
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith(("#", "//")):
            continue
        match = next((m for shape in shapes if (m := re.fullmatch(shape, line))), None)
        if match is None:
            raise CaseError(
                f"line {number} holds no label with a name: {line[:60]!r}",
                where=path,
                hint="Is it a names file?",
            )
        label = int(match["label"])
        if label in names:
            raise CaseError(f"label {label} occurs twice", where=path, hint="Give each label one name.")
        names[label] = match["name"]
        if "r" in match.groupdict() and (color := _color([match["r"], match["g"], match["b"]])):
            colors[label] = color
    return table_of(names, path.name, str(path), colors=colors)


def _color(shade: list[Any]) -> Color | None:
    try:
        values = [float(v) for v in shade]
    except (TypeError, ValueError):
        return None
    if len(values) < 3 or not all(0 <= v <= 255 for v in values):
        return None
    if all(v <= 1 for v in values) and any(v not in (0, 1) for v in values):
        values = [255 * v for v in values]
    return round(values[0]), round(values[1]), round(values[2])
