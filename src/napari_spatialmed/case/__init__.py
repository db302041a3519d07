"""A case: one labelled scan in patient space, read from the files that programs write.

Geometry takes it from here; nothing in this folder measures anything.
"""

from napari_spatialmed.case.anatomy import paired
from napari_spatialmed.case.discover import CaseFiles, discover, named_like_labels
from napari_spatialmed.case.glance import Glance, glance
from napari_spatialmed.case.guessing import guess_names
from napari_spatialmed.case.library import CaseLibrary, KnownCase, must_be
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
from napari_spatialmed.case.names import NameTable, load_names, name_tables
from napari_spatialmed.case.opening import make_case, open_case
from napari_spatialmed.case.palette import colors
from napari_spatialmed.case.renaming import is_named, names_differ, renamed, save_names, with_name
from napari_spatialmed.case.samples import SAMPLES, SampleUnavailableError, open_sample, sample_folder
from napari_spatialmed.case.saving import save_labels

__all__ = [
    "SAMPLES",
    "Case",
    "CaseError",
    "CaseFiles",
    "CaseLibrary",
    "Glance",
    "Kind",
    "KnownCase",
    "Modality",
    "NameTable",
    "Provenance",
    "SampleUnavailableError",
    "Side",
    "Structure",
    "UnknownStructureError",
    "colors",
    "content_sha256",
    "discover",
    "glance",
    "guess_names",
    "is_named",
    "load_names",
    "make_case",
    "must_be",
    "name_tables",
    "named_like_labels",
    "names_differ",
    "open_case",
    "open_sample",
    "paired",
    "renamed",
    "sample_folder",
    "save_labels",
    "save_names",
    "with_name",
]
