"""The calculators by name.  Adding one is one decorated function in one file of `geometry/calculators/`.

The registry feeds the Measure dock, the command line, the answer keys, and the tool descriptions given to language
models, so a calculator says in words what it computes.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry.measurement import Measurement
from napari_spatialmed.geometry.store import key_of

if TYPE_CHECKING:
    from napari_spatialmed.geometry.case_geometry import CaseGeometry

Scope = Literal["structure", "pair", "case"]
"""What a calculator takes: one structure, an ordered pair, or any number of structures of a case."""

CALCULATORS_VERSION = "1"
"""Rises when a calculator's definition changes; every answer key carries it."""


class UnknownCalculatorError(SpatialMedError):
    """A calculator name that isn't registered."""


class CalculatorArgumentsError(SpatialMedError):
    """Structures or parameters that a calculator doesn't take."""


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
    ordered
        Of a pair: whether the value depends on which structure comes first.
    """

    name: str
    scope: Scope
    unit: str
    title: str
    description: str
    reference: str
    function: Callable[..., Measurement]
    needs_image: bool = False
    ordered: bool = False

    @property
    def signature(self) -> inspect.Signature:
        """What the function takes: the geometry, structures' names, then keyword parameters."""
        return _signature_of(self.function)

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The keyword parameters by name, with their defaults."""
        return {
            n: p for n, p in self.signature.parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY
        }

    @property
    def takes(self) -> str:
        """Its arguments in words."""
        scope = {"structure": "one structure", "pair": "two structures", "case": "structures of the case"}[
            self.scope
        ]
        extra = ", ".join(f"{n}={p.default!r}" for n, p in self.parameters.items())
        return f"{scope} and the parameters {extra}" if extra else scope


@functools.cache
def _signature_of(function: Callable[..., Measurement]) -> inspect.Signature:
    # Looked at in every measurement, and slower than most of what is measured.
    return inspect.signature(function)


@functools.cache
def _choices_of(function: Callable[..., Measurement]) -> Mapping[str, tuple[Any, ...]]:
    hints = get_type_hints(function)
    return {name: get_args(hint) for name, hint in hints.items() if get_origin(hint) is Literal}


@functools.cache
def _named(function: Callable[..., Measurement]) -> frozenset[str]:
    """The parameters that take a structure's name; whether there is such a structure the function says."""
    return frozenset(name for name, hint in get_type_hints(function).items() if str in get_args(hint))


def _fits(function: Callable[..., Measurement], parameter: str, value: Any) -> bool:
    """Whether a value is one of those that a parameter names, or, for a length or count, a number from 0 on."""
    choices = _choices_of(function).get(parameter)
    if choices is not None:
        return value in choices
    default = _signature_of(function).parameters[parameter].default
    if value is default or isinstance(default, str) or parameter in _named(function):
        return True
    number = isinstance(value, Real) and not isinstance(value, bool)
    return number and math.isfinite(value) and value >= 0


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
    ordered: bool = False,
) -> Callable[[Callable[..., Measurement]], Callable[..., Measurement]]:
    """Register ``function(geometry, *structure_names, **parameters) -> Measurement``."""

    def register(function: Callable[..., Measurement]) -> Callable[..., Measurement]:
        if name in _calculators:
            raise ValueError(f"calculator {name!r} is registered twice")
        _calculators[name] = Calculator(
            name, scope, unit, title, description, reference, function, needs_image, ordered
        )
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
    CalculatorArgumentsError
        If it doesn't take that many structures, or not these parameters.
    """
    try:
        found = CALCULATORS[name]
    except KeyError:
        raise UnknownCalculatorError(
            f"no calculator {name!r}", hint=f"There are: {', '.join(sorted(CALCULATORS))}."
        ) from None
    try:
        found.signature.bind(geometry, *structures, **parameters)
    except TypeError as problem:
        raise CalculatorArgumentsError(
            f"{name} can't be called so: {problem}", hint=f"It takes {found.takes}."
        ) from None
    for parameter, value in parameters.items():
        if not _fits(found.function, parameter, value):
            raise CalculatorArgumentsError(
                f"{name} can't be called so: {parameter}={value!r}", hint=f"It takes {found.takes}."
            )
    return geometry.measured(
        key_of(name, structures, parameters), lambda: found.function(geometry, *structures, **parameters)
    )
