"""What a structure's name means: its concept without a side, its side, kind, group and colour."""

from __future__ import annotations

import colorsys
import hashlib
import re

from napari_spatialmed.case.model import Case, Kind, Side, Structure


def split_side(name: str) -> tuple[str, Side | None]:
    words = re.sub(r"[^0-9A-Za-z+]+", "_", name).strip("_").split("_")
    side: Side | None = None
    kept = []
    for i, word in enumerate(words):
        low = word.casefold()
        if side is None and (
            low in ("left", "right") or (low in ("l", "r") and i == len(words) - 1 and len(words) > 1)
        ):
            side = "left" if low[0] == "l" else "right"
        else:
            kept.append(word)
    return "_".join(kept), side


def describe(
    label: int,
    name: str,
    *,
    rgb: tuple[int, int, int] | None = None,
    code: str | None = None,
    concept: str | None = None,
) -> Structure:
    base, side = split_side(name)
    if concept and ":" in concept:
        base, given = concept.split(":")
        side = "left" if given == "left" else "right"
    elif concept:
        base = concept
    else:
        base = ALIASES.get(base.casefold(), base)
    hue = int(hashlib.sha256(base.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
    color = rgb or tuple(round(255 * c) for c in colorsys.hsv_to_rgb(hue, 0.6, 0.9))
    title = " ".join(filter(None, [side, base.replace("_", " ")]))
    return Structure(
        label=label,
        name=name,
        title=title,
        concept=base,
        side=side,
        kind=kind_of(base),
        system="Other",
        color=color,
        code=code,
    )  # type: ignore[arg-type]


ALIASES = {"postcava": "inferior_vena_cava", "gall_bladder": "gallbladder", "bladder": "urinary_bladder"}


def kind_of(concept: str) -> Kind:
    low = concept.casefold()
    if any(w in low for w in ("tumor", "tumour", "cancer", "lesion", "cyst", "edema", "necro")):
        return "lesion"
    if any(w in low for w in ("artery", "vein", "aorta", "vena", "trunk", "vessel")):
        return "vessel"
    if any(
        w in low
        for w in (
            "vertebra",
            "rib",
            "sacrum",
            "hip",
            "femur",
            "humerus",
            "scapula",
            "clavicula",
            "sternum",
            "skull",
        )
    ):
        return "bone"
    if any(w in low for w in ("gluteus", "autochthon", "iliopsoas", "muscle")):
        return "muscle"
    return "organ"


def paired(structure: Structure, case: Case) -> Structure | None:
    """The same structure of the other side, if the case holds it."""
    if structure.side is None:
        return None
    other: Side = "right" if structure.side == "left" else "left"
    return next((s for s in case if s.concept == structure.concept and s.side == other), None)
