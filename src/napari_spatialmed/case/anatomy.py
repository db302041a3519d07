"""What a structure's name means: its concept without a side, its side, kind, group, colour and code.

Data sets write the same thing in many ways: ``kidney_right``, ``right kidney``, ``Kidney_R``.  All of these have the
concept ``kidney`` and the side ``right``; concepts are spelled as TotalSegmentator spells them.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from napari_spatialmed.case.concepts import ALIASES, NOT_A_SIDE, RULES, TITLES
from napari_spatialmed.case.model import Case, Kind, Side, Structure
from napari_spatialmed.case.palette import color_of, organ_color
from napari_spatialmed.case.parcels import PARCELS

_SIDES: dict[str, Side] = {"left": "left", "right": "right", "lh": "left", "rh": "right"}
_LETTERS: dict[str, Side] = {"l": "left", "r": "right"}


@lru_cache(maxsize=8192)
def describe(
    label: int,
    name: str,
    *,
    concept: str | None = None,
    color: tuple[int, int, int] | None = None,
    system: str = "",
) -> Structure:
    """A structure from its label and name.

    Parameters
    ----------
    label, name
        As in the label map and the names table.
    concept
        Where the name alone doesn't say it.
    color
        RGB that the table brings; otherwise TotalSegmentator's, or one made from the concept, the same in every case.
    system
        Where the table's names are to be understood (``Brain``), if they don't speak for themselves.
    """
    found, side = concept_of(name)
    if concept is not None:
        found = concept
    record = _coded().get(_coded_name(found, side), {})
    kind, group = kind_and_system(found)
    if system and group == "Other":
        kind, group = ("region" if kind == "other" else kind), system
    table = tuple(record["rgb"]) if "rgb" in record else None
    shade = color or organ_color(found, side) or table or color_of(found, side)
    number = _number(name) if kind == "lesion" else ""
    title = title_of(found, side) + number
    return Structure(
        label, name, title, found, side, kind, group, (shade[0], shade[1], shade[2]), record.get("code")
    )


def concept_of(name: str) -> tuple[str, Side | None]:
    """The concept and the side that a name claims.

    >>> concept_of("right kidney")
    ('kidney', 'right')
    >>> concept_of("Kidney_R")
    ('kidney', 'right')
    >>> concept_of("vertebrae L1")
    ('vertebrae_L1', None)
    """
    words = [w for w in re.split(r"[^0-9A-Za-z'+]+", re.sub(r"^ctx[-_]", "", name)) if w]
    whole = "_".join(words).casefold()
    if any(re.search(pattern, whole) for pattern in NOT_A_SIDE):
        return ALIASES.get(whole, whole), None
    side: Side | None = None
    for at, word in enumerate(words):
        claimed = _SIDES.get(word.casefold())
        if claimed is None and len(words) > 1 and at in (0, len(words) - 1):
            claimed = _LETTERS.get(word.casefold())
        if claimed is not None:
            side = claimed
            words = words[:at] + words[at + 1 :]
            break
    base = "_".join(words).casefold() or whole
    base = re.sub(r"tumours?|tumors|cancers?|neoplasm", "tumor", base)
    base = re.sub(r"oedema", "edema", base)
    base = ALIASES.get(base, base)
    if re.search(r"(tumor|lesion|cyst|nodule|metastasis)_\d+$", base):
        base = ALIASES.get(base.rpartition("_")[0], base.rpartition("_")[0])
    vertebra = re.fullmatch(r"(?:vertebrae?_)?([ctls]\d{1,2})(?:_vertebrae?)?", base)
    return (f"vertebrae_{vertebra[1].upper()}" if vertebra else base), side


def kind_and_system(concept: str) -> tuple[Kind, str]:
    """What it is, and the group it is listed under; the first rule that fits."""
    low = concept.casefold()
    return next(
        ((kind, system) for pattern, kind, system in RULES if re.search(pattern, low)), ("other", "Other")
    )


def title_of(concept: str, side: Side | None) -> str:
    """What people read: ``left kidney``, ``L1 vertebra``, ``left 5th rib``."""
    if concept in TITLES or concept in PARCELS:
        text = TITLES.get(concept) or PARCELS[concept]
    elif match := re.fullmatch(r"vertebrae_([CTLS]\d+)", concept):
        text = f"{match[1]} vertebra"
    elif match := re.fullmatch(r"rib_(\d+)", concept):
        n = int(match[1])
        text = f"{n}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(n, 'th') } rib"
    else:
        text = re.sub(r"\b[ctls]\d{1,2}\b", lambda m: m[0].upper(), concept.replace("_", " "))
        text = re.sub(r"\bvertebrae ([CTLS]\d+)\b", r"the \1 vertebra", text)
    if side and concept in PARCELS and " of the " in text:
        return text.replace(" of the ", f" of the {side} ", 1)
    return f"{side} {text}" if side else text


def paired(structure: Structure, case: Case) -> Structure | None:
    """The same structure of the other side, or None if there is no side or the case doesn't hold it."""
    if structure.side is None:
        return None
    other = "right" if structure.side == "left" else "left"
    return next((s for s in case if s.concept == structure.concept and s.side == other), None)


def _number(name: str) -> str:
    """The number at the end of ``liver_tumor_2``, for the title."""
    match = re.search(r"[_ -](\d{1,3})$", name)
    return f" {match[1]}" if match else ""


def _coded_name(concept: str, side: Side | None) -> str:
    """The concept in TotalSegmentator's spelling of the name."""
    if side is None:
        return concept
    rib = re.fullmatch(r"rib_(\d+)", concept)
    return f"rib_{side}_{rib[1]}" if rib else f"{concept}_{side}"


@cache
def _coded() -> dict[str, dict[str, Any]]:
    """TotalSegmentator's colours and SNOMED CT codes by name."""
    text = resources.files("napari_spatialmed.case").joinpath("concepts.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = json.loads(text)["concepts"]
    return found
