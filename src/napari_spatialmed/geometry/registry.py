"""The calculators by name.  Adding one is one decorated function in one file of `geometry/calculators/`.

The registry feeds the Measure dock, the command line, the answer keys, and the tool descriptions given to language
models, so a calculator says in words what it computes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry.measurement import Measurement

if TYPE_CHECKING:
    from napari_spatialmed.geometry.case_geometry import CaseGeometry

Scope = Literal["structure", "pair", "case"]
"""What a calculator takes: one structure, an ordered pair, or any number of structures of a case."""

CALCULATORS_VERSION = "1"
"""Rises when a calculator's definition changes; every answer key carries it."""


class UnknownCalculatorError(SpatialMedError):
    """A calculator name that isn't registered."""


@dataclass(frozen=True, slots=True)
class Calculator:
    """A registered function from a case's labels to a measurement.

    Attributes
    ----------
    name
        As in commands and answer keys; ends with its unit where the value is a plain number (``volume_ml``).
    scope, unit, title, description
        What it takes and gives; the description is one sentence for people and language models.
    reference
        Where the formula comes from.
    needs_image
        Whether it reads intensities.
    """

    name: str
    scope: Scope
    unit: str
    title: str
    description: str
    reference: str
    function: Callable[..., Measurement]
    needs_image: bool = False


_calculators: dict[str, Calculator] = {}
CALCULATORS: Mapping[str, Calculator] = MappingProxyType(_calculators)


def calculator(
    name: str,
    *,
    scope: Scope,
    unit: str,
    title: str,
    description: str,
    reference: str,
    needs_image: bool = False,
) -> Callable[[Callable[..., Measurement]], Callable[..., Measurement]]:
    """Register ``function(geometry, *structure_names, **parameters) -> Measurement``."""

    def register(function: Callable[..., Measurement]) -> Callable[..., Measurement]:
        if name in _calculators:
            raise ValueError(f"calculator {name!r} is registered twice")
        _calculators[name] = Calculator(name, scope, unit, title, description, reference, function, needs_image)
        return function

    return register


def measure(geometry: CaseGeometry, name: str, *structures: str, **parameters: Any) -> Measurement:
    """Evaluate one calculator on one case.

    Raises
    ------
    UnknownCalculatorError
        If `name` isn't registered.
    UnknownStructureError
        If a structure isn't in the case.
    """
    try:
        found = CALCULATORS[name]
    except KeyError:
        raise UnknownCalculatorError(f"no calculator {name!r}", hint=f"There are: {', '.join(sorted(CALCULATORS))}.") from None
    return found.function(geometry, *structures, **parameters)
