"""Which of several structures is most, or least, like a ball."""

from napari_spatialmed.questions.form import Takes
from napari_spatialmed.questions.kinds.ranked import RankedForm

FORM = RankedForm(
    id="shape.sphericity",
    task="SHAPE",
    title="Sphericity",
    description="Which of three to five structures is most or least like a ball, by the sphericity of its surface.",
    phrasings=(
        "Which of these structures is {which} like a ball in shape?",
        "Compare the shapes of {list}: which has the surface that is {which} like a sphere's?",
        "Judged by sphericity, which is {which} ball-shaped: {choice}?",
    ),
    takes=Takes(3, 5, ("structure", "structure", "structure")),
    unit="ratio",
    choices={"which": ("most", "least")},
    calculator="sphericity",
    lead=0.06,
    words=(("most", False), ("least", True)),
)
