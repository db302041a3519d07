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
_SHADES = (1.0, 0.7, 1.35, 0.5)


def color_of(concept: str, side: Side | None) -> Color:
    """A colour made from the concept alone, so that it is the same in every case; the left side is a shade lighter."""
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
