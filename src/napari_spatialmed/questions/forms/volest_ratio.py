"""Ratio of two volumes as a number to be written."""

from napari_spatialmed.questions.kinds.amount import OpenForm, amount_form
from napari_spatialmed.questions.quantities import VOLUME_RATIO

FORM = amount_form(
    OpenForm,
    id="volest.ratio",
    task="VOLEST",
    quantity=VOLUME_RATIO,
    title="Volume ratio, open",
    description="Write how many times as large as the second the first structure is.",
    phrasings=(
        "What is the ratio of the volume of {a} to the volume of {b}?",
        "By volume, how many times as large as {b} is {a}? Answer with a ratio.",
        "Divide the volume of {a} by the volume of {b}: what is the ratio?",
    ),
)
