"""Distance of two centres as one of four values."""

from napari_spatialmed.questions.kinds.amount import ValueForm, amount_form
from napari_spatialmed.questions.quantities import CENTRE_DISTANCE

FORM = amount_form(
    ValueForm,
    id="dist.centre_value",
    task="DIST",
    quantity=CENTRE_DISTANCE,
    title="Distance of centres",
    description="Choose the distance between two structures' centres among four values.",
    phrasings=(
        "How far apart are the centres of {a} and {b}?",
        "What is the distance between the centre of {a} and the centre of {b}?",
        "From the centre of {a} to the centre of {b}: which distance is right?",
    ),
)
