"""Rules whose check needs what this floor doesn't have: a corpus, a panel of readers, or pictures.

They are named here so that every verdict finds its reason; the corpus rules are checked by
:func:`napari_spatialmed.questions.audit.audit`, the others by the floors above through :meth:`Rule.verdict`.
"""

from __future__ import annotations

from napari_spatialmed.questions.rules.registry import declare

declare(
    "O3", "Letters and ranks are evenly spread",
    "If the truth were the second smallest number more often, or B more often the letter, guessing would pay.",
    ("corpus",),
)  # fmt: skip
declare(
    "P1", "Not the same in every patient",
    "A relation that is the same in five or more patients and never differs is anatomy, which a textbook tells without a scan; so is a number that the other patients' numbers tell.",
    ("corpus",),
)  # fmt: skip
declare(
    "P2", "Not answerable blind",
    "If at least two of three readers who never saw the scan answer right under most orders of the options, the question doesn't ask about the scan.",
    ("panel",),
)  # fmt: skip
declare(
    "P3", "Blind baselines stay at chance",
    "A held-out blind reader, the commonest letter, the middle number and the longest option must all do no better than guessing.",
    ("corpus", "panel"),
)  # fmt: skip
declare(
    "P4", "What wasn't judged wasn't passed",
    "A reader or validator that failed has not agreed: the question is not validated.",
    ("panel",),
)  # fmt: skip
declare(
    "V1", "What is asked about is in the picture",
    "Every structure of the question covers at least 20 voxels on a picture that the model is shown.",
    ("view",),
)  # fmt: skip
declare(
    "V2", "The plane shows the axis asked",
    "Left and right can be seen on axial and coronal planes, height on coronal and sagittal ones, depth on sagittal and axial ones.",
    ("view",),
)  # fmt: skip
declare(
    "V3", "One picture for everybody",
    "Viewer, model and reviewer see the same rendering, marked with the patient's sides and a scale bar, never mirrored.",
    ("view",),
)  # fmt: skip
declare(
    "V4", "No picture, no answer",
    "A missing or unreadable picture is an error, never a silently blind answer.",
    ("view",),
)  # fmt: skip
