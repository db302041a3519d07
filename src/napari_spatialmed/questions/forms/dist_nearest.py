"""Which of several structures lies nearest to a reference."""

from napari_spatialmed.questions.kinds.nearness import nearness_form

FORM = nearness_form(
    id="dist.nearest",
    title="Nearest",
    description="Which of three to five structures lies nearest to the first one, between surfaces or centres.",
    phrasings=(
        "Which of these structures lies nearest to {a}, measured between their {between}?",
        "Measured between {between}, which is closest to {a}: {choice}?",
        "Of {list}, which has the smallest distance to {a}, taken between {between}?",
    ),
    farthest=False,
)
