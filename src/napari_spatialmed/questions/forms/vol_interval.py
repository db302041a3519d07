"""Volume of a structure as one of four ranges."""

from napari_spatialmed.questions.kinds.amount import IntervalForm, amount_form
from napari_spatialmed.questions.quantities import VOLUME

FORM = amount_form(
    IntervalForm,
    id="vol.interval",
    task="VOL",
    quantity=VOLUME,
    title="Volume range",
    description="Choose the range that holds the volume of a structure.",
    phrasings=(
        "Which range holds the volume of {a}?",
        "In which of these ranges does the volume of {a} lie?",
        "How large is {a} by volume? Choose the range.",
    ),
)
