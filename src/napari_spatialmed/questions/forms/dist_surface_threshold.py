"""The highest threshold that a gap between surfaces reaches."""

from napari_spatialmed.questions.kinds.amount import ThresholdForm, amount_form
from napari_spatialmed.questions.quantities import SURFACE_DISTANCE

FORM = amount_form(
    ThresholdForm,
    id="dist.surface_threshold",
    task="DIST",
    quantity=SURFACE_DISTANCE,
    title="Threshold of the distance of surfaces",
    description="Choose the highest of four thresholds that the gap between two structures reaches.",
    phrasings=(
        "At least how wide is the gap between the surfaces of {a} and {b}? Choose the largest distance that still holds.",
        "At their closest points, at least how far apart are {a} and {b}? Choose the largest distance that still holds.",
        "Of these thresholds, which is the highest that the smallest gap between {a} and {b} reaches?",
    ),
)
