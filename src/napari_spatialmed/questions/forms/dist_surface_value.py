"""Smallest distance of two surfaces as one of four values."""

from napari_spatialmed.questions.kinds.amount import ValueForm, amount_form
from napari_spatialmed.questions.quantities import SURFACE_DISTANCE

FORM = amount_form(
    ValueForm,
    id="dist.surface_value",
    task="DIST",
    quantity=SURFACE_DISTANCE,
    title="Distance of surfaces",
    description="Choose the smallest distance between two structures' surfaces among four values.",
    phrasings=(
        "What is the smallest distance between the surfaces of {a} and {b}?",
        "How close does {a} come to {b}, surface to surface?",
        "At their closest points, how far apart are {a} and {b}?",
    ),
)
