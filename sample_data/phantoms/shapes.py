"""Forms as signed distances in mm, negative inside, evaluated only near where they are.

Coordinates are the patient's (R, A, S) in mm: x grows to the patient's right, y to anterior, z to superior.  Every form
has `bounds` and a `field` over a window of a regular, possibly oblique, grid.  Farther than `band` from a form's bounds
its field is simply `band`, so a small organ in a large scan costs what the organ costs.  The distance of ellipsoids is
the first-order one of I. Quilez, "Ellipsoid SDF" (exact on the surface); that of tubes is exact up to the taper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator

Floats = NDArray[np.float64]
Point = Sequence[float] | NDArray[np.float64]
Bounds = tuple[Floats, Floats]


@dataclass(frozen=True, eq=False)
class Window:
    """A box of a grid: `affine` maps its own indices to mm.

    Attributes
    ----------
    bend
        What is added to each voxel's coordinates, so that straight forms come out bent; None for nothing.
    slack
        The longest such addition in mm.
    """

    affine: Floats
    shape: tuple[int, int, int]
    bend: tuple[Floats, Floats, Floats] | None = None
    slack: float = 0.0

    @cached_property
    def points(self) -> tuple[Floats, Floats, Floats]:
        """The voxel centres' coordinates, each an array of `shape`."""
        i, j, k = np.ogrid[: self.shape[0], : self.shape[1], : self.shape[2]]
        x, y, z = (row[0] * i + row[1] * j + row[2] * k + row[3] for row in self.affine[:3])
        if self.bend is None:
            return x, y, z
        return x + self.bend[0], y + self.bend[1], z + self.bend[2]

    def near(self, bounds: Bounds, band: float) -> tuple[tuple[slice, slice, slice], Window]:
        """The part of this window that can lie within `band` of a box in mm; may be empty."""
        low, high = bounds
        band += self.slack
        inverse = np.linalg.inv(self.affine)
        start, stop = np.zeros(3, int), np.array(self.shape)
        finite_low, finite_high = np.maximum(low - band, -1e4), np.minimum(high + band, 1e4)
        centre, half = (finite_low + finite_high) / 2, (finite_high - finite_low) / 2
        middle, reach = inverse[:3, :3] @ centre + inverse[:3, 3], np.abs(inverse[:3, :3]) @ half
        start = np.clip(np.floor(middle - reach).astype(int), 0, stop)
        stop = np.clip(np.ceil(middle + reach).astype(int) + 1, start, stop)
        affine = self.affine.copy()
        affine[:3, 3] += self.affine[:3, :3] @ start
        a, b, c = (slice(int(s), int(e)) for s, e in zip(start, stop, strict=True))
        n = stop - start
        bend = None if self.bend is None else tuple(part[a, b, c] for part in self.bend)
        return (a, b, c), Window(affine, (int(n[0]), int(n[1]), int(n[2])), bend, self.slack)


class Shape(Protocol):
    """What every form offers."""

    @property
    def bounds(self) -> Bounds: ...
    def field(self, window: Window, band: float) -> Floats: ...


class _Primitive:
    """A form with one formula: evaluated near its bounds, `band` elsewhere."""

    @property
    def bounds(self) -> Bounds:
        raise NotImplementedError

    def distance(self, x: Floats, y: Floats, z: Floats) -> Floats:
        raise NotImplementedError

    def field(self, window: Window, band: float) -> Floats:
        out = np.full(window.shape, band, np.float64)
        where, part = window.near(self.bounds, band)
        if out[where].size:
            out[where] = np.minimum(self.distance(*part.points), band)
        return out


