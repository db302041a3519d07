"""Smallest distance of two surfaces as one of four ranges."""

from napari_spatialmed.questions.kinds.amount import IntervalForm, amount_form
from napari_spatialmed.questions.quantities import SURFACE_DISTANCE

FORM = amount_form(
    IntervalForm,
    id="dist.surface_interval",
    task="DIST",
    quantity=SURFACE_DISTANCE,
    title="Range of the distance of surfaces",
    description="Choose the range that holds the smallest distance between two structures' surfaces.",
    phrasings=(
        "Which range holds the smallest distance between the surfaces of {a} and {b}?",
        "In which of these ranges does the gap between {a} and {b} lie, at their closest points?",
        "How close does {a} come to {b}, surface to surface? Choose the range.",
    ),
)
