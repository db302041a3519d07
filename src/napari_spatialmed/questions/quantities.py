"""What can be asked for as a number: which calculator gives it, and what must hold for it to be fair.

A quantity joins a calculator with its unit, the structures it takes and its demands; the kinds (choose a number, an
interval, a threshold, write a number) are the same for all quantities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations
from typing import Literal

from pydantic import JsonValue

from napari_spatialmed.geometry import CaseGeometry, Measurement, measure
from napari_spatialmed.questions.askable import askable, check_host, passes
from napari_spatialmed.questions.form import Candidate, Demands, Takes, UndecidableError, number_of

Reading = tuple[float, float | None, tuple[Measurement, ...]]
"""Value, uncertainty and the measurements behind them."""


LEAST_RATIO = 1.2
"""Of the larger volume to the smaller one: nearer ones are compared in words; ours."""


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A number that a case's labels give.

    Attributes
    ----------
    read
        ``(geometry, structures, params) -> (value, uncertainty, measurements)``.
    whole
        How many of the structures, from the first on, must not be cut by the border (U2).
    lesions
        What several lesions under one name mean (U5), as in `Form`; so `compared_with`.
    ordered
        Whether (a, b) differs from (b, a).
    highest
        Upper bound of the value itself, e.g. 100 %.
    least
        Smaller values are not proposed.
    hosted
        Whether the first structure is a lesion whose organ must be unambiguous (U4).
    likely
        Which structures are worth proposing together; others may still be asked for.
    """

    unit: str
    takes: Takes
    read: Callable[[CaseGeometry, Sequence[str], Mapping[str, JsonValue]], Reading]
    whole: int = 0
    lesions: Literal["total", "nearest", "each", "one"] = "one"
    ordered: bool = False
    highest: float = math.inf
    least: float = 0.0
    choices: Mapping[str, tuple[JsonValue, ...]] = field(default_factory=dict)
    hosted: bool = False
    likely: Callable[[CaseGeometry, Sequence[str]], bool] | None = None
    compared_with: int | None = None

    def demands(self, structures: tuple[str, ...]) -> Demands:
        """What the U rules must see fulfilled."""
        return Demands(
            whole=structures[: self.whole],
            one_piece=structures if self.lesions == "one" else (),
            hosted=structures[:1] if self.hosted else (),
        )

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        """Structures that pass the cheap checks, with each choice of parameters."""
        places = [
            tuple(
                askable(
                    geometry,
                    whole=place < self.whole,
                    one_piece=self.lesions == "one",
                    kinds=self.takes.kinds_of(place),
                )
            )
            for place in range(self.takes.least)
        ]
        for structures in _tuples(places, ordered=self.ordered or len(set(places)) > 1):
            if self.likely is not None and not self.likely(geometry, structures):
                continue
            for params in _all_choices(self.choices):
                yield Candidate(structures, params)


def _tuples(places: Sequence[tuple[str, ...]], *, ordered: bool) -> Iterator[tuple[str, ...]]:
    if len(places) == 1:
        yield from ((name,) for name in places[0])
    elif ordered:
        everything = tuple(dict.fromkeys(name for names in places for name in names))
        for names in permutations(everything, len(places)):
            if all(name in allowed for name, allowed in zip(names, places, strict=True)):
                yield names
    else:
        yield from combinations(places[0], len(places))


def _all_choices(choices: Mapping[str, tuple[JsonValue, ...]]) -> Iterator[dict[str, JsonValue]]:
    if not choices:
        yield {}
        return
    (name, values), *rest = choices.items()
    for value in values:
        for others in _all_choices(dict(rest)):
            yield {name: value, **others}


def calculated(calculator: str) -> Callable[[CaseGeometry, Sequence[str], Mapping[str, JsonValue]], Reading]:
    """A quantity that is one calculator's number."""

    def read(geometry: CaseGeometry, structures: Sequence[str], params: Mapping[str, JsonValue]) -> Reading:
        found = measure(geometry, calculator, *structures)
        return number_of(found), found.uncertainty, (found,)

    return read


def axis_extent(
    geometry: CaseGeometry, structures: Sequence[str], params: Mapping[str, JsonValue]
) -> Reading:
    """Extent along ``params["axis"]``: the box's length along a patient axis (rule G4)."""
    found = measure(geometry, "extent_mm", *structures)
    axis = params["axis"]
    if not isinstance(found.value, dict) or not isinstance(axis, str):
        raise UndecidableError("U6", f"The extent of {structures[0]} could not be measured.")
    doubts = found.detail.get("uncertainty")
    doubt = doubts[axis] if isinstance(doubts, dict) else found.uncertainty
    return float(found.value[axis]), doubt, (found,)


