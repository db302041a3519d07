"""The calculators: numbers from labels.

`survey` reads a whole map once; `CaseGeometry` keeps what was computed of a case; `measure` evaluates any registered
calculator.  The results go to questions (answer keys), the Measure dock and the command line.
"""

from napari_spatialmed.geometry import calculators as _fill_the_registry  # noqa: F401
from napari_spatialmed.geometry.case_geometry import CaseGeometry, EmptyStructureError
from napari_spatialmed.geometry.measurement import Measurement, Value
from napari_spatialmed.geometry.registry import (
    CALCULATORS,
    CALCULATORS_VERSION,
    Calculator,
    UnknownCalculatorError,
    calculator,
    measure,
)
from napari_spatialmed.geometry.survey import Survey, survey

__all__ = [
    "CALCULATORS",
    "CALCULATORS_VERSION",
    "Calculator",
    "CaseGeometry",
    "EmptyStructureError",
    "Measurement",
    "Survey",
    "UnknownCalculatorError",
    "Value",
    "calculator",
    "measure",
    "survey",
]
