"""Which of several structures lies farthest from a reference."""

from napari_spatialmed.questions.kinds.nearness import nearness_form

FORM = nearness_form(
    id="dist.farthest",
    title="Farthest",
    description="Which of three to five structures lies farthest from the first one, between surfaces or centres.",
    phrasings=(
        "Which of these structures lies farthest from {a}, measured between {between}?",
        "Which is farthest from {a}, measured between {between}: {choice}?",
        "Of {list}, which lies farthest from {a}, measured between {between}?",
    ),
    farthest=True,
)
