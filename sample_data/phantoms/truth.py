"""What a measurement must find: closed forms where there are any, else fine integration of the forms themselves.

Nothing here reads a label map.  A structure's region is its form minus every form of higher priority, so that the truth
is of what is labelled.  What the scan cuts off has no true size, and is listed as truncated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from phantoms.scene import Part, Scene, fields
from phantoms.shapes import Ellipsoid, Floats, Tube, Window, rotation

NEAR_MM = 4.0
"""How far from their bounds forms are evaluated here: only their insides matter."""
STEPS_MM = (0.25, 0.5, 0.75, 1.0, 1.5)
POINTS = 4_000_000
"""The finest step whose grid over a structure's bounds has no more points than this is taken."""
Pair = tuple[str, str]


def truth(scene: Scene, grid: Window, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Sizes of all whole structures and distances of some pairs, each with its method and tolerance.

    Parameters
    ----------
    grid
        The scan's grid: its spacing sets the tolerances, its border says what is truncated.
    pairs
        Names, taken by surface and centre distance.
    """
    spacing = np.linalg.norm(grid.affine[:3, :3], axis=0)
    voxel_ml = float(abs(np.linalg.det(grid.affine[:3, :3]))) / 1000
    # A voxel's width along R–L, A–P, S–I: what an extent can be off by at each end.
    width = np.abs(grid.affine[:3, :3]).sum(1)
    structures: dict[str, Any] = {}
    surfaces: dict[str, tuple[Floats, float]] = {}
    truncated = []
    wanted = {name for pair in pairs for name in pair}
    for index, part in enumerate(scene.parts):
        if part.name is None:
            continue
        step, window, inside = _region(scene.parts, index)
        points = np.column_stack([c[inside] for c in window.points])
        if part.name in wanted:
            surfaces[part.name] = (_surface(window, inside), step)
        if _leaves(points, grid):
            truncated.append(part.name)
            continue
        entry = _size(points, step)
        entry = _closed_form(scene.parts, index, entry["volume_ml"]) or entry
        volume = entry["volume_ml"]
        # Where the surface runs through a voxel, it falls on either side: at random where it is curved, but together where
        # it is flat and lies along the slices (end plates, the interhemispheric fissure), hence the factor.
        off_ml = (
            0.003 * volume + 1.5 * math.sqrt(_area(inside, step) / (voxel_ml * 1000) ** (2 / 3)) * voxel_ml
        )
        entry["tolerance"] = {
            "volume_ml": _round(off_ml),
            "centroid_mm": _round(0.1 + 0.35 * max(entry["extent_mm"].values()) * off_ml / volume),
            "extent_mm": {
                axis: _round(2.0 * float(w)) for axis, w in zip(("RL", "AP", "SI"), width, strict=True)
            },
        }
        structures[part.name] = entry
    return {
        "about": "True geometry of the phantom, computed from its forms and not from its labels; mm, mL, RAS.",
        "spacing_mm": [_round(s) for s in spacing],
        "structures": structures,
        "truncated": truncated,
        "pairs": [_pair(scene, pair, structures, surfaces, float(np.linalg.norm(width))) for pair in pairs],
    }


def _region(parts: Sequence[Part], index: int) -> tuple[float, Window, NDArray[np.bool_]]:
    """A structure's labelled region on a fine grid."""
    low, high = parts[index].shape.bounds
    low, high = np.maximum(low, -200.0), np.minimum(high, 200.0)
    step = next((s for s in STEPS_MM if np.prod((high - low) / s) <= POINTS), STEPS_MM[-1])
    # Askew, or a flat face that lies along the grid would be off by half a step all over.
    turn = rotation(7.0, 11.0, 5.0)
    n = np.ceil(np.abs(turn.T) @ (high - low) / step).astype(int) + 2
    affine = np.eye(4)
    affine[:3, :3] = turn * step
    affine[:3, 3] = (low + high) / 2 - affine[:3, :3] @ ((n - 1) / 2)
    window = Window(affine, (int(n[0]), int(n[1]), int(n[2])))
    inside = parts[index].shape.field(window, NEAR_MM) < 0
    own = parts[index].name
    later = [p for p in parts[index + 1 :] if p.name not in (None, own)]
    for _, where, distance in fields(later, window, NEAR_MM):
        inside[where] &= distance >= 0
    return step, window, inside


def _leaves(points: Floats, grid: Window) -> bool:
    inverse = np.linalg.inv(grid.affine)
    index = points @ inverse[:3, :3].T + inverse[:3, 3]
    return bool((index < 0.5).any() or (index > np.asarray(grid.shape) - 1.5).any())


def _area(inside: NDArray[np.bool_], step: float) -> float:
    """Surface in mm², roughly: exposed faces times 2/3."""
    faces = sum(int(np.count_nonzero(np.diff(inside, axis=axis))) for axis in range(3))
    return faces * step**2 * 2 / 3


def _surface(window: Window, inside: NDArray[np.bool_]) -> Floats:
    solid = inside.copy()
    for axis in range(3):
        for shift in (-1, 1):
            solid &= np.roll(inside, shift, axis)
    rim = inside & ~solid
    return np.column_stack([c[rim] for c in window.points])


def _size(points: Floats, step: float) -> dict[str, Any]:
    extent = np.ptp(points, axis=0) + step
    return {
        "volume_ml": _round(len(points) * step**3 / 1000),
        "centroid_ras_mm": [_round(c) for c in points.mean(0)],
        "extent_mm": {axis: _round(e) for axis, e in zip(("RL", "AP", "SI"), extent, strict=True)},
        "method": f"integrated at {step} mm",
    }


def _closed_form(parts: Sequence[Part], index: int, integrated_ml: float) -> dict[str, Any] | None:
    """The formula of an ellipsoid, less those nested in it, if it agrees with the integration: nothing else cuts it."""
    shape = parts[index].shape
    if not (isinstance(shape, Ellipsoid) and shape.exponent == 2 and np.isfinite(shape.radii).all()):
        return None
    nested = next(
        (
            p.shape
            for p in parts[index + 1 :]
            if isinstance(p.shape, Ellipsoid) and tuple(p.shape.centre) == tuple(shape.centre)
        ),
        None,
    )
    volume = shape.volume_ml - (nested.volume_ml if nested else 0.0)
    if abs(volume - integrated_ml) > 2e-3 * volume:
        return None
    low, high = shape.bounds
    return {
        "volume_ml": _round(volume),
        "centroid_ras_mm": [_round(float(c)) for c in shape.centre],
        "extent_mm": {axis: _round(e) for axis, e in zip(("RL", "AP", "SI"), high - low, strict=True)},
        "method": "closed form: ellipsoid less the one nested in it" if nested else "closed form: ellipsoid",
    }


def _pair(
    scene: Scene,
    pair: Pair,
    structures: Mapping[str, Any],
    surfaces: Mapping[str, tuple[Floats, float]],
    voxel: float,
) -> dict[str, Any]:
    a, b = pair
    entry: dict[str, Any] = {"a": a, "b": b}
    if a in structures and b in structures:
        ends = [np.asarray(structures[n]["centroid_ras_mm"]) for n in pair]
        entry["centre_distance_mm"] = _round(float(np.linalg.norm(ends[0] - ends[1])))
        entry["centre_tolerance_mm"] = _round(sum(structures[n]["tolerance"]["centroid_mm"] for n in pair))
    gap, method = _closed_gap(scene.structure(a), scene.structure(b))
    if gap is None:
        # Boundary points lie half a step inside each surface.
        (one, step_a), (two, step_b) = surfaces[a], surfaces[b]
        gap = max(float(cKDTree(two).query(one)[0].min()) - (step_a + step_b) / 2, 0.0)
        method = f"nearest of points on both surfaces, {max(step_a, step_b)} mm apart"
    # Two surfaces are measured between voxel centres inside them: up to a voxel's diagonal too long, never much too short.
    entry |= {
        "surface_distance_mm": _round(gap),
        "surface_method": method,
        "surface_tolerance_mm": _round(voxel),
    }
    return entry


def _closed_gap(a: Part, b: Part) -> tuple[float | None, str]:
    """Between two balls, or a ball and a tube, from their formulas."""
    if not _is_ball(a):
        a, b = b, a
    if not (_is_ball(a) and isinstance(a.shape, Ellipsoid)):
        return None, ""
    if isinstance(b.shape, Tube):
        return max(
            b.shape.distance_to(a.shape.centre) - a.shape.radii[0], 0.0
        ), "closed form: sphere and tube"
    if _is_ball(b) and isinstance(b.shape, Ellipsoid):
        apart = float(np.linalg.norm(np.subtract(a.shape.centre, b.shape.centre)))
        return max(apart - a.shape.radii[0] - b.shape.radii[0], 0.0), "closed form: two spheres"
    return None, ""


def _is_ball(part: Part) -> bool:
    return isinstance(part.shape, Ellipsoid) and part.shape.exponent == 2 and len(set(part.shape.radii)) == 1


def _round(value: float) -> float:
    return round(float(value), 3)
