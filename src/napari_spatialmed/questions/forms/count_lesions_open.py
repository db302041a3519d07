"""Number of separate lesions as a number to be written."""

from napari_spatialmed.questions.kinds.amount import OpenForm, amount_form
from napari_spatialmed.questions.quantities import LESION_COUNT

FORM = amount_form(
    OpenForm,
    id="count.lesions_open",
    task="COUNT",
    quantity=LESION_COUNT,
    title="Number of lesions, open",
    description="Write how many separate lesions of one kind there are.",
    phrasings=(
        "How many separate foci of {a} are there? Answer with a number.",
        "Count the separate foci of {a} and report their number.",
        "What is the number of unconnected parts of {a}?",
    ),
)
