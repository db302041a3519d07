"""The highest threshold that a distance of centres reaches."""

from napari_spatialmed.questions.kinds.amount import ThresholdForm, amount_form
from napari_spatialmed.questions.quantities import CENTRE_DISTANCE

FORM = amount_form(
    ThresholdForm,
    id="dist.centre_threshold",
    task="DIST",
    quantity=CENTRE_DISTANCE,
    title="Threshold of the distance of centres",
    description="Choose the highest of four thresholds that the distance of two centres reaches.",
    phrasings=(
        "At least how far apart are the centres of {a} and {b}? Choose the largest distance that still holds.",
        "The centres of {a} and {b} lie at least how far apart? Choose the largest distance that still holds.",
        "Of these thresholds, which is the highest that the distance between the centres of {a} and {b} reaches?",
    ),
)
