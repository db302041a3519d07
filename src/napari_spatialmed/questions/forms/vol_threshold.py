"""The highest threshold that a volume reaches."""

from napari_spatialmed.questions.kinds.amount import ThresholdForm, amount_form
from napari_spatialmed.questions.quantities import VOLUME

FORM = amount_form(
    ThresholdForm,
    id="vol.threshold",
    task="VOL",
    quantity=VOLUME,
    title="Volume threshold",
    description="Choose the highest of four thresholds that the volume of a structure exceeds.",
    phrasings=(
        "Which is the highest of these thresholds that the volume of {a} reaches?",
        "At least how large is {a} by volume? Choose the largest value that still holds.",
        "The volume of {a} is at least how much? Choose the highest threshold that it reaches.",
    ),
)
