"""Which of several vessels a lesion comes closest to."""

from napari_spatialmed.questions.kinds.nearness import nearness_form

FORM = nearness_form(
    id="marg.nearest_vessel",
    task="MARG",
    title="Nearest vessel",
    description="Which of three to five vessels a lesion comes closest to, surface to surface.",
    phrasings=(
        "Which of these vessels does {a} come closest to, measured between {between}?",
        "Which vessel is nearest to {a}, measured between {between}: {choice}?",
        "Of {list}, to which does {a} have the smallest margin, measured between {between}?",
    ),
    farthest=False,
    kinds=(("lesion",), ("vessel",)),
    between=("surfaces",),
)
