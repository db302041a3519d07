"""Longest diameter in space as one of four ranges."""

from napari_spatialmed.questions.kinds.amount import IntervalForm, amount_form
from napari_spatialmed.questions.quantities import LONGEST_DIAMETER

FORM = amount_form(
    IntervalForm,
    id="ext.diameter_interval",
    task="EXT",
    quantity=LONGEST_DIAMETER,
    title="Range of the longest diameter",
    description="Choose the range that holds a structure's longest diameter in space.",
    phrasings=(
        "Which range holds the longest diameter of {a}, in any direction?",
        "In which of these ranges does the distance between the two most distant points of {a} lie?",
        "Measured in three dimensions, how long is the greatest diameter of {a}? Choose the range.",
    ),
)
