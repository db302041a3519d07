"""A case: one labelled scan in patient space, read from the files that programs write.

Geometry takes it from here; nothing in this folder measures anything.
"""

from napari_spatialmed.case.anatomy import paired
from napari_spatialmed.case.discover import CaseFiles, discover
from napari_spatialmed.case.model import (
    Case,
    CaseError,
    Kind,
    Modality,
    Provenance,
    Side,
    Structure,
    UnknownStructureError,
    content_sha256,
)
from napari_spatialmed.case.names import NameTable, guess_names, load_names, name_tables
from napari_spatialmed.case.opening import make_case, open_case
from napari_spatialmed.case.samples import SAMPLES, SampleUnavailableError, open_sample

__all__ = [
    "SAMPLES",
    "Case",
    "CaseError",
    "CaseFiles",
    "Kind",
    "Modality",
    "NameTable",
    "Provenance",
    "SampleUnavailableError",
    "Side",
    "Structure",
    "UnknownStructureError",
    "content_sha256",
    "discover",
    "guess_names",
    "load_names",
    "make_case",
    "name_tables",
    "open_case",
    "open_sample",
    "paired",
]
