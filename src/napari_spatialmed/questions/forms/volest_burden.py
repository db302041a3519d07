"""Share of an organ that a lesion takes, as a number to be written."""

from napari_spatialmed.questions.kinds.amount import OpenForm, amount_form
from napari_spatialmed.questions.quantities import LESION_BURDEN

FORM = amount_form(
    OpenForm,
    id="volest.burden",
    task="VOLEST",
    quantity=LESION_BURDEN,
    title="Lesion burden, open",
    description="Write the percentage of an organ's volume that a lesion takes, the lesion counted as part of the organ.",
    phrasings=(
        "What percentage of the volume of {b}, lesion included, does {a} take?",
        "Estimate the burden of {a} in {b}: its share, in percent, of the volume of both together.",
        "What share of {b}, lesion included, does {a} occupy, in percent?",
    ),
)
