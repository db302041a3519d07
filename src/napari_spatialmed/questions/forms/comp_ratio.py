"""Ratio of two volumes as one of four values."""

from napari_spatialmed.questions.kinds.amount import ValueForm, amount_form
from napari_spatialmed.questions.quantities import VOLUME_RATIO

FORM = amount_form(
    ValueForm,
    id="comp.ratio",
    task="COMP",
    quantity=VOLUME_RATIO,
    title="Ratio of two volumes",
    description="Choose how many times as large as the second the first structure is, among four values.",
    phrasings=(
        "What is the ratio of the volume of {a} to the volume of {b}?",
        "By volume, how many times as large as {b} is {a}?",
        "The volume of {a} divided by that of {b}: which value is right?",
    ),
)
