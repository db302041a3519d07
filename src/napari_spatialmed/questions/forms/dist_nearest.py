"""Which of several structures lies nearest to a reference."""

from napari_spatialmed.questions.kinds.nearness import nearness_form

FORM = nearness_form(
    id="dist.nearest",
    title="Nearest",
    description="Which of three to five structures lies nearest to the first one, between surfaces or centres.",
    phrasings=(
        "Which of these structures lies nearest to {a}, measured between {between}?",
        "Which is closest to {a}, measured between {between}: {choice}?",
        "Of {list}, which lies nearest to {a}, measured between {between}?",
    ),
    farthest=False,
)
