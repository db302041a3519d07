"""Forms made of other forms: joined, cut, grown, lobulated, folded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phantoms.shapes import Bounds, Floats, Shape, Window


@dataclass(frozen=True)
class Union:
    """All forms together; `blend` mm rounds the valleys between them (polynomial smooth minimum)."""

    shapes: Sequence[Shape]
    blend: float = 0.0

    @property
    def bounds(self) -> Bounds:
        each = [s.bounds for s in self.shapes]
        swell = self.blend / 4
        return np.min([b[0] for b in each], axis=0) - swell, np.max([b[1] for b in each], axis=0) + swell

    def field(self, window: Window, band: float) -> Floats:
        k = self.blend
        far = band + k
        out = self.shapes[0].field(window, far)
        for shape in self.shapes[1:]:
            other = shape.field(window, far)
            # Beyond `far` nothing is known but that it is far: it must not swell what is near.
            known = (out < far) & (other < far)
            smooth = 0.0 if k == 0 else known * np.maximum(k - np.abs(out - other), 0.0) ** 2 / (4 * k)
            out = np.minimum(out, other) - smooth
        return np.minimum(out, band)


@dataclass(frozen=True)
class Cut:
    """A form kept within all of `within` and outside all of `without`, edges rounded over `blend` mm."""

    shape: Shape
    within: Sequence[Shape] = ()
    without: Sequence[Shape] = ()
    blend: float = 0.0

    @property
    def bounds(self) -> Bounds:
        each = [self.shape.bounds, *(s.bounds for s in self.within)]
        return np.max([b[0] for b in each], axis=0), np.min([b[1] for b in each], axis=0)

    def field(self, window: Window, band: float) -> Floats:
        k = self.blend
        out = np.full(window.shape, band, np.float64)
        where, part = window.near(self.bounds, band)
        if not out[where].size:
            return out
        inner = self.shape.field(part, band + k)
        others = [s.field(part, band + k) for s in self.within] + [
            -s.field(part, band + k) for s in self.without
        ]
        for other in others:
            known = other > -(band + k)
            smooth = 0.0 if k == 0 else known * np.maximum(k - np.abs(inner - other), 0.0) ** 2 / (4 * k)
            inner = np.maximum(inner, other) + smooth
        out[where] = np.minimum(inner, band)
        return out


@dataclass(frozen=True)
class Shell:
    """A form grown by `grow` mm (shrunk if negative)."""

    shape: Shape
    grow: float

    @property
    def bounds(self) -> Bounds:
        low, high = self.shape.bounds
        return low - self.grow, high + self.grow

    def field(self, window: Window, band: float) -> Floats:
        return np.minimum(self.shape.field(window, band + max(self.grow, 0.0)) - self.grow, band)


@dataclass(frozen=True)
class Wavy:
    """A form whose surface undulates by `amplitude` mm with a `wavelength` in mm: lobulation."""

    shape: Shape
    amplitude: float
    wavelength: float
    phase: float = 0.0

    @property
    def bounds(self) -> Bounds:
        low, high = self.shape.bounds
        return low - self.amplitude, high + self.amplitude

    def field(self, window: Window, band: float) -> Floats:
        near = self.shape.field(window, band + self.amplitude)
        return np.minimum(near + self.amplitude / 1.8 * _wave(window, self.wavelength, self.phase), band)


@dataclass(frozen=True)
class Folded:
    """A form with winding grooves `depth` mm deep, wide where `width` (0–1) is large: sulci between gyri."""

    shape: Shape
    depth: float
    width: float
    wavelength: float

    @property
    def bounds(self) -> Bounds:
        return self.shape.bounds

    def field(self, window: Window, band: float) -> Floats:
        near = self.shape.field(window, band)
        groove = 1.0 - (_wave(window, self.wavelength, 0.3) / self.width) ** 2
        return np.minimum(near + self.depth * np.maximum(groove, 0.0), band)


def _wave(window: Window, wavelength: float, phase: float) -> Floats:
    """A winding pattern between about −1.8 and 1.8."""
    x, y, z = window.points
    w = 2 * np.pi / wavelength
    bend = 2.0 * np.sin(0.53 * w * (y + 0.4 * z) + phase)
    first = np.sin(w * (x + 0.3 * z) + bend + phase) * np.sin(w * (y - 0.2 * x) + 1.3 * phase)
    return np.asarray(first + 0.8 * np.sin(w * (z + 0.35 * y) + bend))
