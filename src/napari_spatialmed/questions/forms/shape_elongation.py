"""Which of several structures is most, or least, elongated."""

from napari_spatialmed.questions.form import Takes
from napari_spatialmed.questions.kinds.ranked import RankedForm

FORM = RankedForm(
    id="shape.elongation",
    task="SHAPE",
    title="Elongation",
    description="Which of three to five structures is most or least elongated, by its two longest principal axes.",
    phrasings=(
        "Which of these structures is {which} elongated?",
        "Compare the shapes of {list}: which is {which} drawn out in one direction?",
        "Judged by its two longest axes, which is {which} elongated: {choice}?",
    ),
    takes=Takes(3, 5, ("structure", "structure", "structure")),
    unit="ratio",
    choices={"which": ("most", "least")},
    calculator="elongation",
    lead=0.1,
    words=(("most", True), ("least", False)),
)
