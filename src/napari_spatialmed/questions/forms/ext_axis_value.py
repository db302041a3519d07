"""Extent along a patient axis as one of four values."""

from napari_spatialmed.questions.kinds.amount import ValueForm, amount_form
from napari_spatialmed.questions.quantities import AXIS_EXTENT

FORM = amount_form(
    ValueForm,
    id="ext.axis_value",
    task="EXT",
    quantity=AXIS_EXTENT,
    title="Extent along an axis",
    description="Choose a structure's extent along one of the patient's axes among four values.",
    phrasings=(
        "What is the extent of {a} along the {axis} axis?",
        "How long is {a} along the {axis} axis?",
        "Measured along the patient's {axis} axis, how far does {a} reach from end to end?",
    ),
)
