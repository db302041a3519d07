"""Colours for structures: steady between cases, or safe for colour-blind readers."""

from __future__ import annotations

import colorsys
import hashlib
from collections.abc import Iterable
from typing import Literal

from napari_spatialmed.case.model import Side, Structure

Color = tuple[int, int, int]

# Okabe & Ito (2008) and Paul Tol's "muted" scheme (2021), without black and the near doubles.
_SAFE: tuple[Color, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
    (136, 34, 85),
    (17, 119, 51),
    (221, 204, 119),
    (51, 34, 136),
    (68, 170, 153),
)
# TotalSegmentator's table gives liver and spleen nearly the same green; neighbours in the abdomen must stay apart.
_ORGANS: dict[str, Color] = {
    "liver": (190, 92, 70),
    "spleen": (150, 95, 175),
    "pancreas": (245, 175, 95),
    "kidney": (225, 150, 40),
    "kidneys": (225, 150, 40),
    "adrenal_gland": (235, 220, 60),
    "stomach": (220, 120, 165),
    "gallbladder": (60, 165, 90),
    "esophagus": (180, 130, 100),
    "duodenum": (120, 190, 170),
    "small_bowel": (200, 165, 130),
    "colon": (140, 105, 80),
    "urinary_bladder": (235, 225, 140),
    "heart": (165, 30, 70),
    "aorta": (215, 40, 40),
    "inferior_vena_cava": (50, 90, 215),
    "portal_vein_and_splenic_vein": (60, 165, 225),
    "hepatic_vessel": (90, 120, 235),
    "hepatic_veins": (90, 120, 235),
}
_SHADES = (1.0, 0.7, 1.35, 0.5)


def organ_color(concept: str, side: Side | None) -> Color | None:
    """The colour we chose for a main organ or vessel, or None; the left one of a pair is a shade lighter."""
    own = _ORGANS.get(concept)
    return None if own is None else _shaded(own, 1.35) if side == "left" else own


def color_of(concept: str, side: Side | None) -> Color:
    """A colour made from the concept alone, so that it is the same in every case; the left side is a shade lighter."""
    own = organ_color(concept, side)
    if own is not None:
        return own
    digest = hashlib.sha256(concept.encode()).digest()
    hue = int.from_bytes(digest[:4], "big") / 2**32
    saturation = (0.55, 0.75, 0.95)[digest[4] % 3]
    value = (0.70, 0.85)[digest[5] % 2] + (0.12 if side == "left" else 0.0)
    r, g, b = (round(255 * c) for c in colorsys.hsv_to_rgb(hue, saturation, value))
    return r, g, b


def colors(
    structures: Iterable[Structure], palette: Literal["steady", "safe"] = "steady"
) -> dict[str, Color]:
    """A colour for each structure by its name.

    Parameters
    ----------
    structures
        Those shown together.
    palette
        ``steady``: each structure's own colour, the same in every case.  ``safe``: colours that stay apart for readers
        with any common colour blindness, dealt out in the order given; beyond twelve they repeat in other brightness.
    """
    listed = list(structures)
    if palette == "steady":
        return {s.name: s.color for s in listed}
    return {
        s.name: _shaded(_SAFE[n % len(_SAFE)], _SHADES[n // len(_SAFE) % len(_SHADES)])
        for n, s in enumerate(listed)
    }


def _shaded(color: Color, factor: float) -> Color:
    if factor <= 1:
        r, g, b = (round(c * factor) for c in color)
    else:
        r, g, b = (round(255 - (255 - c) / factor) for c in color)
    return r, g, b