def volume_ratio(
    geometry: CaseGeometry, structures: Sequence[str], params: Mapping[str, JsonValue]
) -> Reading:
    """Volume of the first divided by that of the second; the relative uncertainties add."""
    first, second = (measure(geometry, "volume_ml", name) for name in structures)
    top, bottom = number_of(first), number_of(second)
    if bottom <= 0:
        raise UndecidableError("U3", f"The {structures[1]} is empty.")
    ratio = top / bottom
    doubt = ratio * ((first.uncertainty or 0.0) / max(top, 1e-9) + (second.uncertainty or 0.0) / bottom)
    return ratio, doubt, (first, second)


def burden(geometry: CaseGeometry, structures: Sequence[str], params: Mapping[str, JsonValue]) -> Reading:
    """Share of an organ that a lesion takes, the lesion counted as part of the organ."""
    lesion, organ = structures
    check_in_host(geometry, lesion, organ)
    found = measure(geometry, "lesion_burden_percent", lesion, organ=organ)
    return number_of(found), found.uncertainty, (found, measure(geometry, "host", lesion))


def lesions_in_all(
    geometry: CaseGeometry, structures: Sequence[str], params: Mapping[str, JsonValue]
) -> Reading:
    """Number of separate lesions under one name."""
    found = measure(geometry, "lesion_count", *structures)
    return number_of(found), None, (found,)


def lesions_inside(
    geometry: CaseGeometry, structures: Sequence[str], params: Mapping[str, JsonValue]
) -> Reading:
    """Number of lesions that lie in one organ, each lesion's organ by rule U4."""
    lesion, organ = structures
    found = measure(geometry, "lesion_count", lesion)
    by_host = found.detail["by_host"]
    if by_host.get("undecided"):
        raise UndecidableError(
            "U4",
            f"Of {by_host['undecided']} {geometry.case[lesion].title} it is not clear which organ they lie in.",
        )
    return float(by_host.get(organ, 0)), None, (found,)


def check_in_host(geometry: CaseGeometry, lesion: str, organ: str) -> None:
    """Rule U4: the lesion lies in this organ and in no other."""
    host = check_host(geometry, lesion)
    if host != organ:
        lies, inside, asked = (geometry.case[name].title for name in (lesion, host, organ))
        raise UndecidableError("U4", f"The {lies} lies in the {inside}, not in the {asked}.")


def is_host(geometry: CaseGeometry, structures: Sequence[str]) -> bool:
    """Whether the second structure is the organ that the first, a lesion, lies in."""
    return passes(check_in_host, geometry, *structures)


def holds_lesions(geometry: CaseGeometry, structures: Sequence[str]) -> bool:
    """Whether any of the lesions lies in the organ."""
    lesion, organ = structures
    return organ in measure(geometry, "lesion_count", lesion).detail["by_host"]


def comparable_volumes(geometry: CaseGeometry, structures: Sequence[str]) -> bool:
    """The first is larger, by at most a factor that can still be judged by eye."""
    first, second = (number_of(measure(geometry, "volume_ml", name)) for name in structures)
    return LEAST_RATIO <= first / second <= 10.0


VOLUME = Quantity(
    unit="mL", takes=Takes(1, 1, ("structure",)), read=calculated("volume_ml"), whole=1, lesions="total"
)
CENTRE_DISTANCE = Quantity(
    unit="mm",
    takes=Takes(2, 2, ("structure", "structure")),
    read=calculated("centre_distance_mm"),
    whole=2,
)
SURFACE_DISTANCE = Quantity(
    unit="mm",
    takes=Takes(2, 2, ("structure", "structure")),
    read=calculated("surface_distance_mm"),
    lesions="nearest",
)
AXIS_EXTENT = Quantity(
    unit="mm",
    takes=Takes(1, 1, ("structure",)),
    read=axis_extent,
    whole=1,
    choices={"axis": ("RL", "AP", "SI")},
)
LONGEST_DIAMETER = Quantity(
    unit="mm", takes=Takes(1, 1, ("structure",)), read=calculated("longest_diameter_mm"), whole=1
)
VOLUME_RATIO = Quantity(
    unit="ratio",
    takes=Takes(2, 2, ("structure", "structure")),
    read=volume_ratio,
    whole=2,
    lesions="total",
    ordered=True,
    least=LEAST_RATIO,
    likely=comparable_volumes,
    compared_with=1,
)
LESION_BURDEN = Quantity(
    unit="%",
    takes=Takes(2, 2, ("lesion", "organ"), (("lesion",), ("organ", "region", "tissue", "other"))),
    read=burden,
    whole=2,
    lesions="total",
    ordered=True,
    highest=100.0,
    hosted=True,
    likely=is_host,
)
LESION_COUNT = Quantity(
    unit="count", takes=Takes(1, 1, ("lesion",), (("lesion",),)), read=lesions_in_all, lesions="each"
)
LESIONS_INSIDE = Quantity(
    unit="count",
    takes=Takes(2, 2, ("lesion", "organ"), (("lesion",), ("organ", "region", "tissue", "other"))),
    read=lesions_inside,
    lesions="each",
    ordered=True,
    likely=holds_lesions,
)
