"""Volume of a structure as a number to be written."""

from napari_spatialmed.questions.kinds.amount import OpenForm, amount_form
from napari_spatialmed.questions.quantities import VOLUME

FORM = amount_form(
    OpenForm,
    id="volest.absolute",
    task="VOLEST",
    quantity=VOLUME,
    title="Volume, open",
    description="Write the volume of a structure in mL.",
    phrasings=(
        "Estimate the volume of {a} in mL.",
        "What is the volume of {a}, in mL?",
        "Report the volume of {a} in millilitres.",
    ),
)
