"""What a measurement looks like in the scene: lines, arrows, points and words, in patient RAS mm.

Pure data: :mod:`drawing_layers` puts it into the viewer.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.geometry import CaseGeometry, Measurement, measure
from napari_spatialmed.geometry.pairs import faces_between
from napari_spatialmed.viewer.space import ras_text
from napari_spatialmed.viewer.values import value_text

Point = tuple[float, float, float]
MOST_OF_PATCH = 2000
"""Places drawn of one patch; of a larger one, every second or third."""


@dataclass(frozen=True)
class Drawing:
    """What is drawn for one measurement.

    Attributes
    ----------
    key
        Which measurement it belongs to; one drawing per key.
    lines, arrows
        Pairs of points; an arrow points to its second.
    points
        Marked places.
    patch
        Places on a surface: on a slice only those that lie in it are seen.
    words
        Texts and where they stand.
    structures
        Names it concerns.
    """

    key: str
    lines: tuple[tuple[Point, Point], ...] = ()
    arrows: tuple[tuple[Point, Point], ...] = ()
    points: tuple[Point, ...] = ()
    patch: tuple[Point, ...] = ()
    words: tuple[tuple[Point, str], ...] = ()
    structures: tuple[str, ...] = ()

    def all_points(self) -> NDArray[np.float64]:
        """Every place it touches, shape (N, 3)."""
        ends = [p for pair in (*self.lines, *self.arrows) for p in pair]
        marks = [*ends, *self.points, *self.patch, *(p for p, _ in self.words)]
        return np.asarray(marks, np.float64).reshape(-1, 3)


def drawing_key(measurement: Measurement) -> str:
    """One key per calculator and structures."""
    return f"{measurement.calculator}({','.join(measurement.structures)})"


def drawing_of(measurement: Measurement, geometry: CaseGeometry) -> Drawing | None:
    """How to draw a measurement, or None where there is nothing to see (a volume, a count), or not on this label map."""
    if any(name not in geometry.case for name in measurement.structures):
        return None
    text = value_text(measurement)
    parts = _DRAWN.get(measurement.calculator, _from_points)(measurement, geometry, text)
    return (
        None
        if parts is None
        else Drawing(drawing_key(measurement), structures=measurement.structures, **parts)
    )


def _point(value: Any) -> Point:
    r, a, s = (float(v) for v in value)
    return r, a, s


def _middle(a: Point, b: Point) -> Point:
    return _point((np.asarray(a) + np.asarray(b)) / 2)


def _line(a: Point, b: Point, text: str) -> dict[str, Any]:
    return {"lines": ((a, b),), "points": (a, b), "words": ((_middle(a, b), text),)}


def _centroid(geometry: CaseGeometry, name: str) -> Point:
    return _point(measure(geometry, "centroid_ras_mm", name).value)


def _from_points(measurement: Measurement, geometry: CaseGeometry, text: str) -> dict[str, Any] | None:
    """Any measurement whose detail names end points: one line for each pair."""
    pairs = [ends for ends in _point_lists(measurement.detail) if len(ends) == 2]
    if not pairs:
        return None
    lines = tuple((_point(a), _point(b)) for a, b in pairs)
    # A line within one structure needs its name; one between two ends at both.
    named = text if len(measurement.structures) != 1 else f"{_title(measurement, geometry)}: {text}"
    return {
        "lines": lines,
        "points": tuple(p for pair in lines for p in pair),
        "words": ((_middle(*lines[0]), named),),
    }


def _point_lists(detail: Mapping[str, Any]) -> list[list[Any]]:
    return [v for k, v in detail.items() if k.endswith("points_ras_mm") and isinstance(v, list) and v]


def _centre_distance(measurement: Measurement, geometry: CaseGeometry, text: str) -> dict[str, Any]:
    a, b = (_centroid(geometry, name) for name in measurement.structures)
    return _line(a, b, text)


def _direction(measurement: Measurement, geometry: CaseGeometry, text: str) -> dict[str, Any]:
    first, second = (_centroid(geometry, name) for name in measurement.structures)
    # Where the first lies seen from the second: the arrow leaves the second.
    return {"arrows": ((second, first),), "points": (second,), "words": ((first, text),)}


def _centroid_mark(measurement: Measurement, geometry: CaseGeometry, text: str) -> dict[str, Any]:
    place = _point(measurement.value)
    return {"points": (place,), "words": ((place, f"{_title(measurement, geometry)}: {ras_text(place, 0)}"),)}


def _title(measurement: Measurement, geometry: CaseGeometry) -> str:
    return geometry.case[measurement.structures[0]].title


def _corners(low: NDArray[np.float64], high: NDArray[np.float64]) -> list[Point]:
    return [_point(np.where(np.array(pick), high, low)) for pick in itertools.product((0, 1), repeat=3)]


def _box_edges(low: NDArray[np.float64], high: NDArray[np.float64]) -> tuple[tuple[Point, Point], ...]:
    corners = _corners(low, high)
    return tuple((corners[i], corners[i | bit]) for i in range(8) for bit in (1, 2, 4) if not i & bit)


def _box(measurement: Measurement, geometry: CaseGeometry, text: str) -> dict[str, Any] | None:
    found = measurement
    if measurement.calculator == "extent_mm":
        found = measure(geometry, "box_mm", *measurement.structures)
    if not isinstance(found.value, dict):
        return None
    low, high = np.asarray(found.value["min"], float), np.asarray(found.value["max"], float)
    return {
        "lines": _box_edges(low, high),
        "words": (
            (
                _point([(low[0] + high[0]) / 2, high[1], high[2]]),
                f"{_title(measurement, geometry)}: {value_text(measurement)}",
            ),
        ),
    }


def _principal_axes(measurement: Measurement, geometry: CaseGeometry, text: str) -> dict[str, Any]:
    ends = [axis["points_ras_mm"] for axis in measurement.detail["axes"]]
    lengths = [f"{axis['length_mm']:.0f} mm" for axis in measurement.detail["axes"]]
    lines = tuple((_point(a), _point(b)) for a, b in ends)
    return {
        "lines": lines,
        "words": tuple((b, length) for (_, b), length in zip(lines, lengths, strict=True)),
    }


def _contact(measurement: Measurement, geometry: CaseGeometry, text: str) -> dict[str, Any] | None:
    """The patch where the two meet, by the middles of the faces they share."""
    if "centre_ras_mm" not in measurement.detail:
        return None
    _, places = faces_between(geometry, *measurement.structures)
    beside, beyond = np.split(geometry.to_ras(places), 2)
    middles = (beside + beyond) / 2.0
    step = -(-len(middles) // MOST_OF_PATCH)
    return {
        "patch": tuple(_point(p) for p in middles[::step]),
        # Beside the patch, not on it.
        "words": ((_point([middles[:, 0].mean(), middles[:, 1].max() + 5.0, middles[:, 2].max()]), text),),
    }


def _pieces(measurement: Measurement, geometry: CaseGeometry, text: str) -> dict[str, Any]:
    """Every piece that isn't a speck, by its volume."""
    pieces = [p for p in measurement.detail["pieces"] if not p.get("speck")]
    places = tuple(_point(p["centroid_ras_mm"]) for p in pieces)
    volumes = [f"{p['volume_ml']:.3g} mL" for p in pieces]
    title = _title(measurement, geometry)
    return {
        "points": places,
        "words": tuple((place, f"{title}: {volume}") for place, volume in zip(places, volumes, strict=True)),
    }


_DRAWN: dict[str, Callable[[Measurement, CaseGeometry, str], dict[str, Any] | None]] = {
    "centre_distance_mm": _centre_distance,
    "direction": _direction,
    "centroid_ras_mm": _centroid_mark,
    "box_mm": _box,
    "extent_mm": _box,
    "principal_axes": _principal_axes,
    "contact_area_mm2": _contact,
    "components": _pieces,
}
