"""Names tables: which label is which structure, in the words of those who drew the labels."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from napari_spatialmed.case.anatomy import describe
from napari_spatialmed.case.model import CaseError, Modality, Structure

LONGEST_NAME = 80
_LARGEST_LABEL = 2**64 - 1
Color = tuple[int, int, int]


@dataclass(frozen=True)
class NameTable:
    """Label → name, with where it comes from.

    Attributes
    ----------
    id
        What a case's provenance records, e.g. ``totalsegmentator_total``; for a file, its name.
    names
        Label → name; 0 is background and never in it.
    concepts
        Label → concept, where the name alone doesn't say (``cancer`` in a table of the liver).
    colors
        Label → RGB, where the table brings its own.
    aliases
        Other words that ``--names`` takes.
    system
        Where the names are to be understood, e.g. ``Brain``; empty where they speak for themselves.
    path
        The file it was read from, where it was.
    """

    id: str
    title: str
    names: Mapping[int, str]
    modality: Modality = "unknown"
    aliases: tuple[str, ...] = ()
    source: str = ""
    concepts: Mapping[int, str] = field(default_factory=dict)
    colors: Mapping[int, Color] = field(default_factory=dict)
    system: str = ""
    path: Path | None = None

    def structure(self, label: int) -> Structure | None:
        """The structure of a label, or None if the table doesn't know it."""
        name = self.names.get(label)
        if name is None:
            return None
        return describe(
            label, name, concept=self.concepts.get(label), color=self.colors.get(label), system=self.system
        )

    @property
    def labels(self) -> frozenset[int]:
        """The labels it names."""
        return frozenset(self.names)


NamesSpec = NameTable | str | Path | Mapping[int, str] | Mapping[str, int] | Mapping[str, str]


@cache
def name_tables() -> Mapping[str, NameTable]:
    """All tables that come with the program, by id."""
    folder = resources.files("napari_spatialmed.case").joinpath("tables")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".json")), key=lambda f: f.name)
    tables = (_shipped(json.loads(f.read_text(encoding="utf-8"))) for f in files)
    return MappingProxyType({t.id: t for t in tables})


def _shipped(raw: dict[str, Any]) -> NameTable:
    names = {int(k): str(v) for k, v in raw["labels"].items()}
    if "regions" in raw:  # one number packs a place and a thing: region + 256 × type
        regions, types = (
            {0: "", **{int(k): str(v) for k, v in raw[key].items()}} for key in ("regions", "types")
        )
        for t, what in types.items():
            for r, where in regions.items():
                if what or where:
                    names[r + 256 * t] = f"{what} in {where}" if what and where else what or where
    return NameTable(
        raw["id"],
        raw["title"],
        MappingProxyType(names),
        raw["modality"],
        tuple(raw["aliases"]),
        raw["source"],
        {int(k): str(v) for k, v in raw.get("concepts", {}).items()},
        system=raw.get("system", ""),
    )


def table_words() -> dict[str, NameTable]:
    """Every id and alias, in small letters with hyphens → its table."""
    return {_word(word): table for table in name_tables().values() for word in (*table.aliases, table.id)}


def _word(text: str) -> str:
    return re.sub(r"[\s_-]+", "-", text.strip().casefold())


def load_names(spec: NamesSpec) -> NameTable:
    """A names table from its id or alias, a file, or a mapping.

    Parameters
    ----------
    spec
        ``totalsegmentator``, ``msd-liver``, …; the path of a JSON, CSV, TSV, ITK-SNAP, 3D Slicer or MRIcron file;
        ``{label: name}`` or ``{name: label}``; or a table, which is returned as it is.

    Raises
    ------
    CaseError
        If there is no such table or file, or the file holds no names; it lists near matches.
    """
    if isinstance(spec, NameTable):
        return spec
    if isinstance(spec, Mapping):
        return table_of(dict(spec), "given names", "given to the program")
    found = table_words().get(_word(str(spec)))
    if found is not None:
        return found
    path = Path(spec)
    if path.is_file():
        from napari_spatialmed.case.namefiles import (
            read_names_file,  # reads with table_of, so it comes after this module
        )

        return read_names_file(path)
    words = table_words()
    near = difflib.get_close_matches(_word(str(spec)), words, n=4, cutoff=0.5)
    near += [w for w in sorted(words) if _word(str(spec)) in w and w not in near][: 4 - len(near)]
    if path.suffix or "/" in str(spec):
        raise CaseError(
            "no such names file",
            where=path,
            hint="Check the path and its spelling, or name a table that comes with the program.",
        )
    advice = f"Near: {', '.join(near)}." if near else "`spatialmed doctor --names` lists them."
    raise CaseError(f"no names table is called {str(spec)!r}", hint=advice)


def table_of(
    raw: Mapping[Any, Any],
    key: str,
    source: str,
    *,
    modality: Modality = "unknown",
    colors: Mapping[int, Color] | None = None,
) -> NameTable:
    """A table from ``{label: name}`` or ``{name: label}``, cleaned.

    Raises
    ------
    CaseError
        If an entry is neither, or nothing is left.
    """
    names: dict[int, str] = {}
    for first, second in raw.items():
        label, name = _label(first), second
        if label is None or not isinstance(second, str):
            label, name = _label(second), first
        if label is None or not isinstance(name, str):
            raise CaseError(
                f"the entry {str(first)[:40]!r}: {str(second)[:40]!r} isn't a label with a name", where=source
            )
        if label < 0:
            raise CaseError(
                f"label {label} is negative", where=source, hint="Labels start at 0 for background."
            )
        if label > _LARGEST_LABEL:
            raise CaseError(
                f"label {label} is larger than a voxel can hold", where=source, hint="Correct that number."
            )
        if label in names:
            raise CaseError(
                f"label {label} has two names, {names[label]!r} and {name!r}",
                where=source,
                hint="Give each label one name.",
            )
        cleaned = clean_name(name)
        if label and cleaned:
            names[label] = cleaned
    if not names:
        raise CaseError(
            "it names no label", where=source, hint='Write names as {"1": "liver", "2": "spleen"}.'
        )
    return NameTable(
        key, key, MappingProxyType(_told_apart(names)), modality, source=source, colors=dict(colors or {})
    )


def clean_name(name: str) -> str:
    """A name without line breaks and control characters, and not longer than 80."""
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in name)).strip()[:LONGEST_NAME]


def _told_apart(names: dict[int, str]) -> dict[int, str]:
    """The same name for two labels gets the label behind it."""
    seen = list(names.values())
    return {k: f"{v}_{k}" if seen.count(v) > 1 else v for k, v in sorted(names.items())}


def _label(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,20}\s*", value) else None
