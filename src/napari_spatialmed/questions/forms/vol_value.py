"""Volume of a structure as one of four values."""

from napari_spatialmed.questions.kinds.amount import ValueForm, amount_form
from napari_spatialmed.questions.quantities import VOLUME

FORM = amount_form(
    ValueForm,
    id="vol.value",
    task="VOL",
    quantity=VOLUME,
    title="Volume",
    description="Choose the volume of a structure among four values.",
    phrasings=(
        "What is the volume of {a}?",
        "Which of these is the volume of {a}?",
        "How large is {a} by volume?",
        "Estimate the volume of {a}: which value is right?",
    ),
)
