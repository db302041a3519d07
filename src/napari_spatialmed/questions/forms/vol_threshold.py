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
        "The volume of {a} reaches at least one of these values: which is the highest that it reaches?",
        "Of these thresholds, which is the highest that the volume of {a} reaches?",
    ),
)
