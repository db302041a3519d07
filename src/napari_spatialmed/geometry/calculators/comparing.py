"""Several structures of a case against each other."""

from __future__ import annotations

import itertools
from typing import Any, Literal

from napari_spatialmed.geometry.calculators.distance import centre_distance_mm, direction, surface_distance_mm
from napari_spatialmed.geometry.calculators.reading import flags_of
from napari_spatialmed.geometry.case_geometry import CaseGeometry
from napari_spatialmed.geometry.measurement import Measurement
from napari_spatialmed.geometry.registry import CALCULATORS, CalculatorArgumentsError, calculator


def _present(geometry: CaseGeometry, names: tuple[str, ...]) -> tuple[str, ...]:
    if names:
        return tuple(geometry.structure(name).name for name in names)
    return tuple(s.name for s in geometry.case.structures if s.label in geometry.survey)


@calculator(
    "ranking", scope="case", unit="", title="Ranking",
    description="Structures in falling order of one of their measures (volume unless told).",
    reference="sorted values of another calculator",
)  # fmt: skip
def ranking(geometry: CaseGeometry, *names: str, by: str = "volume_ml") -> Measurement:
    """Names from the largest to the smallest value; ties in the order of the case.

    Parameters
    ----------
    by
        A calculator of one structure whose value is a number.
    """
    found = CALCULATORS.get(by)
    if found is None or found.scope != "structure":
        raise CalculatorArgumentsError(
            f"can't rank by {by!r}", hint="Rank by a calculator of one structure, e.g. volume_ml."
        )
    measured = [found.function(geometry, name) for name in _present(geometry, names)]
    pairs = []
    for one in measured:
        if isinstance(one.value, bool) or not isinstance(one.value, (int, float)):
            raise CalculatorArgumentsError(
                f"{by} isn't one number", hint="Rank by a calculator such as volume_ml."
            )
        pairs.append((one.structures[0], float(one.value)))
    pairs.sort(key=lambda pair: -pair[1])
    gaps = [a[1] - b[1] for a, b in itertools.pairwise(pairs)]
    uncertainty = max((one.uncertainty or 0.0 for one in measured), default=0.0)
    flags = flags_of(geometry, *(name for name, _ in pairs))
    if any(gap <= 2 * uncertainty for gap in gaps):
        flags = (*flags, "undecidable")
    return Measurement(
        "ranking", [name for name, _ in pairs], "", None, f"by {by}", tuple(name for name, _ in pairs), flags,
        {"by": by, "unit": found.unit, "values": dict(pairs), "uncertainty": uncertainty},
    )  # fmt: skip


def _extreme(
    geometry: CaseGeometry, calculator_name: str, target: str, others: tuple[str, ...], by: str
) -> Measurement:
    to = geometry.structure(target).name
    candidates = [name for name in _present(geometry, others) if name != to]
    if not candidates:
        raise CalculatorArgumentsError(
            f"nothing to compare with {target}", hint="Name at least one other structure."
        )
    method = surface_distance_mm if by == "surface" else centre_distance_mm
    measured = sorted(
        (method(geometry, to, name) for name in candidates),
        key=lambda one: float(one.value) if isinstance(one.value, float) else 0.0,
        reverse=calculator_name == "farthest",
    )
    first = measured[0]
    distances = {one.structures[1]: one.value for one in measured}
    values = [float(v) for v in distances.values() if isinstance(v, float)]
    margin = abs(values[1] - values[0]) if len(values) > 1 else None
    flags = flags_of(geometry, to, first.structures[1])
    if margin is not None and margin <= (first.uncertainty or 0.0):
        flags = (*flags, "undecidable")
    return Measurement(
        calculator_name, first.structures[1], "", None, f"by {by} distance", (to, *candidates), flags,
        {"distances_mm": distances, "distance_mm": first.value, "margin_mm": margin, "points_ras_mm": first.detail["points_ras_mm"], "by": by},
    )  # fmt: skip


@calculator(
    "nearest", scope="case", unit="", title="Nearest",
    description="Which of several structures lies nearest to the first named, by surface distance (or by centres), with all distances.",
    reference="smallest surface distance or centre distance",
)  # fmt: skip
def nearest(
    geometry: CaseGeometry, target: str, *others: str, by: Literal["surface", "centre"] = "surface"
) -> Measurement:
    """The nearest of `others` (all other structures, if none is named) to `target`, and the runners-up."""
    return _extreme(geometry, "nearest", target, others, by)


@calculator(
    "farthest", scope="case", unit="", title="Farthest",
    description="Which of several structures lies farthest from the first named, by surface distance (or by centres), with all distances.",
    reference="smallest surface distance or centre distance",
)  # fmt: skip
def farthest(
    geometry: CaseGeometry, target: str, *others: str, by: Literal["surface", "centre"] = "surface"
) -> Measurement:
    """The farthest of `others` (all other structures, if none is named) from `target`, and the runners-up."""
    return _extreme(geometry, "farthest", target, others, by)


@calculator(
    "all_pairs", scope="case", unit="mm", title="All pairs",
    description="Centre distance, smallest surface distance and direction of every pair of the given structures, or of all in the case.",
    reference="the pair calculators",
)  # fmt: skip
def all_pairs(geometry: CaseGeometry, *names: str) -> Measurement:
    """Distances of every pair, in the case's order; direction says where `a` lies seen from `b`."""
    chosen = _present(geometry, names)
    if len(chosen) > 20:
        geometry.prepare()
    rows: list[dict[str, Any]] = []
    uncertainty = 0.0
    for k, a in enumerate(chosen):
        for b in chosen[k + 1 :]:
            surface = surface_distance_mm(geometry, a, b)
            uncertainty = max(uncertainty, surface.uncertainty or 0.0)
            rows.append({
                "a": a, "b": b, "centre_distance_mm": centre_distance_mm(geometry, a, b).value,
                "surface_distance_mm": surface.value, "touching": surface.detail["touching"],
                "direction": direction(geometry, a, b).value,
            })  # fmt: skip
    return Measurement(
        "all_pairs", rows, "mm", uncertainty, "pair calculators", chosen, flags_of(geometry, *chosen)
    )
