"""Number of lesions in one organ as a number to be written."""

from napari_spatialmed.questions.kinds.amount import OpenForm, amount_form
from napari_spatialmed.questions.quantities import LESIONS_INSIDE

FORM = amount_form(
    OpenForm,
    id="count.by_host",
    task="COUNT",
    quantity=LESIONS_INSIDE,
    title="Lesions in an organ, open",
    description="Write how many separate lesions lie in one organ.",
    phrasings=(
        "How many separate foci of {a} lie in {b}? Answer with a number.",
        "Count the foci of {a} inside {b} and report their number.",
        "What is the number of separate foci of {a} in {b}?",
    ),
)