def rotation(roll: float = 0.0, pitch: float = 0.0, yaw: float = 0.0) -> Floats:
    """Turn by degrees about the A–P, the R–L and then the S–I axis; columns are the turned axes."""
    (cr, cp, cy), (sr, sp, sy) = (f(np.radians([roll, pitch, yaw])) for f in (np.cos, np.sin))
    about_y = np.array([[cr, 0, sr], [0, 1, 0], [-sr, 0, cr]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y)


@dataclass(frozen=True)
class Ellipsoid(_Primitive):
    """Ellipsoid, or superellipsoid with an `exponent` 4; an infinite radius makes a column."""

    centre: Point
    radii: Point
    turn: Floats = field(default_factory=lambda: np.eye(3))
    exponent: Literal[2, 4] = 2

    @property
    def bounds(self) -> Bounds:
        radii = np.minimum(np.asarray(self.radii, float), 1e4)
        half = np.abs(self.turn) @ radii if self.exponent > 2 else np.sqrt(self.turn**2 @ radii**2)
        return np.asarray(self.centre) - half, np.asarray(self.centre) + half

    @property
    def volume_ml(self) -> float:
        """4/3 π abc; only for a true ellipsoid."""
        return float(4 / 3 * np.pi * np.prod(self.radii) / 1000)

    def distance(self, x: Floats, y: Floats, z: Floats) -> Floats:
        d = (x - self.centre[0], y - self.centre[1], z - self.centre[2])
        value: Floats | float = 0.0
        slope: Floats | float = 0.0
        for axis in range(3):
            inverse = 1.0 / self.radii[axis]
            if inverse == 0.0:
                continue
            along = [
                (self.turn[row, axis] * inverse, d[row]) for row in range(3) if self.turn[row, axis] != 0.0
            ]
            q = sum(factor * part for factor, part in along)
            square = q * q
            if self.exponent == 4:
                q, square = q * square, square * square
            value = value + square
            slope = slope + (q * inverse) ** 2
        k = np.maximum(value, 1e-12) ** (1.0 / self.exponent)
        return np.asarray((k - 1.0) * k ** (self.exponent - 1) / np.sqrt(np.maximum(slope, 1e-24)))


def sphere(centre: Point, radius: float) -> Ellipsoid:
    return Ellipsoid(centre, (radius, radius, radius))


@dataclass(frozen=True)
class HalfSpace(_Primitive):
    """All that lies behind a plane whose `normal` points out of it."""

    point: Point
    normal: Point

    @property
    def bounds(self) -> Bounds:
        low, high = np.full(3, -1e4), np.full(3, 1e4)
        slanted = np.flatnonzero(self.normal)
        if len(slanted) == 1:
            axis = slanted[0]
            (high if self.normal[axis] > 0 else low)[axis] = self.point[axis]
        return low, high

    def distance(self, x: Floats, y: Floats, z: Floats) -> Floats:
        n = np.asarray(self.normal, float) / np.linalg.norm(self.normal)
        p = self.point
        return np.asarray((x - p[0]) * n[0] + (y - p[1]) * n[1] + (z - p[2]) * n[2])


class Tube:
    """A bent, tapering tube: round cones along a spline through control points.

    Parameters
    ----------
    points
        (n, 3) mm; `radii` one for all or one each; `step` the segments' length; `waist` (amplitude, wavelength in mm)
        makes the radius swell and narrow along the tube, as haustra do.
    """

    def __init__(
        self,
        points: Sequence[Point],
        radii: float | Sequence[float],
        *,
        step: float = 4.0,
        waist: tuple[float, float] | None = None,
    ) -> None:
        knots = np.asarray(points, float)
        sizes = np.broadcast_to(np.asarray(radii, float), len(knots))
        way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
        at = np.linspace(0.0, way[-1], max(2, int(np.ceil(way[-1] / step)) + 1))
        straight = len(knots) == 2
        self.line: Floats = (
            np.column_stack([np.interp(at, way, c) for c in knots.T])
            if straight
            else CubicSpline(way, knots)(at)
        )
        self.radii: Floats = np.interp(at, way, sizes) if straight else PchipInterpolator(way, sizes)(at)
        if waist is not None:
            self.radii = self.radii + waist[0] * np.cos(2 * np.pi * at / waist[1])

    @property
    def bounds(self) -> Bounds:
        return (self.line - self.radii[:, None]).min(0), (self.line + self.radii[:, None]).max(0)

    def field(self, window: Window, band: float) -> Floats:
        out = np.full(window.shape, band, np.float64)
        for a, b, ra, rb in zip(self.line[:-1], self.line[1:], self.radii[:-1], self.radii[1:], strict=True):
            reach = max(ra, rb)
            where, part = window.near((np.minimum(a, b) - reach, np.maximum(a, b) + reach), band)
            if out[where].size:
                np.minimum(out[where], _round_cone(part.points, a, b, ra, rb), out=out[where])
        return out

    def distance_to(self, point: Point) -> float:
        """From a point in mm to the tube's surface, negative inside."""
        p = tuple(np.full((1,), c) for c in np.asarray(point, float))
        pieces = zip(self.line[:-1], self.line[1:], self.radii[:-1], self.radii[1:], strict=True)
        return min(float(_round_cone((p[0], p[1], p[2]), a, b, ra, rb)[0]) for a, b, ra, rb in pieces)


def _round_cone(points: tuple[Floats, Floats, Floats], a: Floats, b: Floats, ra: float, rb: float) -> Floats:
    u = b - a
    d = [p - c for p, c in zip(points, a, strict=True)]
    t = np.clip((d[0] * u[0] + d[1] * u[1] + d[2] * u[2]) / (u @ u), 0.0, 1.0)
    gap = np.sqrt((d[0] - t * u[0]) ** 2 + (d[1] - t * u[1]) ** 2 + (d[2] - t * u[2]) ** 2)
    return np.asarray(gap - (ra + t * (rb - ra)))
