"""Extent along a patient axis as one of four ranges."""

from napari_spatialmed.questions.kinds.amount import IntervalForm, amount_form
from napari_spatialmed.questions.quantities import AXIS_EXTENT

FORM = amount_form(
    IntervalForm,
    id="ext.axis_interval",
    task="EXT",
    quantity=AXIS_EXTENT,
    title="Range of the extent along an axis",
    description="Choose the range that holds a structure's extent along one of the patient's axes.",
    phrasings=(
        "Which range holds the extent of {a} along the {axis} axis?",
        "In which of these ranges does the length of {a} along the {axis} axis lie?",
        "Measured along the {axis} axis, how far does {a} reach from end to end? Choose the range.",
    ),
)
