"""Longest diameter in space as one of four values."""

from napari_spatialmed.questions.kinds.amount import ValueForm, amount_form
from napari_spatialmed.questions.quantities import LONGEST_DIAMETER

FORM = amount_form(
    ValueForm,
    id="ext.diameter_value",
    task="EXT",
    quantity=LONGEST_DIAMETER,
    title="Longest diameter",
    description="Choose a structure's longest diameter in space among four values.",
    phrasings=(
        "What is the longest diameter of {a}, in any direction?",
        "How far apart are the two most distant points of {a}?",
        "Measured in three dimensions, what is the greatest diameter of {a}?",
    ),
)
