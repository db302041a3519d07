"""Which of several vessels a lesion comes closest to."""

from napari_spatialmed.questions.kinds.nearness import nearness_form

FORM = nearness_form(
    id="marg.nearest_vessel",
    task="MARG",
    title="Nearest vessel",
    description="Which of three to five vessels a lesion comes closest to, surface to surface.",
    phrasings=(
        "Which of these vessels does {a} come closest to, measured between {between}?",
        "Measured between {between}, which vessel is nearest to {a}: {choice}?",
        "Of {list}, which has the smallest margin to {a}, taken between {between}?",
    ),
    farthest=False,
    kinds=(("lesion",), ("vessel",)),
    between=("surfaces",),
)
