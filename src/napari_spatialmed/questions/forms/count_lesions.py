"""Number of separate lesions as one of four values."""

from napari_spatialmed.questions.kinds.amount import ValueForm, amount_form
from napari_spatialmed.questions.quantities import LESION_COUNT

FORM = amount_form(
    ValueForm,
    id="count.lesions",
    task="COUNT",
    quantity=LESION_COUNT,
    title="Number of lesions",
    description="Choose how many separate lesions of one kind there are.",
    phrasings=(
        "How many separate foci of {a} are there?",
        "Count the separate foci of {a}: how many are there?",
        "How many unconnected parts does {a} have on this scan?",
    ),
)
