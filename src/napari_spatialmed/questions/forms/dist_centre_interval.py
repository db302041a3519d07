"""Distance of two centres as one of four ranges."""

from napari_spatialmed.questions.kinds.amount import IntervalForm, amount_form
from napari_spatialmed.questions.quantities import CENTRE_DISTANCE

FORM = amount_form(
    IntervalForm,
    id="dist.centre_interval",
    task="DIST",
    quantity=CENTRE_DISTANCE,
    title="Range of the distance of centres",
    description="Choose the range that holds the distance between two structures' centres.",
    phrasings=(
        "Which range holds the distance between the centres of {a} and {b}?",
        "In which of these ranges does the distance from the centre of {a} to the centre of {b} lie?",
        "How far apart are the centres of {a} and {b}? Choose the range.",
    ),
)
